"""What a training run is asked to do. Torch-free: the command line and forms wrap it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from omniseg_backend.bundles.rules import CleanUpRule, Tolerance
from omniseg_backend.bundles.task import TaskDescription
from omniseg_backend.common.errors import UsageError
from omniseg_backend.common.settings import NamesBundle, NamesFolder, Option, Settings, Unit, Usual
from omniseg_backend.datasets.splits import FoldChoice
from omniseg_backend.images.modality import Modality
from omniseg_backend.networks.architecture import STRIDE, Variant
from omniseg_backend.preprocessing.settings import Normalisation, Sampling, Slicing

PlaneAxis = Literal["rows", "columns"]

#: Minutes; a run of more is stopped and gone on with.
_A_WEEK = 7 * 24 * 60
_SIZE = re.compile(r"(\d+)(?:x(\d+))?")


def _size_of_text(value: object) -> object:
    """``256`` and ``256x320`` are sizes too; pairs are left to the field's own check."""
    if not isinstance(value, str | int):
        return value
    match = _SIZE.fullmatch(str(value))
    if match is None:
        raise ValueError("a side such as 256, or height and width such as 256x320")
    return int(match[1]), int(match[2] or match[1])


class Budget(Settings):
    """How long to train: one of three ways of saying it."""

    epochs: Annotated[int | None, Field(ge=1, le=100_000), Usual()] = None
    """Times that every foreground plane is seen; 100, with early stopping, if nothing is said."""
    minutes: Annotated[float | None, Field(gt=0, le=_A_WEEK), Unit("minutes"), Usual()] = None
    """Wall time; a probe turns it into steps before the first step."""
    steps: Annotated[int | None, Field(ge=1, le=10_000_000), Usual()] = None
    """Optimiser steps."""

    @model_validator(mode="after")
    def _one_of_three(self) -> Budget:
        if sum(value is not None for value in (self.epochs, self.minutes, self.steps)) != 1:
            raise ValueError("exactly one of epochs, minutes and steps")
        return self


class TrainingSettings(Settings):
    """A training run, complete: with the data it determines the result."""

    dataset: Annotated[Path, NamesFolder()]
    """nnU-Net v2 raw, paired image and mask folders, or the ISIC layout."""
    variant: Annotated[Variant, Usual()] = Variant.COMPACT
    """Which network."""
    budget: Budget = Budget(epochs=100)
    """How long."""
    initial_bundle: Annotated[Path | None, Option("init"), NamesBundle(), Usual()] = None
    """Bundle, or model id, to fine-tune; what is not stated is taken over from it."""
    fold: str | None = None
    """K/N: validate on the k-th of n folds; without it a seeded fifth of the patients does."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Of initialisation, order, augmentation and the validation part."""
    modality: Annotated[Modality | None, Usual()] = None
    """What the images are, where the data set does not state it."""
    task: TaskDescription | None = None
    """What is segmented in what; None: made from the data set's name."""
    surface_tolerance: Tolerance | None = None
    """Of the surface Dice; None: 2 px."""
    clean_up: tuple[CleanUpRule, ...] = ()
    """What is done to masks after the network."""
    synthetic: bool = False
    """The images are phantoms; the bundle is then a demo."""
    slicing: Slicing = Slicing.NATIVE
    """Which plane of volumes is sliced."""
    neighbours: Annotated[int, Field(ge=0, le=3)] = 0
    """Slices on each side that join as channels."""
    sampling: Sampling | None = None
    """How planes meet the input size; None: ``fit``."""
    normalisation: Normalisation | None = None
    """None: the modality's default, measured on the training part for CT."""
    # Training crops have this size too: on smaller ones the outer taps of the ASPP's wide
    # dilations would see padding only, stay untrained, and then meet pixels.
    input_size: Annotated[tuple[int, int], BeforeValidator(_size_of_text), Unit("px")] = (256, 256)
    """Height and width of the network's input, multiples of 16."""
    symmetric_axes: Annotated[tuple[PlaneAxis, ...], Option("symmetric")] = ()
    """Axis along which the anatomy may be mirrored."""
    batch_size: Annotated[int, Field(ge=2, le=256)] = 8
    """Crops a step."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 3e-4
    """Peak of AdamW's; then a cosine to zero."""
    trunk_rate: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Learning rate of encoder and ASPP as a share of the decoder's; 0 leaves them as they are."""
    keep_statistics: bool = False
    """Keep the norm statistics that the run starts with, instead of following the new images."""
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 1e-2
    """AdamW's."""
    averaging: Annotated[float, Field(ge=0, lt=1)] = 0.99
    """Decay of the running average of the weights that is validated and exported."""
    rotation: Annotated[float, Field(ge=0, le=180), Unit("degrees")] = 15.0
    """Largest rotation of augmentation, either way."""
    turned_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of crops turned by any angle, for anatomy that is sometimes met in another
    orientation than its usual one."""
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Share of the steps with a rising learning rate."""
    augmentation: Literal["online", "doubled"] = "online"
    """Every crop anew, or each plane once as it is and once augmented (the paper's 4.1)."""
    empty_share: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of crops drawn from planes without the structure and from ``negatives``."""
    negatives: Annotated[tuple[Path, ...], NamesFolder()] = ()
    """Data set whose training images serve as images without the structure."""
    validations: Annotated[int, Field(ge=1, le=1000)] = 20
    """How often validation Dice is measured (and a checkpoint written)."""
    patience: Annotated[int, Field(ge=1)] = 10
    """Validations without a better Dice after which the run stops early."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Of the arithmetic; auto takes bf16 where the processor has it."""
    threads: Annotated[int, Field(ge=0, le=256)] = 0
    """Of the processor; 0: as many as the process may use."""
    devices: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes of data-parallel training."""
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    """Where to train; auto takes a GPU if there is one."""

    @field_validator("input_size")
    @classmethod
    def _multiples_of_16(cls, size: tuple[int, int]) -> tuple[int, int]:
        if any(side < STRIDE or side % STRIDE for side in size):
            raise ValueError(f"a pair of multiples of {STRIDE}")
        return size

    @field_validator("fold")
    @classmethod
    def _check_fold(cls, fold: str | None) -> str | None:
        try:
            return None if fold is None else str(FoldChoice.parse(fold))
        except UsageError as error:
            raise ValueError(error.expected) from error
