"""``compare``: a new bundle against the one in use, on reserved cases."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from omniseg_backend.evaluation.compare_settings import CompareSettings
from omniseg_backend.jobs.spec import JobSpec


class CompareSpec(JobSpec):
    """Compare two bundles on reserved cases."""

    work: ClassVar[str] = "omniseg_backend.jobs.work.compare:run"
    summary: ClassVar[str] = "Compare two bundles on reserved cases."
    default_output: ClassVar[str] = "comparison"

    kind: Literal["compare"] = "compare"
    settings: CompareSettings
    """The bundles and the data set."""

    @property
    def default_title(self) -> str:
        """The bundles and the data set."""
        old, new = Path(self.settings.old).stem, Path(self.settings.new).stem
        return f"{new} against {old} on {self.settings.dataset.name}"


SPEC = CompareSpec
