"""``batch``: every image of a folder through one model."""

from __future__ import annotations

from typing import ClassVar, Literal

from omniseg_backend.inference.batch.settings import BatchSettings
from omniseg_backend.jobs.hopeless import refuse_homeless, refuse_no_folder
from omniseg_backend.jobs.spec import JobSpec


class BatchSpec(JobSpec):
    """Segment every image of a folder."""

    work: ClassVar[str] = "omniseg_backend.jobs.work.batch:run"
    summary: ClassVar[str] = "Segment every image of a folder."
    default_output: ClassVar[str] = "batch.json"

    kind: Literal["batch"] = "batch"
    settings: BatchSettings
    """The folder, the model, and the folder for the masks."""

    @property
    def default_title(self) -> str:
        """The folder and the model."""
        return f"{self.settings.folder.name}: {self.settings.model.stem}"

    def refuse_hopeless(self) -> None:
        """There is a folder of images, and one for the masks can be made."""
        refuse_no_folder(self.settings.folder, "a folder of images")
        refuse_homeless(self.settings.output)


SPEC = BatchSpec
