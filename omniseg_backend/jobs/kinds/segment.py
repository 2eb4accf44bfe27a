"""``segment``: one image."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from omniseg_backend.inference.asked import refuse_no_model, refuse_one_file_twice
from omniseg_backend.inference.settings import SegmentSettings
from omniseg_backend.jobs.hopeless import refuse_missing
from omniseg_backend.jobs.spec import JobSpec


class SegmentSpec(JobSpec):
    """Segment an image."""

    work: ClassVar[str] = "omniseg_backend.jobs.work.segment:run"
    summary: ClassVar[str] = "Segment an image."
    default_output: ClassVar[str] = "mask.nii.gz"

    kind: Literal["segment"] = "segment"
    settings: SegmentSettings
    """The image and the model."""

    @property
    def is_heavy(self) -> bool:
        """One image never waits for a training."""
        return False

    @property
    def default_title(self) -> str:
        """The image and what is segmented in it."""
        return f"{self.settings.image.name}: {self.settings.task or 'segment'}"

    @property
    def outputs(self) -> tuple[Path, ...]:
        """The mask and the uncertainty map."""
        map_file = self.settings.uncertainty
        return super().outputs if map_file is None else (*super().outputs, map_file)

    def refuse_hopeless(self) -> None:
        """There are an image and a model; masks and maps have formats that can be written."""
        settings = self.settings
        refuse_missing(settings.image, "an image file, or a folder of DICOM files")
        refuse_no_model(settings)
        refuse_one_file_twice(settings.image, self.outputs)
        if settings.region is not None:
            from omniseg_backend.inference.region import refuse_no_ranges

            refuse_no_ranges(settings.region)
        if settings.model is not None:
            from omniseg_backend.bundles.store import read_manifest

            read_manifest(settings.model)
        if settings.task is not None:
            # Reading manifests takes numpy and half of all else that a client loads.
            from omniseg_backend.bundles.models import refuse_unknown

            refuse_unknown(settings.task, settings.variant)
        if self.output is not None or settings.uncertainty is not None:
            from omniseg_backend.images.writers import image_writer, label_writer

            if self.output is not None:
                label_writer(self.output)
            if settings.uncertainty is not None:
                image_writer(settings.uncertainty)


SPEC = SegmentSpec
