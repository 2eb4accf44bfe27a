"""The model card's figures: what was measured on a bundle, each written by a tool.

What the task is, its licence, limits, training run and review rule stand in the manifest;
``card_text.render`` puts both together for people.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from omniseg_backend.bundles.fields import (
    Count,
    Label,
    NotNegative,
    Positive,
    Share,
    Slug,
    Strict,
    Text,
    Version,
)
from omniseg_backend.bundles.manifest import Storage
from omniseg_backend.common.errors import BundleError


class Spread(Strict):
    """A quantity over cases.

    Attributes:
        n: Cases that it was measured on.
        mean: Their mean.
        sd: Their standard deviation; None for a single case.
        low: Lower end of the mean's 95 % confidence interval; None where n is too small.
        high: Its upper end.
    """

    n: Annotated[int, Field(ge=1)]
    mean: NotNegative
    sd: NotNegative | None
    low: float | None
    high: float | None

    @model_validator(mode="after")
    def _check_interval(self) -> Spread:
        if (self.low is None) != (self.high is None):
            raise ValueError("an interval has two ends or none")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("an interval's lower end lies above its upper end")
        return self


class ClassResult(Strict):
    """How well one class was segmented.

    Attributes:
        class_name: The class.
        dice: Dice per case; None where no case had the class.
        hd95: 95th percentile of the Hausdorff distance per case; None likewise.
        unit: What ``hd95`` is in: mm only where the spacing is real.
        both_empty: Cases without the class and found without it; left out of the means.
        missed: Cases whose class was not found at all; Dice 0.
        invented: Cases without the class where some was found; Dice 0.
    """

    class_name: Label
    dice: Spread | None
    hd95: Spread | None
    unit: Literal["mm", "px"]
    both_empty: Count
    missed: Count
    invented: Count


class Evaluation(Strict):
    """Results on one part of one data set.

    Attributes:
        data: Which data set.
        part: Which part of it.
        synthetic: Whether it holds phantoms.
        cases: Its cases.
        patients: Its patients; None where unknown.
        mean_dice: Mean over foreground classes of the mean Dice; None where no case had any.
        classes: Each class.
    """

    data: Label
    part: Literal["validation", "test"]
    synthetic: bool
    cases: Annotated[int, Field(ge=1)]
    patients: Count | None
    mean_dice: Share | None
    classes: Annotated[tuple[ClassResult, ...], Field(min_length=1)]


class FalsePositives(Strict):
    """What was found on images that do not show the structure.

    Attributes:
        data: Which images.
        images: How many.
        images_with_any: On how many something was found.
        mean_area: Mean area found per image.
        unit: What ``mean_area`` is in.
    """

    data: Label
    images: Annotated[int, Field(ge=1)]
    images_with_any: Count
    mean_area: NotNegative
    unit: Literal["mm2", "px"]

    @model_validator(mode="after")
    def _check_counts(self) -> FalsePositives:
        if self.images_with_any > self.images:
            raise ValueError("something was found on more images than there were")
        return self


class Calibration(Strict):
    """Expected calibration error around the structures, before and after the temperature.

    Attributes:
        cases: Validation cases that the temperature was fitted on.
        ece_before: With temperature 1.
        ece_after: With the manifest's temperature.
    """

    cases: Annotated[int, Field(ge=1)]
    ece_before: Share
    ece_after: Share


class StorageFigure(Strict):
    """What storing the weights smaller costs.

    Attributes:
        storage: How weights are stored.
        size: Bytes of ``model.onnx``.
        dice: Mean Dice on the validation cases.
    """

    storage: Storage
    size: Annotated[int, Field(ge=1)]
    dice: Share


class Latency(Strict):
    """Time of the network alone, one window, on the CPU named.

    Attributes:
        cpu: The processor's model.
        threads: Threads used.
        input_size: Rows and columns of the window.
        runs: Timed runs.
        milliseconds: Their median.
        fastest: The fastest of them, in milliseconds.
    """

    cpu: Label
    threads: Annotated[int, Field(ge=1)]
    input_size: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]
    runs: Annotated[int, Field(ge=1)]
    milliseconds: Positive
    fastest: Positive


class ModelCard(Strict):
    """Everything measured on one bundle.

    Attributes:
        schema_version: Version of this schema.
        bundle: The bundle's id.
        version: The bundle's version.
        parameters: Trained numbers in the network.
        evaluations: Results, validation part first.
        false_positives: Results on images without the structure; None: never tested.
        calibration: How far confidence can be believed; None: never measured.
        storage: The storages that were compared; empty: never compared.
        latency: Times measured; empty: never measured.
        notes: What the tools found worth saying about the run, one sentence each.
    """

    schema_version: Literal[1] = 1
    bundle: Slug
    version: Version
    parameters: Annotated[int, Field(ge=1)]
    evaluations: tuple[Evaluation, ...]
    false_positives: FalsePositives | None
    calibration: Calibration | None
    storage: tuple[StorageFigure, ...] = ()
    latency: tuple[Latency, ...] = ()
    notes: tuple[Text, ...] = ()


def card_bytes(card: ModelCard) -> bytes:
    """``card`` as the bytes of ``card.json``; equal cards give equal bytes."""
    return (card.model_dump_json(indent=1) + "\n").encode("utf-8")


def parse_card(content: bytes, subject: object) -> ModelCard:
    """Read the bytes of a ``card.json``.

    Raises:
        BundleError: They are no card of a known schema.
    """
    try:
        return ModelCard.model_validate_json(content)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in problem["loc"]) or "the card"
        raise BundleError(
            subject,
            found=f"{place}: {problem['msg']}",
            expected="a model card of schema 1",
            remedy="get the bundle again from where it came, or update OmniSeg",
        ) from error
