"""What an evaluation is asked to do. Torch-free: the command, jobs and forms wrap it."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

from pydantic import Field

from omniseg_backend.common.settings import NamesBundle, NamesFolder, Settings, Usual


class EvaluatedPart(enum.StrEnum):
    """Which part of a data set is measured on."""

    TEST = "test"
    TRAIN = "train"


class EvaluateSettings(Settings):
    """A bundle and the labelled images that it is measured on."""

    bundle: Annotated[str, NamesBundle()]
    """A bundle's path, or a model's id in `omniseg models`."""
    dataset: Annotated[Path, NamesFolder()]
    """nnU-Net v2 raw, paired image and mask folders, or the ISIC layout."""
    split: Annotated[EvaluatedPart, Usual()] = EvaluatedPart.TEST
    """Which part."""
    threads: Annotated[int | None, Field(ge=1, le=256)] = None
    """Of the network; all that the process may use if nothing is said."""
