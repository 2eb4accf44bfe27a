"""What a training run is asked to do. Torch-free: the command line and forms wrap it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from omniseg_backend.bundles.rules import CleanUpRule, Tolerance
from omniseg_backend.bundles.task import TaskDescription
from omniseg_backend.common.errors import UsageError
from omniseg_backend.datasets.splits import FoldChoice
from omniseg_backend.images.modality import Modality
from omniseg_backend.networks.architecture import Variant
from omniseg_backend.preprocessing.settings import Normalisation, Sampling, Slicing

_STRICT = ConfigDict(frozen=True, extra="forbid")

PlaneAxis = Literal["rows", "columns"]


class Budget(BaseModel):
    """How long to train: one of three ways of saying it.

    Attributes:
        epochs: Times that every foreground plane is seen.
        minutes: Wall time; a probe turns it into steps before the first step.
        steps: Optimiser steps.
    """

    model_config = _STRICT
    epochs: Annotated[int, Field(ge=1)] | None = None
    minutes: Annotated[float, Field(gt=0)] | None = None
    steps: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _one_of_three(self) -> Budget:
        if sum(value is not None for value in (self.epochs, self.minutes, self.steps)) != 1:
            raise ValueError("state exactly one of epochs, minutes and steps")
        return self


class TrainingSettings(BaseModel):
    """A training run, complete: with the data it determines the result.

    Attributes:
        dataset: The data set's folder.
        variant: Which network.
        budget: How long.
        seed: Of initialisation, order, augmentation and the validation part.
        fold: ``k/n`` to validate on the k-th of n folds; None: a seeded fifth of the patients.
        modality: What the images are, where the data set does not state it.
        task: What is segmented in what; None: made from the data set's name.
        surface_tolerance: Of the surface Dice; None: 2 px.
        clean_up: What is done to masks after the network.
        synthetic: Whether the images are phantoms; the bundle is then a demo.
        initial_bundle: Bundle whose weights start the run.
        slicing: Which plane of volumes is sliced.
        neighbours: Slices on each side that join as channels.
        sampling: How planes meet the input size; None: ``fit``.
        normalisation: None: the modality's default, measured on the training part for CT.
        input_size: Height and width of the network's input.
            Training crops have this size too: on smaller ones the outer taps of the ASPP's
            wide dilations would see padding only, stay untrained, and then meet pixels.
        symmetric_axes: Axes of the plane along which the anatomy may be mirrored.
        batch_size: Crops a step.
        learning_rate: Peak of AdamW's; then a cosine to zero.
        weight_decay: AdamW's.
        averaging: Decay of the running average of the weights that is validated and exported.
        rotation: Largest rotation of augmentation, in degrees either way.
        turned_share: Share of crops turned by any angle instead, for anatomy that has a usual
            orientation but is sometimes met in another.
        warmup: Share of the steps with a rising learning rate.
        augmentation: ``online``: every crop anew; ``doubled``: each plane once as it is and
            once augmented, fixed before training (section 4.1 of the paper).
        empty_share: Share of crops drawn from planes without the structure and from
            ``negatives``; the rest is drawn from planes with it.
        negatives: Other data sets whose training images serve as images without it.
        validations: How often validation Dice is measured (and a checkpoint written).
        patience: Validations without a better Dice after which the run stops early.
        precision: ``auto`` takes bf16 where the processor has it.
        threads: 0: as many as the process may use.
        devices: Processes of data-parallel training.
        accelerator: ``auto`` takes a GPU if there is one.
    """

    model_config = _STRICT
    dataset: Path
    variant: Variant = Variant.COMPACT
    budget: Budget = Budget(epochs=100)
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    fold: str | None = None
    modality: Modality | None = None
    task: TaskDescription | None = None
    surface_tolerance: Tolerance | None = None
    clean_up: tuple[CleanUpRule, ...] = ()
    synthetic: bool = False
    initial_bundle: Path | None = None
    slicing: Slicing = Slicing.NATIVE
    neighbours: Annotated[int, Field(ge=0, le=3)] = 0
    sampling: Sampling | None = None
    normalisation: Normalisation | None = None
    input_size: tuple[int, int] = (256, 256)
    symmetric_axes: tuple[PlaneAxis, ...] = ()
    batch_size: Annotated[int, Field(ge=2, le=256)] = 8
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 3e-4
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 1e-2
    averaging: Annotated[float, Field(ge=0, lt=1)] = 0.99
    rotation: Annotated[float, Field(ge=0, le=180)] = 15.0
    turned_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.05
    augmentation: Literal["online", "doubled"] = "online"
    empty_share: Annotated[float, Field(ge=0, lt=1)] = 0.1
    negatives: tuple[Path, ...] = ()
    validations: Annotated[int, Field(ge=1, le=1000)] = 20
    patience: Annotated[int, Field(ge=1)] = 10
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    threads: Annotated[int, Field(ge=0, le=256)] = 0
    devices: Annotated[int, Field(ge=1, le=64)] = 1
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"

    @field_validator("fold")
    @classmethod
    def _check_fold(cls, fold: str | None) -> str | None:
        try:
            return None if fold is None else str(FoldChoice.parse(fold))
        except UsageError as error:
            raise ValueError(error.expected) from error

    @model_validator(mode="after")
    def _check_input_size(self) -> TrainingSettings:
        if any(side < 16 or side % 16 for side in self.input_size):
            raise ValueError(f"input_size {self.input_size} is not a pair of multiples of 16")
        return self
