"""What the training part shows: its spacings, its extents, and a CT's values in the foreground."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError
from omniseg_backend.datasets.records import Dataset, Record
from omniseg_backend.images.geometry import Unit
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.preprocessing.layout import plane_layout
from omniseg_backend.preprocessing.settings import (
    ForegroundPercentiles,
    Normalisation,
    SeenRange,
    default_normalisation,
)
from omniseg_backend.training.settings import TrainingSettings

_FOREGROUND_SAMPLE = 100_000


@dataclasses.dataclass(frozen=True)
class Ranges:
    """What a manifest states of the training part.

    Attributes:
        normalisation: As asked for, the modality's default, or measured on CT.
        seen: Spacings and extents met.
    """

    normalisation: Normalisation
    seen: SeenRange


class Survey:
    """Looks at the training part while the data set is checked, so that it is read once less.

    Args:
        records: The training part.
        settings: Slicing, seed, and the normalisation if one was asked for.
        modality: What the images are.
    """

    def __init__(
        self, records: Sequence[Record], settings: TrainingSettings, modality: Modality
    ) -> None:
        self._wanted = {record.label_path for record in records}
        self._settings, self._modality = settings, modality
        self._measure = settings.normalisation is None and modality is Modality.CT
        self._random = np.random.default_rng((settings.seed, 4))
        self._share = max(1, _FOREGROUND_SAMPLE // len(records))
        self._foreground: list[NDArray[np.float32]] = []
        self._spacings: list[float] = []
        self._extents: list[float] = []
        self._units: set[Unit] = set()

    def look(self, record: Record, image: Image, truth: Segmentation) -> None:
        """Take note of one record; those of other parts are passed over."""
        if record.label_path not in self._wanted:
            return
        layout = plane_layout(image.geometry, self._settings.slicing)
        self._spacings += layout.plane_spacing
        sides = zip(layout.plane_shape, layout.plane_spacing, strict=True)
        self._extents.append(max(pixels * spacing for pixels, spacing in sides))
        self._units.add(layout.unit)
        if self._measure:
            values = image.array.mean(axis=1)[truth.labels > 0].astype(np.float32)
            chosen = self._random.choice(values, self._share) if values.size else values
            self._foreground.append(chosen)

    def result(self, dataset: Dataset) -> Ranges:
        """What all training records together show.

        Raises:
            DataError: Some images state a spacing and others do not.
        """
        if len(self._units) > 1:
            raise DataError(
                dataset.root,
                found="images with and without real spacing",
                expected="spacing in all images or in none",
                remedy="store all images in one kind of format",
            )
        unit: Unit = "mm" if self._units == {"mm"} else "px"
        seen = SeenRange(
            spacing_mm=(min(self._spacings), max(self._spacings)) if unit == "mm" else None,
            extent=(min(self._extents), max(self._extents)),
            extent_unit=unit,
        )
        values = np.concatenate(self._foreground) if self._foreground else np.empty(0, np.float32)
        if values.size:
            return Ranges(_foreground_statistics(values), seen)
        channels = len(dataset.channel_names)
        usual = default_normalisation(self._modality, channels)
        return Ranges(self._settings.normalisation or usual, seen)


def _foreground_statistics(values: NDArray[np.float32]) -> ForegroundPercentiles:
    """nnU-Net's CT normalisation: 0.5th and 99.5th percentile, mean, standard deviation."""
    low, high = np.percentile(values, [0.5, 99.5])
    return ForegroundPercentiles(
        low=float(low),
        high=float(max(high, low + 1.0)),
        mean=float(values.mean()),
        deviation=float(max(values.std(), 1.0)),
    )
