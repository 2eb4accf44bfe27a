"""Values that a file may hold but that its modality hardly makes; remarks, never refusals."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.flags import Flag
from omniseg_backend.common.wording import span
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality

#: Voxels looked at in judging a scale: shares of a tenth of a percent are still a thousand.
_SAMPLE = 1_000_000
#: Below this lie air and fat, which every CT but a cut-out of soft tissue shows. Ringing of a
#: resampled picture of 0 to 255 stays above it.
_AIR_OR_FAT = -10.0
#: Share of voxels that may lie below by ringing alone.
_RINGING = 1e-3
#: The noise of a CT alone spans more; pictures scaled to 0..1, -1..1 or by their deviation less.
_SMALLEST_SPAN = 20.0
#: At and below this a single lowest value is air or padding of the scanner.
_PADDING = -500.0
#: Above this lies compact bone: a tenth of a body at most, but all of it where 1024 was added.
_COMPACT_BONE = 700.0


def constant_values(image: Image) -> tuple[Flag, ...]:
    """Flag an image, or channels of it, in which every voxel has one value."""
    channels = [image.array[:, channel] for channel in range(image.channels)]
    flat = [
        f"{name} is {channel.min():.4g} everywhere"
        for name, channel in zip(image.channel_names, channels, strict=True)
        if channel.min() == channel.max()
    ]
    if not flat:
        return ()
    sentence = f"{image.name} shows nothing in it to segment: {', '.join(flat)}."
    if len(flat) < image.channels:
        sentence = f"Not every channel of {image.name} shows something: {', '.join(flat)}."
    return (Flag("constant", sentence),)


def scale_of_ct(image: Image) -> tuple[Flag, ...]:
    """Flag values that are hardly Hounsfield units: 0..255, 0..1, or shifted by +1024.

    Judged by what is missing: nothing as dark as fat or air, or a span below a CT's noise. The
    lowest value, where scanners put padding, is left out. A cut-out of soft tissue alone is
    flagged as well, since it cannot be told from a rescaled one.
    """
    low, rest = _sampled(image.array)
    if rest.size == 0:
        return ()
    high = float(rest.max())
    if high - low >= _SMALLEST_SPAN:
        if np.mean(rest < _AIR_OR_FAT) > _RINGING:
            return ()
        if low < _PADDING and np.percentile(rest, 90) <= _COMPACT_BONE:
            return ()
    sentence = (
        f"The values of {image.name} ({span(low, high)}) hardly are Hounsfield units, which CT "
        "tasks read: "
        + (
            "they span less than the noise of a CT."
            if high - low < _SMALLEST_SPAN
            else "nothing but padding is as dark as air or fat."
        )
        + " Use the original values (air near -1000, water 0), unless this is a cut-out of "
        "soft tissue."
    )
    return (Flag("not_hounsfield", sentence),)


def doubtful_values(image: Image, modality: Modality | None) -> tuple[Flag, ...]:
    """All remarks about an image's values, taken for ``modality``; nothing but finite ones."""
    flat = constant_values(image)
    if flat or modality is not Modality.CT:
        return flat
    return scale_of_ct(image)


def _sampled(array: NDArray[np.generic]) -> tuple[float, NDArray[np.float64]]:
    """The lowest of evenly spread voxels, and all of those that lie above it."""
    step = max(1, math.ceil((array.size / _SAMPLE) ** (1 / 3)))
    values = array[..., ::step, ::step, ::step].astype(np.float64).ravel()
    low = float(values.min())
    return low, values[values > low]
