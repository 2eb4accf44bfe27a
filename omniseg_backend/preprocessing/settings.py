"""How an image becomes network input, as a bundle's manifest states it. Torch-free.

Training and inference read the same settings and call the same code.
"""

from __future__ import annotations

import enum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from omniseg_backend.images.modality import Modality

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

Percent = Annotated[float, Field(ge=0.0, le=100.0)]


class Window(BaseModel):
    """A fixed range of values, HU for CT: ``low`` becomes -1, ``high`` becomes 1."""

    model_config = _STRICT
    kind: Literal["window"] = "window"
    low: float
    high: float


class ForegroundPercentiles(BaseModel):
    """CT as in nnU-Net: clip to the foreground's percentiles in HU, then its mean and SD.

    The four numbers were measured on the training set's foreground voxels.
    """

    model_config = _STRICT
    kind: Literal["foreground"] = "foreground"
    low: float
    high: float
    mean: float
    deviation: Annotated[float, Field(gt=0)]


class RobustZScore(BaseModel):
    """MRI: per image, per channel, median and inter-percentile range of the non-zero voxels.

    Medians and percentiles, since a bright vein or a dark border must not shift the scale.
    """

    model_config = _STRICT
    kind: Literal["robust_zscore"] = "robust_zscore"
    low: Percent = 1.0
    high: Percent = 99.0


class Percentiles(BaseModel):
    """Ultrasound, OCT, microscopy: per image, these percentiles become -1 and 1."""

    model_config = _STRICT
    kind: Literal["percentiles"] = "percentiles"
    low: Percent = 0.5
    high: Percent = 99.5


class Colour(BaseModel):
    """RGB pictures: the type's full range (0 to 255 for 8 bits) becomes -1 to 1."""

    model_config = _STRICT
    kind: Literal["colour"] = "colour"


Normalisation = Annotated[
    Window | ForegroundPercentiles | RobustZScore | Percentiles | Colour,
    Field(discriminator="kind"),
]


class FitToSize(BaseModel):
    """Scale the whole plane, keeping its proportions, until it fits the input; pad the rest."""

    model_config = _STRICT
    kind: Literal["fit"] = "fit"


class TargetSpacing(BaseModel):
    """Resample planes to a spacing in mm; planes larger than the input are tiled."""

    model_config = _STRICT
    kind: Literal["spacing"] = "spacing"
    spacing_mm: Annotated[float, Field(gt=0)]
    overlap: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.5


class Tiles(BaseModel):
    """Keep the pixels as they are and cover the plane with overlapping tiles."""

    model_config = _STRICT
    kind: Literal["tiles"] = "tiles"
    overlap: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.5


Sampling = Annotated[FitToSize | TargetSpacing | Tiles, Field(discriminator="kind")]


class Slicing(enum.StrEnum):
    """Which anatomical plane the network sees.

    ``native`` takes the planes as stored (the last axis is sliced) and turns each to the
    display convention of the anatomical plane that it is nearest to.
    """

    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"
    NATIVE = "native"


class SeenRange(BaseModel):
    """What training saw, so that an input outside of it can be flagged.

    Attributes:
        spacing_mm: Smallest and largest in-plane spacing, None where none was real.
        extent: Smallest and largest longer side of a plane, in ``extent_unit``.
        extent_unit: ``mm`` where the spacing was real, else ``px``.
    """

    model_config = _STRICT
    spacing_mm: tuple[float, float] | None
    extent: tuple[float, float]
    extent_unit: Literal["mm", "px"]


class PreprocessingSettings(BaseModel):
    """Everything between a reader and the network.

    Attributes:
        modality: What the task's images are.
        image_channels: Channels of the image itself.
        neighbours: Slices on each side that join as channels (0: the slice alone).
        normalisation: How values are scaled.
        sampling: How planes meet the input size.
        slicing: Which plane is sliced.
        input_size: Height and width of the network's input, multiples of 16.
        seen: Ranges met in training; None before training.
    """

    model_config = _STRICT
    modality: Modality
    image_channels: Annotated[int, Field(ge=1, le=16)]
    neighbours: Annotated[int, Field(ge=0, le=3)] = 0
    normalisation: Normalisation
    sampling: Sampling
    slicing: Slicing = Slicing.NATIVE
    input_size: tuple[int, int] = (256, 256)
    seen: SeenRange | None = None

    @model_validator(mode="after")
    def _check_input_size(self) -> PreprocessingSettings:
        if any(side < 16 or side % 16 for side in self.input_size):
            raise ValueError(f"input_size {self.input_size} is not a pair of multiples of 16")
        return self

    @property
    def network_channels(self) -> int:
        """Channels that the network receives."""
        return self.image_channels * (2 * self.neighbours + 1)


def default_normalisation(modality: Modality, channels: int) -> Normalisation:
    """The usual normalisation of a modality, before a training set is known."""
    if modality is Modality.CT:
        return Window(low=-160.0, high=240.0)
    if modality is Modality.MRI:
        return RobustZScore()
    if channels == 3 and modality in (Modality.DERMOSCOPY, Modality.ENDOSCOPY):
        return Colour()
    return Percentiles()
