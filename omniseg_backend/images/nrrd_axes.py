"""Which of an NRRD's axes are space, time and channels, and where its grid lies.

References:
    https://teem.sourceforge.net/nrrd/format.html (kinds, space, space directions)
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.flags import Flag
from omniseg_backend.common.wording import counted
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.grids import picture_grid, unstated_orientation, volume_grid
from omniseg_backend.images.nrrd_header import NrrdHeader

Role = Literal["space", "time", "channel"]

_SPACE = ("domain", "space")
_UNSTATED = ("???", "none", "stub")
_CHANNELS = (
    "list", "scalar", "point", "vector", "covariant-vector", "normal", "2-vector", "3-vector",
    "4-vector", "3-gradient", "3-normal", "3-color", "4-color", "rgb-color", "rgba-color",
)  # fmt: skip
_COLOURS = ("rgb-color", "rgba-color", "3-color", "4-color")

#: Signs that take a world axis to RAS.
_SIGNS = {
    "right-anterior-superior": (1, 1, 1),
    "ras": (1, 1, 1),
    "left-anterior-superior": (-1, 1, 1),
    "las": (-1, 1, 1),
    "left-posterior-superior": (-1, -1, 1),
    "lps": (-1, -1, 1),
}
_MILLIMETRES = {
    "": 1.0, "mm": 1.0, "millimeter": 1.0, "millimeters": 1.0, "millimetre": 1.0, "cm": 10.0,
    "m": 1000.0, "um": 1e-3, "\u00b5m": 1e-3, "\u03bcm": 1e-3, "micron": 1e-3, "microns": 1e-3,
    "micrometer": 1e-3, "micrometre": 1e-3, "nm": 1e-6, "???": 1.0,
}  # fmt: skip
_SECONDS = {"s": 1.0, "sec": 1.0, "ms": 1e-3, "us": 1e-6}


class Grid(NamedTuple):
    """Where the voxels lie, and what was assumed."""

    geometry: Geometry
    notes: tuple[Flag, ...]


def axis_roles(header: NrrdHeader) -> tuple[Role, ...]:
    """What each axis is, the fastest first: two or three of space, at most one of the others.

    Raises:
        DataError: The header does not say, or an axis is of a kind that no image has.
    """
    count = len(header.sizes)
    kinds = [kind.lower() for kind in header.words("kinds")] or ["???"] * count
    steps = header.vectors("space directions") or [()] * count
    if len(kinds) != count or len(steps) != count:
        raise header.problem(
            f"{counted(len(kinds), 'kind')} and {counted(len(steps), 'space direction')} for "
            f"{counted(count, 'axis', 'axes')}",
            "one per axis",
        )
    roles = tuple(_role(header, axis, kinds[axis], steps[axis] is None) for axis in range(count))
    if roles.count("space") not in (2, 3) or max(map(roles.count, ("time", "channel"))) > 1:
        raise _unclear(header, f"axes of the kinds {' '.join(kinds)}")
    return roles


def _role(header: NrrdHeader, axis: int, kind: str, directionless: bool) -> Role:
    if kind == "time" or (kind == "list" and _is_sequence(header, axis)):
        return "time"
    if kind in _CHANNELS:
        return "channel"
    if kind not in (*_SPACE, *_UNSTATED):
        raise header.problem(
            f"voxels of the kind {kind!r}", "real numbers or colours, in space and time"
        )
    if not directionless:
        return "space"
    if header.sizes[axis] == 1:
        return "channel"
    raise _unclear(header, f"an axis of {header.sizes[axis]} without direction or kind")


def _is_sequence(header: NrrdHeader, axis: int) -> bool:
    """Whether a list is one of points in time: 3D Slicer's sequences say so in these places."""
    labels = header.words("labels")
    named = axis < len(labels) and labels[axis].lower() in ("time", "frame")
    return named or f"axis {axis} index values" in header.pairs


def _unclear(header: NrrdHeader, found: str) -> DataError:
    return DataError(
        header.path,
        found=found,
        expected="kinds that state two or three axes of space (domain), and which are time and "
        "channels (list, vector)",
        remedy="state the kinds in the header, or split the file",
    )


def channel_names(header: NrrdHeader, roles: tuple[Role, ...], count: int) -> tuple[str, ...]:
    """A name per channel; ``R``, ``G``, ``B`` (and ``A``) where the kind says colours."""
    kinds = [kind.lower() for kind in header.words("kinds")]
    if "channel" in roles and kinds and kinds[roles.index("channel")] in _COLOURS and count > 2:
        return tuple("RGBA"[:count])
    return ("intensity",) if count == 1 else tuple(f"channel {n}" for n in range(count))


def frame_seconds(header: NrrdHeader, roles: tuple[Role, ...]) -> float | None:
    """Seconds between frames, or None where the header does not state them."""
    if "time" not in roles:
        return None
    axis = roles.index("time")
    units, spacings = header.words("units"), header.words("spacings")
    unit = _SECONDS.get(units[axis]) if axis < len(units) else None
    points = header.pairs.get(f"axis {axis} index values", "").split()
    try:
        step = (
            float(points[1]) - float(points[0])
            if len(points) > 1
            else float(spacings[axis] if axis < len(spacings) else "nan")
        )
    except ValueError:
        return None
    return step * unit if unit and math.isfinite(step) and step > 0 else None


def grid_of(header: NrrdHeader, roles: tuple[Role, ...]) -> Grid:
    """The grid of the axes of space, in mm where the header states lengths.

    Raises:
        DataError: Directions, spacings or units contradict each other or are unknown.
        GeometryError: They describe no grid.
    """
    axes = [axis for axis, role in enumerate(roles) if role == "space"]
    shape = [header.sizes[axis] for axis in axes]
    if header.vectors("space directions"):
        return _directed(header, axes, shape)
    spacing = _spacings(header, axes)
    if spacing is None:
        if len(shape) == 2:
            picture = picture_grid(header.path, shape, np.eye(2), np.zeros(2), stated=False)
            return Grid(picture, ())
        return Grid(volume_grid(header.path, shape, np.eye(3), np.zeros(3), "px"), ())
    if len(shape) == 2:
        stated = bool(header.words("units"))
        return Grid(
            picture_grid(header.path, shape, np.diag(spacing), np.zeros(2), stated=stated), ()
        )
    steps = np.diag(spacing * np.array([-1.0, -1.0, 1.0]))
    note = unstated_orientation("The NRRD header states spacings but no directions")
    return Grid(volume_grid(header.path, shape, steps, np.zeros(3)), (note,))


def _directed(header: NrrdHeader, axes: list[int], shape: list[int]) -> Grid:
    vectors = header.vectors("space directions")
    steps = [vectors[axis] or () for axis in axes]
    name = header.fields.get("space", "").lower()
    world = len(steps[0])
    if name.endswith("-time") or name in ("rast", "last", "lpst"):
        name, world = name.removesuffix("-time").removesuffix("t"), world - 1
        if any(any(step[world:]) for step in steps):
            raise header.problem("axes that run through space and time at once", "one or other")
    origin = next(iter(header.vectors("space origin")), None) or (0.0,) * len(steps[0])
    if {len(step) for step in steps} != {len(origin)} or world != len(axes):
        raise header.problem(
            f"{counted(len(axes), 'axis', 'axes')} of space with directions of {world} and an "
            f"origin of {counted(len(origin), 'number')}",
            "as many numbers as axes of space",
        )
    scale = np.array(_scales(header, world))
    columns = np.array([step[:world] for step in steps]).T * scale[:, None]
    first = np.array(origin[:world]) * scale
    if world == 2:
        stated = bool(header.words("space units"))
        return Grid(picture_grid(header.path, shape, columns, first, stated=stated), ())
    notes: tuple[Flag, ...] = ()
    if name not in _SIGNS:
        called = f"is {name!r}" if name else "is not stated"
        notes = (unstated_orientation(f"The NRRD header's space {called}"),)
    turn = np.diag(np.array(_SIGNS.get(name, (-1, -1, 1)), float))
    return Grid(volume_grid(header.path, shape, turn @ columns, turn @ first), notes)


def _scales(header: NrrdHeader, world: int) -> list[float]:
    units = (header.words("space units") or [""] * world)[:world]
    scales = [_MILLIMETRES.get(unit) for unit in units]
    known = [scale for scale in scales if scale is not None]
    if len(known) != world:
        raise header.problem(f"the units {units}", "a known unit of length per axis, such as mm")
    return known


def _spacings(header: NrrdHeader, axes: list[int]) -> NDArray[np.float64] | None:
    """Spacings of the axes of space in mm; None where the header states none."""
    words, units = header.words("spacings"), header.words("units")
    if not words:
        return None
    try:
        spacing = np.array([float(words[axis]) for axis in axes])
        scale = np.array([_MILLIMETRES[units[axis]] if units else 1.0 for axis in axes])
    except (ValueError, IndexError, KeyError):
        raise header.problem(
            f"the spacings {words} in the units {units}", "a length per axis, in mm"
        ) from None
    if np.isnan(spacing).all():
        return None
    found: NDArray[np.float64] = spacing * scale
    if not (np.isfinite(found) & (found > 0)).all():
        raise header.problem(f"the spacings {words}", "spacings above zero")
    return found
