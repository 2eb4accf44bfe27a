"""The synthetic input that a bundle proves itself on; never a training image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from omniseg_backend.networks.architecture import Architecture


def synthetic_input(
    architecture: Architecture, seed: int, shape: tuple[int, int] = (64, 64)
) -> NDArray[np.float32]:
    """Smooth random blobs on a smooth random ground, as a network would see them.

    Blobs with an edge exercise more of the network than noise, which pooling averages away.

    Args:
        architecture: States how many channels the network reads.
        seed: The same seed gives the same picture.
        shape: Rows and columns, multiples of 16.

    Returns:
        (1, C, rows, columns) from -1 to 1; every value is exact in float16, so that storing
        it at half the size changes nothing.
    """
    rng = np.random.default_rng(seed)
    channels = [_channel(rng, shape) for _ in range(architecture.in_channels)]
    return np.stack(channels)[np.newaxis].astype(np.float16).astype(np.float32)


def _channel(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    size = min(shape)
    ground = _unit(ndimage.gaussian_filter(rng.normal(size=shape), size / 6))
    blobs = _unit(ndimage.gaussian_filter(rng.normal(size=shape), size / 12)) > 0.3
    texture = _unit(rng.normal(size=shape))
    return 0.35 * ground + 0.55 * np.where(blobs, 1.0, -1.0) + 0.1 * texture


def _unit(values: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = values - values.mean()
    return centred / np.abs(centred).max()
