"""``compare``: a new bundle against the one in use, on reserved cases."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from omniseg_backend.common.errors import UsageError
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

    def refuse_hopeless(self) -> None:
        """There are two bundles and a data set that both can be measured on."""
        settings = self.settings
        if Path(settings.old).resolve() == Path(settings.new).resolve():
            raise UsageError(
                settings.new,
                found="the same bundle twice",
                expected="two different bundles",
                remedy="name the new bundle",
            )
        # Reading manifests takes numpy and half of all else that a client loads.
        from omniseg_backend.evaluation.asked import refuse_incomparable

        refuse_incomparable(settings)


SPEC = CompareSpec
