"""What a comparison of two bundles is asked to do. Torch-free: commands, jobs and forms wrap it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from omniseg_backend.common.settings import NamesBundle, NamesFolder, Settings


class CompareSettings(Settings):
    """Two bundles and the reserved cases of a data set."""

    old: Annotated[str, NamesBundle()]
    """The bundle in use: its path, or a model's id."""
    new: Annotated[str, NamesBundle()]
    """The bundle that may replace it: its path, or a model's id."""
    dataset: Annotated[Path, NamesFolder()]
    """A site data set, or any data set with a test part."""
    pictures: Annotated[int, Field(ge=0, le=100)] = 3
    """Worst cases drawn into the folder."""
    threads: Annotated[int | None, Field(ge=1, le=256)] = None
    """Threads of the networks; by default all that this process may use."""
