"""What an export is asked to do. Torch-free: the command, jobs and forms wrap it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.settings import NamesFolder, Settings

#: What a run decided before its first step.
PLAN = "run.json"
#: Where a run lies below what the user may name: itself, or a training job's folder.
_PLACES = (".", "checkpoints/run")


class ExportSettings(Settings):
    """A training run, finished or not, of whose best state a bundle is made."""

    run: Annotated[Path, NamesFolder()]
    """The run's folder, BUNDLE.run, or the folder of a training job."""
    dataset: Annotated[Path | None, NamesFolder()] = None
    """Where the data set lies now, if it was moved since."""


def find_run(named: Path) -> Path:
    """The folder of a training run, named itself or by the folder of its job.

    Raises:
        DataError: There is no run.
    """
    for place in _PLACES:
        if (named / place / PLAN).exists():
            return named / place
    raise DataError(
        named,
        found="no training run",
        expected="a run's folder (BUNDLE.run) or the folder of a training job",
        remedy="choose another",
    )
