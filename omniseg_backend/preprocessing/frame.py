"""One frame of an image as network input: the single path of training and inference."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.images.image import Image
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.preprocessing.layout import plane_layout
from omniseg_backend.preprocessing.normalisation import ValueScale, fit_scale
from omniseg_backend.preprocessing.resampling import resize_labels
from omniseg_backend.preprocessing.sampling import SamplingPlan, sampling_plan
from omniseg_backend.preprocessing.settings import PreprocessingSettings


class PreparedFrame:
    """Planes of one frame, oriented, normalised and cut into windows on demand.

    Nothing of the whole volume is held but the image itself: a plane is prepared when asked
    for, and the few that neighbouring slices share are kept.

    Args:
        image: An image that fits the settings (see ``preprocessing.fitness``).
        settings: The manifest's preprocessing.
        frame: Which time point.
    """

    def __init__(self, image: Image, settings: PreprocessingSettings, frame: int = 0) -> None:
        self.settings = settings
        self.layout = plane_layout(image.geometry, settings.slicing)
        self.plan = sampling_plan(self.layout, settings)
        planes = self.layout.to_planes(image.array[frame])
        scale = fit_scale(settings.normalisation, planes)
        # Not a bound method: the cycle would keep the whole image until the next collection.
        prepare = functools.partial(_prepare, planes, scale, self.plan)
        self._prepared = functools.lru_cache(maxsize=2 * settings.neighbours + 2)(prepare)

    @property
    def planes(self) -> int:
        """Number of planes."""
        return self.layout.planes

    def plane(self, index: int) -> NDArray[np.float32]:
        """Network input of a plane before it is cut.

        Neighbouring slices stand as channels, lowest first; beyond the volume's ends the last
        slice is repeated.

        Returns:
            Shape (network channels, padded rows, padded columns).
        """
        reach = self.settings.neighbours
        if reach == 0:
            return self._prepared(index)
        last = self.planes - 1
        return np.concatenate(
            [self._prepared(min(max(index + step, 0), last)) for step in range(-reach, reach + 1)]
        )

    def windows(self, index: int) -> NDArray[np.float32]:
        """Network inputs of a plane, shape (window, network channels, H, W)."""
        return self.plan.cut(self.plane(index))


def _prepare(
    planes: NDArray[np.generic], scale: ValueScale, plan: SamplingPlan, index: int
) -> NDArray[np.float32]:
    return plan.scale_and_pad(scale.apply(planes[:, index]), scale.floor)


def prepare_labels(
    segmentation: Segmentation, prepared: PreparedFrame, frame: int = 0
) -> NDArray[np.uint8]:
    """Class indices of every plane on the network's grid.

    Label values are replaced by their place in the class table (1, 2, ...), so that gaps in
    the values cost no network output.

    Args:
        segmentation: Truth on the image's geometry.
        prepared: The image's frame.
        frame: Which time point.

    Returns:
        Shape (plane, padded rows, padded columns).
    """
    planes = prepared.layout.to_planes(segmentation.labels[frame])
    indices = np.zeros(planes.shape, np.uint8)
    for index, value in enumerate(segmentation.classes.values, start=1):
        indices[planes == value] = index
    plan = prepared.plan
    top, left = plan.before
    padded = np.zeros((len(indices), *plan.padded), np.uint8)
    for plane, target in zip(indices, padded, strict=True):
        target[top : top + plan.scaled[0], left : left + plan.scaled[1]] = resize_labels(
            plane, plan.scaled, len(segmentation.classes) + 1
        )
    return padded
