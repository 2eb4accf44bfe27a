"""What an export is asked to do. Torch-free: the command, jobs and forms wrap it."""

from __future__ import annotations

from pathlib import Path

from omniseg_backend.common.settings import Settings


class ExportSettings(Settings):
    """A training run, finished or not, of whose best state a bundle is made."""

    run: Path
    """The run's folder, BUNDLE.run, or the folder of a training job."""
    dataset: Path | None = None
    """Where the data set lies now, if it was moved since."""
