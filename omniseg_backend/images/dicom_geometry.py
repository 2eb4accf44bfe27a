"""Arranging the frames of a DICOM series on one grid, or saying why that cannot be done.

Array axes: i runs along a row (its columns), j down the rows, k along the slices' normal, which
is rows' direction x columns' direction. DICOM's world axes are LPS, ours are RAS.

References:
    DICOM PS3.3, C.7.6.2.1.1 (image position and orientation), equation C.7.6.2.1-1.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError, GeometryError
from omniseg_backend.common.flags import Flag
from omniseg_backend.common.wording import counted, span
from omniseg_backend.images.dicom_header import Frame, Header
from omniseg_backend.images.dicom_time import interval, order_in_time
from omniseg_backend.images.geometry import Geometry

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
#: Positions closer than this share of a pixel are one place.
_SAME_PLACE = 0.01
#: How far a slice may lie off the even grid, as a share of the distance of slices. Positions
#: rounded to 0.1 mm lie up to 8 % off at 1.25 mm; one missing slice puts others 33 % off and more.
_UNEVENNESS = 0.1
#: Direction cosines that agree to this are one direction: 0.1 mm across half a metre.
_SAME_DIRECTION = 2e-4
_SAME_SPACING = 1e-4
#: Below this angle a stack counts as straight in what is said; the grid is exact either way.
_STRAIGHT_DEGREES = 0.05


@dataclasses.dataclass(frozen=True, eq=False)
class Arrangement:
    """The frames of an image and its grid.

    Attributes:
        frames: Time outermost, then slices.
        geometry: Of every time point.
        has_time: Whether there is a time axis.
        frame_seconds: Time between time points where it is told.
        notes: What users should know about the grid.
    """

    frames: tuple[tuple[Frame, ...], ...]
    geometry: Geometry
    has_time: bool
    frame_seconds: float | None
    notes: tuple[Flag, ...] = ()


def arrange(path: Path, headers: Sequence[Header]) -> Arrangement:
    """Arrange a series.

    Args:
        path: The series, for messages.
        headers: Of its files, with pixels of one size.

    Raises:
        DataError: The frames do not form one image: the message says why.
    """
    frames = [frame for header in headers for frame in header.frames]
    placed = [frame for frame in frames if frame.position is not None]
    columns, rows = headers[0].pixels.columns, headers[0].pixels.rows
    if not placed:
        return _pictures(path, headers, (columns, rows))
    if len(placed) < len(frames):
        raise _refused(
            path,
            f"{len(frames) - len(placed)} of {counted(len(frames), 'slice')} without a position",
            "a position for every slice",
        )
    row, column = _common_orientation(path, frames)
    spacing = _common_spacing(path, frames)
    if any(header.in_time for header in headers):
        if len(headers) > 1:
            raise _refused(path, f"{len(headers)} clips", "one clip")
        places = [frames]
        timed = True
    else:
        places = _places(path, frames, np.cross(row, column), spacing)
        timed = len(places[0]) > 1
        places = order_in_time(path, places) if timed else places
    geometry = _grid(path, (columns, rows), (row, column), spacing, [p[0] for p in places])
    seconds = headers[0].frame_seconds or (interval(places[0]) if timed else None)
    in_order = tuple(zip(*places, strict=True))
    return Arrangement(in_order, geometry, timed, seconds, _tilt_notes(geometry))


def _pictures(path: Path, headers: Sequence[Header], size: tuple[int, int]) -> Arrangement:
    """A picture or a clip: frames that say nothing about where they lie in the patient."""
    if len(headers) > 1 or (len(headers[0].frames) > 1 and not headers[0].in_time):
        count = sum(len(header.frames) for header in headers)
        raise _refused(path, f"{count} pictures that state no position", "slices with positions")
    frames = headers[0].frames
    spacing = frames[0].spacing
    geometry = Geometry.of_picture(*size, spacing and (spacing[1], spacing[0]))
    return Arrangement(
        tuple((frame,) for frame in frames),
        geometry,
        headers[0].in_time,
        headers[0].frame_seconds,
        headers[0].notes,
    )


def _common_orientation(
    path: Path, frames: Sequence[Frame]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    axes = np.array([frame.orientation for frame in frames])
    off = np.abs(axes - axes[0]).max(axis=(1, 2)) > _SAME_DIRECTION
    if off.any():
        raise _refused(
            path,
            f"mixed orientations: {int(off.sum())} of {counted(len(frames), 'slice')} are turned "
            "against the others",
            "parallel slices",
        )
    return axes[0, 0], axes[0, 1]


def _common_spacing(path: Path, frames: Sequence[Frame]) -> tuple[float, float]:
    found = [frame.spacing for frame in frames if frame.spacing is not None]
    if len(found) < len(frames):
        raise _refused(path, "slices without a pixel spacing", "a spacing for every slice")
    table = np.array(found)
    if (np.abs(table - table[0]) > _SAME_SPACING * table[0]).any():
        low, high = table.min(), table.max()
        raise _refused(path, f"pixel spacings from {low:g} to {high:g} mm", "one spacing")
    return found[0]


def _places(
    path: Path,
    frames: Sequence[Frame],
    normal: NDArray[np.float64],
    spacing: tuple[float, float],
) -> list[list[Frame]]:
    """Frames grouped by place, sorted along ``normal``; the same number at each place."""
    positions = np.array([frame.position for frame in frames])
    order = np.argsort(positions @ normal, kind="stable")
    near = _SAME_PLACE * min(spacing)
    places: list[list[int]] = []
    for index in order:
        offset = positions[index] - positions[places[-1][0]] if places else None
        if offset is None or abs(offset @ normal) > near:
            places.append([int(index)])
            continue
        if np.linalg.norm(offset) > near:
            raise _refused(
                path,
                f"two slices on one level, {np.linalg.norm(offset):.3g} mm apart within it",
                "slices behind each other",
            )
        places[-1].append(int(index))
    counts = {len(place) for place in places}
    if len(counts) > 1:
        several = sum(len(place) > 1 for place in places)
        raise _refused(
            path,
            f"{span(min(counts), max(counts))} slices at one place ({several} of {len(places)} "
            "places hold more than one)",
            "the same number at every place",
        )
    return [[frames[index] for index in place] for place in places]


def _grid(
    path: Path,
    size: tuple[int, int],
    axes: tuple[NDArray[np.float64], NDArray[np.float64]],
    spacing: tuple[float, float],
    slices: Sequence[Frame],
) -> Geometry:
    """The grid through the first frame of every place."""
    down, across = spacing
    normal = np.cross(*axes)
    positions = np.array([frame.position for frame in slices])
    if len(slices) == 1:
        thickness = slices[0].thickness
        if thickness is None:
            # Nothing tells the extent of the voxel through the plane: areas only.
            return Geometry.of_picture(*size, (across, down))
        step = normal * thickness
    else:
        step = (positions[-1] - positions[0]) / (len(slices) - 1)
        _refuse_uneven(path, positions, step, normal)
    affine = np.eye(4)
    affine[:3, 0] = axes[0] * across
    affine[:3, 1] = axes[1] * down
    affine[:3, 2] = step
    affine[:3, 3] = positions[0]
    try:
        return Geometry((*size, len(slices)), _LPS_TO_RAS @ affine, "mm", 3)
    except GeometryError as error:
        raise GeometryError(
            path, found=error.found, expected=error.expected, remedy=error.remedy
        ) from error


def _refuse_uneven(
    path: Path,
    positions: NDArray[np.float64],
    step: NDArray[np.float64],
    normal: NDArray[np.float64],
) -> None:
    """Refuse slices that do not lie on an even grid, saying whether some are missing."""
    even = positions[0] + np.arange(len(positions))[:, None] * step
    distance = float(step @ normal)
    off = np.linalg.norm(positions - even, axis=1)
    if off.max() <= _UNEVENNESS * distance:
        return
    levels = positions @ normal
    steps = np.diff(levels)
    usual = float(np.median(steps))
    widest = int(np.argmax(steps))
    missing = round(steps[widest] / usual) - 1
    whole = np.abs(steps / usual - np.rint(steps / usual)).max() <= 2 * _UNEVENNESS
    if missing > 0 and whole:
        raise _refused(
            path,
            f"a gap of {steps[widest]:.4g} mm after slice {widest + 1} of {len(positions)}, where "
            f"the others lie {usual:.4g} mm apart: {missing} or more slices are missing",
            "a complete series",
        )
    if steps.max() - steps.min() > _UNEVENNESS * distance:
        raise _refused(
            path,
            f"slices from {steps.min():.4g} to {steps.max():.4g} mm apart",
            "evenly spaced slices",
        )
    raise _refused(
        path, f"slices up to {off.max():.3g} mm off a straight line", "slices in a straight stack"
    )


def _tilt_notes(geometry: Geometry) -> tuple[Flag, ...]:
    """A tilted gantry shears the stack. The affine holds that exactly; nothing is resampled."""
    axes = geometry.affine[:3, :3]
    normal, step = np.cross(axes[:, 0], axes[:, 1]), axes[:, 2]
    cosine = abs(float(step @ normal)) / float(np.linalg.norm(step) * np.linalg.norm(normal))
    degrees = math.degrees(math.acos(min(1.0, cosine)))
    if degrees <= _STRAIGHT_DEGREES:
        return ()
    return (
        Flag(
            "sheared",
            f"The slices are sheared by {degrees:.1f} degrees (a tilted gantry): the image keeps "
            "the sheared grid as it is.",
        ),
    )


def _refused(path: Path, found: str, expected: str) -> DataError:
    return DataError(
        path,
        found=found,
        expected=expected,
        remedy="export the whole series anew, or keep only the files that belong together",
    )
