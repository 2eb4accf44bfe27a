"""What the Fine-tune panel asks for, as the spec of a job."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from napari_omniseg.models.start_models import StartModel
from omniseg_backend.images.modality import Modality

if TYPE_CHECKING:
    from omniseg_backend.jobs.kinds.train import TrainSpec
    from omniseg_backend.training.settings import Budget

VARIANTS = ("compact", "balanced", "accurate")
MODALITIES = tuple(modality.value for modality in Modality)


@dataclasses.dataclass(frozen=True)
class FineTuningRequest:
    """A fine-tuning, or a training from scratch.

    Attributes:
        dataset: The site data set's folder.
        start: The bundle to start from; None for random weights.
        variant: Which network; a bundle's own where one is named.
        minutes: How long.
        modality: Of the images, where neither data set nor bundle states it.
        budget: Another way of saying how long; wins over minutes.
    """

    dataset: Path
    start: StartModel | None
    variant: str = "compact"
    minutes: float = 30.0
    modality: str | None = None
    budget: Budget | None = None

    def spec(self) -> TrainSpec:
        """The job; only what is stated here is in it, so that a bundle's settings are inherited.

        Raises:
            DataError: A value is out of its range.
        """
        from omniseg_backend.jobs.kinds.train import TrainSpec
        from omniseg_backend.jobs.spec_file import parse_spec

        settings: dict[str, object] = {"dataset": str(self.dataset)}
        settings["budget"] = (
            {"minutes": self.minutes}
            if self.budget is None
            else self.budget.model_dump(exclude_none=True)
        )
        if self.start is None:
            settings["variant"] = self.variant
        else:
            settings["initial_bundle"] = str(self.start.path)
        if self.modality is not None:
            settings["modality"] = self.modality
        title = f"{self._what()} on {self.dataset.name}"
        spec = parse_spec({"kind": "train", "title": title, "settings": settings})
        assert isinstance(spec, TrainSpec)
        return spec

    def _what(self) -> str:
        if self.start is None:
            return f"{self.variant}, from scratch,"
        # The file's name holds a hash that says nothing to people.
        return f"{self.start.id} {self.start.version}, fine-tuned"
