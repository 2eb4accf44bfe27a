"""``batch``: every image of a folder through one model."""

from __future__ import annotations

from typing import ClassVar, Literal

from omniseg_backend.common.scheduler_address import scheduler_address
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
        """There are images, a bundle, and a scheduler's address if any; masks have a folder."""
        settings = self.settings
        refuse_no_folder(settings.folder, "a folder of images")
        refuse_homeless(settings.output)
        # What reads images and manifests is half of all that a client loads.
        from omniseg_backend.bundles.store import read_manifest
        from omniseg_backend.inference.batch.asked import refuse_images_folder
        from omniseg_backend.inference.batch.items import refuse_no_image

        refuse_images_folder(settings.folder, settings.output)
        scheduler_address(settings.options)
        read_manifest(settings.model)
        refuse_no_image(settings.folder, leave_out=[settings.output])


SPEC = BatchSpec
