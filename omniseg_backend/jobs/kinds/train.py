"""``train``: a network on a labelled data set, from scratch or fine-tuned."""

from __future__ import annotations

from typing import ClassVar, Literal

from omniseg_backend.bundles.container import ZIP_SUFFIX
from omniseg_backend.jobs.hopeless import refuse_suffix
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
        """The variant or the bundle to start from, and the data set."""
        initial = self.settings.initial_bundle
        # A fine-tuned variant is the bundle's, whatever the default is.
        what = self.settings.variant.value if initial is None else f"{initial.stem}, fine-tuned"
        return f"{what} on {self.settings.dataset.name}"

    def refuse_hopeless(self) -> None:
        """There is something to learn from and a bundle to start from; the result is a bundle."""
        refuse_suffix(self.output, ZIP_SUFFIX, f"a bundle: NAME{ZIP_SUFFIX}, or a folder")
        # Reading manifests takes numpy and half of all else that a client loads.
        from omniseg_backend.training.asked import refuse_unlearnable

        refuse_unlearnable(self.settings)


SPEC = TrainSpec
