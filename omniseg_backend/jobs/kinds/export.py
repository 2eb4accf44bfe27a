"""``export``: a bundle of a training run's best state so far."""

from __future__ import annotations

from typing import ClassVar, Literal

from omniseg_backend.bundles.container import ZIP_SUFFIX
from omniseg_backend.jobs.folder import JobFolder
from omniseg_backend.jobs.hopeless import refuse_no_folder, refuse_suffix
from omniseg_backend.jobs.spec import JobSpec
from omniseg_backend.training.export_settings import ExportSettings, find_run


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

    def refuse_hopeless(self) -> None:
        """There is a run, or a job that will have made one by then; the result is a bundle."""
        refuse_no_folder(self.settings.run, "a run's folder (BUNDLE.run) or a training job's")
        if not JobFolder(self.settings.run).state.exists():
            find_run(self.settings.run)
        if self.settings.dataset is not None:
            # Layouts take numpy, which is half of all else that a client loads.
            from omniseg_backend.datasets.layouts import open_by_names

            open_by_names(self.settings.dataset)
        refuse_suffix(self.output, ZIP_SUFFIX, f"a bundle: NAME{ZIP_SUFFIX}, or a folder")


SPEC = ExportSpec
