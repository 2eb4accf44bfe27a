"""``train``: a network on a labelled data set, from scratch or fine-tuned."""

from __future__ import annotations

from typing import ClassVar, Literal

from omniseg_backend.jobs.spec import JobSpec
from omniseg_backend.training.settings import TrainingSettings


class TrainSpec(JobSpec):
    """Train or fine-tune a network and make a bundle of it."""

    work: ClassVar[str] = "omniseg_backend.jobs.work.train:run"
    summary: ClassVar[str] = "Train or fine-tune a network on a labelled data set."
    needs_training: ClassVar[bool] = True
    default_output: ClassVar[str] = "model.omniseg"

    kind: Literal["train"] = "train"
    settings: TrainingSettings
    """The training run."""

    @property
    def default_title(self) -> str:
        """The variant and the data set."""
        return f"{self.settings.variant.value} on {self.settings.dataset.name}"


SPEC = TrainSpec
