"""Seeded corruptions of images: what a bad scan does to a network, for choosing review flags."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from omniseg_backend.images.image import Image

_Values = NDArray[np.float32]


def _noise(values: _Values, random: np.random.Generator) -> _Values:
    strength = random.uniform(0.1, 0.5) * _spread(values)
    return values + random.normal(0.0, strength, values.shape).astype(np.float32)


def _blur(values: _Values, random: np.random.Generator) -> _Values:
    sigma = random.uniform(1.5, 6.0)
    return ndimage.gaussian_filter(values, (0, 0, sigma, sigma, 0))


def _contrast(values: _Values, random: np.random.Generator) -> _Values:
    """A gamma far from 1: percentile normalisation would undo anything linear."""
    low, high = float(values.min()), float(values.max())
    gamma = float(np.exp(random.choice([-1.0, 1.0]) * random.uniform(0.7, 1.6)))
    scaled = (values - low) / max(high - low, 1e-6)
    return (low + (high - low) * scaled**gamma).astype(np.float32)


CORRUPTIONS: Mapping[str, Callable[[_Values, np.random.Generator], _Values]] = MappingProxyType(
    {"noise": _noise, "blur": _blur, "contrast": _contrast}
)


def corrupt(image: Image, kind: str, seed: int) -> Image:
    """A corrupted copy of an image, of its own type and range.

    Args:
        image: Any image.
        kind: A key of ``CORRUPTIONS``.
        seed: Decides strength and noise.
    """
    random = np.random.default_rng((seed, sorted(CORRUPTIONS).index(kind)))
    values = CORRUPTIONS[kind](image.array.astype(np.float32), random)
    if np.issubdtype(image.array.dtype, np.integer):
        limits = np.iinfo(image.array.dtype)  # type: ignore[type-var]
        values = np.clip(np.rint(values), limits.min, limits.max)
    return dataclasses.replace(image, array=values.astype(image.array.dtype))


def _spread(values: _Values) -> float:
    low, high = np.percentile(values[:, :, ::2, ::2], [1, 99])
    return float(max(high - low, 1e-6))
