"""``segment``: one image."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from omniseg_backend.inference.settings import SegmentSettings
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


SPEC = SegmentSpec
