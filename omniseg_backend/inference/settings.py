"""What segmenting one image is asked to do. Torch-free: the command, jobs and forms wrap it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from omniseg_backend.common.settings import NamesBundle, NamesOutput, Settings, Usual
from omniseg_backend.images.modality import Modality
from omniseg_backend.inference.arithmetic_choice import ArithmeticChoice
from omniseg_backend.networks.architecture import Variant


class SegmentSettings(Settings):
    """One image and the model that segments it."""

    image: Path
    """An image file, or a folder of DICOM files."""
    task: Annotated[str | None, Usual()] = None
    """What to segment; see `omniseg models`."""
    model: Annotated[str | None, NamesBundle(), Usual()] = None
    """A bundle's path or id, instead of a task."""
    variant: Annotated[Variant | None, Usual()] = None
    """Of the task's models; the cheapest if nothing is said."""
    modality: Annotated[Modality | None, Usual()] = None
    """What the image is, if it is silent."""
    override_modality: bool = False
    """Run although the modality is known to differ."""
    series: str | None = None
    """UID of the DICOM series, where a folder holds several."""
    region: str | None = None
    """Only these voxels: I0:I1,J0:J1,K0:K1; columns and rows of a picture."""
    uncertainty: Annotated[Path | None, NamesOutput()] = None
    """Also write an uncertainty map to this file."""
    arithmetic: ArithmeticChoice = ArithmeticChoice.AUTO
    """auto: int8 where `omniseg doctor` found it faster here and the model allows it."""
    threads: Annotated[int | None, Field(ge=1, le=256)] = None
    """Of the network; all that the process may use if nothing is said."""

    @model_validator(mode="after")
    def _one_model(self) -> SegmentSettings:
        if self.model is not None and (self.task is not None or self.variant is not None):
            raise ValueError("a model alone, or a task with or without a variant")
        return self
