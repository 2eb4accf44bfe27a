"""One run of a model on a layer: what is asked, and what comes of it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from napari_omniseg.bridge.layer_image import image_of
from napari_omniseg.bridge.lazy_layer import load
from napari_omniseg.models.bundle_cache import BundleCache
from napari_omniseg.models.catalogue import OfferedModel
from napari_omniseg.models.figures import seconds_text
from napari_omniseg.models.tasks import Question
from omniseg_backend.common.progress import Cancel, Progress, check_cancel
from omniseg_backend.common.wording import counted

if TYPE_CHECKING:
    from napari.layers import Layer

    from omniseg_backend.inference.region import Region
    from omniseg_backend.inference.results import SegmentResult


@dataclasses.dataclass(frozen=True, eq=False)
class Order:
    """What one press of Segment asks for.

    Attributes:
        question: The image.
        model: The model.
        region: Which part of it; None for all.
        uncertainty: Whether the uncertainty map is made too.
        arithmetic: ``auto``, ``fp32`` or ``int8``.
        threads: Of the network; None for all that the process may use.
        part: What the region is, for a sentence: ``in this slice alone``; empty for all.
    """

    question: Question
    model: OfferedModel
    region: Region | None = None
    uncertainty: bool = False
    arithmetic: str = "auto"
    threads: int | None = None
    part: str = ""

    @property
    def layer_name(self) -> str:
        """What the Labels layer is called."""
        return f"{self.question.snapshot.name} {self.model.entry.manifest.task.title}"


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """What a run gave.

    Attributes:
        order: What was asked.
        layers: What is to be added to the viewer, the Labels layer last. Making one takes 10 ms,
            adding it to a viewer 40 to 50.
        result: What the backend returned.
    """

    order: Order
    layers: tuple[Layer, ...]
    result: SegmentResult


def perform(order: Order, bundles: BundleCache, progress: Progress, cancel: Cancel) -> Outcome:
    """Segment; not on the main thread.

    Raises:
        OmniSegError: The model or the image cannot be used, or the user cancelled.
    """
    from napari.layers import Labels, Layer

    from napari_omniseg.bridge.labels_layer import result_layers
    from napari_omniseg.bridge.painting_tools import build_when_used
    from omniseg_backend.inference.arithmetic_choice import ArithmeticChoice
    from omniseg_backend.inference.segment import segment

    question = order.question
    progress("starting", 0.0)
    snapshot = load(question.snapshot, progress, cancel)
    image = image_of(snapshot, question.axes, modality=question.modality)
    bundle = bundles.get(order.model.entry)
    check_cancel(cancel, image.name)
    result = segment(
        image,
        bundle,
        region=order.region,
        uncertainty=order.uncertainty,
        progress=progress,
        cancel=cancel,
        threads=order.threads,
        arithmetic=ArithmeticChoice(order.arithmetic),
    )
    made = result_layers(result, question.snapshot, question.axes, name=order.layer_name)
    layers = tuple(Layer.create(*data.as_tuple()) for data in reversed(made))
    for layer in layers:
        if isinstance(layer, Labels):
            build_when_used(layer)
    return Outcome(order, layers, result)


def sentence_of(outcome: Outcome) -> str:
    """What a run came to, for the panel: what was found, how long it took, what to look at."""
    result = outcome.result
    name = outcome.order.question.snapshot.name
    found = [one.name for one in result.classes if not one.none_found]
    seconds = seconds_text(result.seconds["total"])
    part = f", {outcome.order.part}" if outcome.order.part else ""
    lines = [str(flag) for flag in result.flags]
    if found:
        share = f"{len(found)} of {counted(len(result.classes), 'class', 'classes')}"
        lines.insert(0, f"{name}: found {share} in {seconds}{part}: {', '.join(found)}.")
    else:
        lines.insert(0, f"{name}: done in {seconds}{part}.")
    return "\n".join(lines)
