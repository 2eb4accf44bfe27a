"""Fitting the temperature that makes probabilities mean what they say.

Temperature scaling (Guo et al. 2017, arXiv:1706.04599): one number divides all logits, chosen
to minimise the negative log-likelihood of validation pixels. Only pixels near a structure are
looked at: background far away is easy, plentiful and would make any network look calibrated.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize

_BAND_PIXELS = 8
_PER_PLANE = 4000
_BINS = 15
_TEMPERATURES = (0.2, 10.0)


@dataclasses.dataclass(frozen=True, eq=False)
class LabelledLogits:
    """Pixels sampled from validation images.

    Attributes:
        logits: (pixel, class).
        labels: (pixel,), class indices.
    """

    logits: NDArray[np.float32]
    labels: NDArray[np.uint8]


def sample_band(
    logits: NDArray[np.float32], labels: NDArray[np.uint8], random: np.random.Generator
) -> LabelledLogits:
    """Take pixels in and around the structures, true or found, of one plane.

    Args:
        logits: (class, rows, columns).
        labels: (rows, columns), class indices.
        random: Chooses at most 4000 pixels.
    """
    foreground = (labels > 0) | (logits.argmax(axis=0) > 0)
    if not foreground.any():
        return LabelledLogits(np.zeros((0, len(logits)), np.float32), np.zeros(0, np.uint8))
    near = ndimage.distance_transform_cdt(~foreground, "chessboard") <= _BAND_PIXELS
    rows, columns = np.nonzero(near)
    if len(rows) > _PER_PLANE:
        kept = random.choice(len(rows), _PER_PLANE, replace=False)
        rows, columns = rows[kept], columns[kept]
    return LabelledLogits(logits[:, rows, columns].T.copy(), labels[rows, columns])


def joined(samples: Iterable[LabelledLogits]) -> LabelledLogits:
    """All samples as one."""
    parts = list(samples)
    return LabelledLogits(
        np.concatenate([part.logits for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )


def fit_temperature(samples: LabelledLogits) -> float:
    """The temperature that minimises the mean negative log-likelihood.

    Args:
        samples: At least one pixel, else 1 is returned.
    """
    if not len(samples.labels):
        return 1.0

    def cost(log_temperature: float) -> float:
        return _negative_log_likelihood(samples, float(np.exp(log_temperature)))

    low, high = np.log(_TEMPERATURES)
    found = optimize.minimize_scalar(cost, bounds=(low, high), method="bounded")
    return round(float(np.exp(found.x)), 4)


def expected_calibration_error(samples: LabelledLogits, temperature: float) -> float:
    """Mean gap between how sure the network is and how often it is right, in 15 bins."""
    probabilities = np.exp(_log_softmax(samples.logits / temperature))
    certainty = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == samples.labels
    bins = np.minimum((certainty * _BINS).astype(int), _BINS - 1)
    counts = np.bincount(bins, minlength=_BINS)
    gaps = np.abs(
        np.bincount(bins, weights=certainty, minlength=_BINS)
        - np.bincount(bins, weights=right, minlength=_BINS)
    )
    return float(gaps.sum() / max(1, counts.sum()))


def _negative_log_likelihood(samples: LabelledLogits, temperature: float) -> float:
    logs = _log_softmax(samples.logits / temperature)
    return float(-logs[np.arange(len(samples.labels)), samples.labels].mean())


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
