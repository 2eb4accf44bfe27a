"""The planes a run trains on, prepared once and drawn by step.

What a step sees is a pure function of (seed, step, slot): a resumed run needs no generator
state to continue exactly, and data-parallel processes draw disjoint slots.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset as TorchDataset

from omniseg_backend.images.image import Image
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.preprocessing.frame import PreparedFrame, prepare_labels
from omniseg_backend.preprocessing.settings import PreprocessingSettings


@dataclasses.dataclass(frozen=True, eq=False)
class Plane:
    """One plane on the network's grid.

    Attributes:
        inputs: (network channels, rows, columns), float32, normalised.
        labels: (rows, columns), uint8, class indices.
        case: Index of the case it belongs to.
    """

    inputs: NDArray[np.float32]
    labels: NDArray[np.uint8]
    case: int

    @property
    def has_foreground(self) -> bool:
        """Whether any pixel belongs to a class."""
        return bool(self.labels.any())


def planes_of(
    image: Image, truth: Segmentation, settings: PreprocessingSettings, case: int
) -> list[Plane]:
    """Prepare every plane of every frame of an image with its truth."""
    planes = []
    for frame in range(image.frames):
        prepared = PreparedFrame(image, settings, frame)
        labels = prepare_labels(truth, prepared, frame)
        planes += [
            Plane(prepared.plane(index), labels[index], case) for index in range(prepared.planes)
        ]
    return planes


@dataclasses.dataclass(frozen=True, eq=False)
class TrainingPlanes:
    """Planes of the training part, apart by whether they show the structure.

    Attributes:
        foreground: Planes with at least one labelled pixel.
        empty: Planes without, negatives of other data sets included.
        empty_share: Share of draws from ``empty``; 0 where there are none.
    """

    foreground: Sequence[Plane]
    empty: Sequence[Plane]
    empty_share: float

    def draw(self, seed: int, position: int) -> Plane:
        """The plane at a position of the run's endless sequence.

        Foreground planes come in a new order each epoch, each once; a share of positions
        draws an empty plane instead.
        """
        random = np.random.default_rng((seed, 1, position))
        if self.empty and random.random() < self.empty_share:
            return self.empty[int(random.integers(len(self.empty)))]
        epoch, place = divmod(position, len(self.foreground))
        order = np.random.default_rng((seed, 2, epoch)).permutation(len(self.foreground))
        return self.foreground[int(order[place])]


Augment = Callable[[Plane, int], tuple[NDArray[np.float32], NDArray[np.uint8]]]


class StepSamples(TorchDataset[tuple[NDArray[np.float32], NDArray[np.uint8]]]):
    """Training crops by position, for a torch DataLoader.

    Args:
        planes: What to draw from.
        seed: The run's seed.
        augment: Makes a crop of a plane, given a seed of its own.
    """

    def __init__(self, planes: TrainingPlanes, seed: int, augment: Augment) -> None:
        self._planes = planes
        self._seed = seed
        self._augment = augment

    def __getitem__(self, position: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """The crop at a position: inputs (C, H, W) and labels (H, W)."""
        plane = self._planes.draw(self._seed, position)
        crop_seed = int(np.random.default_rng((self._seed, 3, position)).integers(2**31))
        return self._augment(plane, crop_seed)
