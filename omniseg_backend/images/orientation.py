"""Turning an image's axes to an anatomical order and back, without interpolation."""

from __future__ import annotations

import dataclasses
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import GeometryError
from omniseg_backend.images.geometry import Geometry

ScalarT = TypeVar("ScalarT", bound=np.generic)

_AXIS_OF_LETTER = {"R": 0, "L": 0, "A": 1, "P": 1, "S": 2, "I": 2}
_SIGN_OF_LETTER = {"R": 1, "L": -1, "A": 1, "P": -1, "S": 1, "I": -1}


@dataclasses.dataclass(frozen=True)
class AxisTurn:
    """A permutation and flips of the three voxel axes; exact and invertible.

    Attributes:
        source: For each new axis, the old axis it comes from.
        flipped: For each new axis, whether it runs the other way.
    """

    source: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]

    def apply(self, array: NDArray[ScalarT]) -> NDArray[ScalarT]:
        """Turn the last three axes (i, j, k) of ``array``; a view where numpy allows."""
        lead = array.ndim - 3
        order = (*range(lead), *(lead + axis for axis in self.source))
        turned = np.transpose(array, order)
        flips = (slice(None),) * lead + tuple(
            slice(None, None, -1) if flip else slice(None) for flip in self.flipped
        )
        return turned[flips]

    def apply_to_geometry(self, geometry: Geometry) -> Geometry:
        """The geometry of an array that ``apply`` has turned."""
        change = np.zeros((4, 4))
        change[3, 3] = 1.0
        for new, (old, flip) in enumerate(zip(self.source, self.flipped, strict=True)):
            change[old, new] = -1.0 if flip else 1.0
            change[old, 3] = geometry.shape[old] - 1 if flip else 0.0
        i, j, k = (geometry.shape[old] for old in self.source)
        return dataclasses.replace(geometry, shape=(i, j, k), affine=geometry.affine @ change)

    def inverse(self) -> AxisTurn:
        """The turn that undoes this one."""
        source, flipped = [0, 0, 0], [False, False, False]
        for new, old in enumerate(self.source):
            source[old] = new
            flipped[old] = self.flipped[new]
        return AxisTurn((source[0], source[1], source[2]), (flipped[0], flipped[1], flipped[2]))


def turn_to(geometry: Geometry, orientation: str) -> AxisTurn:
    """The turn that brings ``geometry`` to ``orientation`` as nearly as its axes allow.

    Args:
        geometry: Any grid, oblique or not.
        orientation: Three anatomical letters, such as ``LPS``.

    Raises:
        GeometryError: ``orientation`` does not name each anatomical axis once.
    """
    wanted = [_AXIS_OF_LETTER.get(letter, -1) for letter in orientation]
    if sorted(wanted) != [0, 1, 2]:
        raise GeometryError(
            "orientation",
            found=repr(orientation),
            expected="three letters, one of R/L, A/P and S/I each",
            remedy="use a code such as LPS",
        )
    axes, signs = geometry.nearest_axes()
    source = tuple(axes.index(axis) for axis in wanted)
    flipped = tuple(
        signs[old] != _SIGN_OF_LETTER[letter]
        for old, letter in zip(source, orientation, strict=True)
    )
    return AxisTurn((source[0], source[1], source[2]), (flipped[0], flipped[1], flipped[2]))
