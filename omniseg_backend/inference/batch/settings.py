"""What a batch is asked to do. Torch-free: the command, jobs and forms wrap it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from omniseg_backend.common.executor_settings import ExecutorSettings
from omniseg_backend.common.settings import NamesBundle, NamesFolder, Option, Settings, Usual
from omniseg_backend.images.modality import Modality
from omniseg_backend.inference.arithmetic_choice import ArithmeticChoice

#: Suffixes of ``images/writers.py`` that hold segmentations.
MaskSuffix = Literal["nii.gz", "nii", "seg.nrrd", "nrrd", "mha", "ome.tif", "tif", "png", "dcm"]


class BatchOptions(ExecutorSettings):
    """What a folder has as options beyond those of one image."""

    mask_suffix: Annotated[MaskSuffix | None, Option("format")] = None
    """Of a batch's masks; png for pictures and nii.gz for all else if nothing is said."""


class BatchSettings(Settings):
    """Every image of a folder, and the model that segments them."""

    folder: Annotated[Path, NamesFolder()]
    """Where the images are, with its subfolders."""
    output: Annotated[Path, NamesFolder()]
    """A folder for the masks, the table and the page."""
    model: Annotated[Path, NamesBundle()]
    """The bundle: its path, or the id of a model."""
    modality: Annotated[Modality | None, Usual()] = None
    """What the images are, if they are silent."""
    override_modality: bool = False
    """Run although the modality is known to differ."""
    arithmetic: ArithmeticChoice = ArithmeticChoice.AUTO
    """auto: int8 where `omniseg doctor` found it faster here and the model allows it."""
    threads: Annotated[int | None, Field(ge=1, le=256)] = None
    """Of the network, in each process; the cores shared out evenly if nothing is said."""
    options: BatchOptions = BatchOptions()
    """Where it runs, and how masks are written."""
