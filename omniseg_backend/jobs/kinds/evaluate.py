"""``evaluate``: a bundle against a labelled data set."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from omniseg_backend.evaluation.settings import EvaluateSettings
from omniseg_backend.jobs.hopeless import refuse_suffix
from omniseg_backend.jobs.spec import JobSpec


class EvaluateSpec(JobSpec):
    """Measure a bundle on a labelled data set."""

    work: ClassVar[str] = "omniseg_backend.jobs.work.evaluate:run"
    summary: ClassVar[str] = "Measure a bundle on a labelled data set."
    default_output: ClassVar[str] = "cases.csv"

    kind: Literal["evaluate"] = "evaluate"
    settings: EvaluateSettings
    """The bundle and the data set."""

    @property
    def default_title(self) -> str:
        """The bundle and the data set."""
        return f"{Path(self.settings.bundle).name} on {self.settings.dataset.name}"

    def refuse_hopeless(self) -> None:
        """There is a data set that the bundle can be measured on; the result is a table."""
        refuse_suffix(self.output, ".csv", "a table of cases: NAME.csv")
        # Reading manifests takes numpy and half of all else that a client loads.
        from omniseg_backend.evaluation.asked import refuse_unmeasurable

        refuse_unmeasurable(self.settings)


SPEC = EvaluateSpec
