"""What every measure asks of a pair of masks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError

Mask = NDArray[np.bool_]


def require_pair(truth: Mask, prediction: Mask) -> None:
    """Refuse masks that cannot be compared voxel by voxel.

    Raises:
        DataError: The shapes differ, or an array is not boolean: probabilities or labels
            would otherwise count as masks without a word.
    """
    if truth.shape != prediction.shape:
        raise DataError(
            "masks",
            found=f"a truth of shape {truth.shape} and a prediction of shape {prediction.shape}",
            expected="two masks on one grid",
            remedy="compare masks of the same image",
        )
    if truth.dtype != np.bool_ or prediction.dtype != np.bool_:
        raise DataError(
            "masks",
            found=f"arrays of type {truth.dtype} and {prediction.dtype}",
            expected="two boolean masks",
            remedy="compare the labels with one class's value first",
        )


def require_spacing(spacing: Sequence[float], axes: int) -> None:
    """Refuse a spacing that does not fit an array with ``axes`` axes.

    Raises:
        DataError: Wrong number of values, or one that is not a finite number above zero.
    """
    if len(spacing) != axes or not all(np.isfinite(step) and step > 0 for step in spacing):
        raise DataError(
            "spacing",
            found=f"{tuple(spacing)}",
            expected=f"{axes} finite numbers above zero, one per axis",
            remedy="correct the image's spacing",
        )
