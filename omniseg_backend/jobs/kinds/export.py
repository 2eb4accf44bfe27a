"""``export``: a bundle of a training run's best state so far."""

from __future__ import annotations

from typing import ClassVar, Literal

from omniseg_backend.jobs.spec import JobSpec
from omniseg_backend.training.export_settings import ExportSettings


class ExportSpec(JobSpec):
    """Make a bundle of a training run's best state so far."""

    work: ClassVar[str] = "omniseg_backend.jobs.work.export:run"
    summary: ClassVar[str] = "Make a bundle of a training run's best state so far."
    needs_training: ClassVar[bool] = True
    default_output: ClassVar[str] = "model.omniseg"

    kind: Literal["export"] = "export"
    settings: ExportSettings
    """The run."""

    @property
    def default_title(self) -> str:
        """The run."""
        return f"export of {self.settings.run.name}"


SPEC = ExportSpec
