"""Which part of an image is segmented: all, this slice, what the canvas shows, or a rectangle."""

from __future__ import annotations

import enum
import itertools
import math
from typing import TYPE_CHECKING, NoReturn

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import UsageError

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Shapes

    from omniseg_backend.inference.region import Region, Span


class Scope(enum.StrEnum):
    """The parts that can be asked for."""

    WHOLE = "whole"
    SLICE = "slice"
    VIEW = "view"
    RECTANGLE = "rectangle"


def scopes_of(axes: str) -> dict[Scope, str]:
    """The parts that an image has, in words, the usual one first.

    Args:
        axes: How the image is read.
    """
    if "z" not in axes:
        return {
            Scope.WHOLE: "the whole picture",
            Scope.VIEW: "the field of view",
            Scope.RECTANGLE: "a rectangle",
        }
    return {
        Scope.WHOLE: "the whole volume",
        Scope.SLICE: "this slice",
        Scope.VIEW: "the field of view, in this slice",
        Scope.RECTANGLE: "a rectangle, through all slices",
    }


def part_in_words(scope: Scope, shapes: Shapes | None) -> str:
    """A part as the end of a sentence; empty for all.

    Args:
        scope: The part.
        shapes: Where a rectangle is drawn.
    """
    return {
        Scope.WHOLE: "",
        Scope.SLICE: "in this slice alone",
        Scope.VIEW: "in the field of view alone",
        Scope.RECTANGLE: _box_in_words(shapes),
    }[scope]


def _box_in_words(shapes: Shapes | None) -> str:
    """What the box is of: what is drawn is not always what is segmented."""
    kinds = [] if shapes is None else list(shapes.shape_type)
    if shapes is None or not kinds:
        return "in the rectangle alone"
    if len(kinds) > 1:
        return f"in the rectangle around all {len(kinds)} shapes of {shapes.name} alone"
    if kinds[0] != "rectangle":
        return f"in the rectangle around the {kinds[0]} of {shapes.name} alone"
    if not _is_upright(np.asarray(shapes.data[0], np.float64)):
        return f"in the upright rectangle around the turned one of {shapes.name} alone"
    return "in the rectangle alone"


def _is_upright(vertices: NDArray[np.float64]) -> bool:
    """Whether every corner lies at an end of each axis of the layer that it is drawn in."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    nearest = np.minimum(vertices - low, high - vertices)
    return bool((nearest <= 0.01 * np.max(high - low)).all())


def region_of(
    scope: Scope, viewer: ViewerModel, layer: Image, axes: str, shapes: Shapes | None
) -> Region | None:
    """The voxels that a part stands for now; on the main thread, where viewers are read.

    Args:
        scope: The part.
        viewer: Where the layer is shown.
        layer: The image.
        axes: How it is read.
        shapes: Where a rectangle is drawn.

    Returns:
        The region; None for all. A series in time has the same region in every frame.

    Raises:
        UsageError: The part is not there: nothing is drawn or only a line or less than a voxel, the
            view shows none of the image.
    """
    if scope is Scope.WHOLE:
        return None
    if scope is Scope.RECTANGLE:
        low, high = _of_shapes(layer, shapes)
    else:
        if viewer.dims.ndisplay != 2:
            _refuse("a view in 3D", "one slice on the screen", "show the image in 2D")
        low, high = _of_view(viewer, layer, only_slice=scope is Scope.SLICE)
    return _region(layer, axes, low, high)


def _of_view(
    viewer: ViewerModel, layer: Image, *, only_slice: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The box that the canvas shows, in the layer's own coordinates."""
    displayed = list(viewer.dims.displayed)
    camera = viewer.scene.camera
    half = np.array(viewer.canvas.viewbox_size(viewer.layers)) / camera.zoom / 2
    corners = []
    for signs in itertools.product((-1, 1), repeat=2):
        world = np.array(viewer.dims.point, np.float64)
        world[displayed] = np.array(camera.center)[-2:] + np.array(signs) * half
        corners.append(layer.world_to_data(world))
    low, high = np.min(corners, axis=0), np.max(corners, axis=0)
    if only_slice:
        offset = viewer.dims.ndim - layer.ndim
        axes = [axis - offset for axis in displayed if axis >= offset]
        low[axes], high[axes] = -np.inf, np.inf
    hidden = [n for n in range(layer.ndim) if n + viewer.dims.ndim - layer.ndim not in displayed]
    middle = layer.world_to_data(np.array(viewer.dims.point, np.float64))
    low[hidden] = high[hidden] = np.round(np.asarray(middle)[hidden])
    return low, high


def _of_shapes(
    layer: Image, shapes: Shapes | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The box around all that is drawn; along axes in which it is flat, the whole image."""
    if shapes is None or not len(shapes.data):
        _refuse(
            "no rectangle",
            "one in a Shapes layer",
            "press Draw and drag one over the image",
        )
    if all(kind in ("line", "path") for kind in shapes.shape_type):
        _refuse("a line", "a rectangle or another shape with an inside", "draw a rectangle")
    vertices = [
        np.asarray(layer.world_to_data(shapes.data_to_world(vertex)))
        for shape in shapes.data
        for vertex in np.asarray(shape, np.float64)
    ]
    low, high = np.min(vertices, axis=0), np.max(vertices, axis=0)
    if np.count_nonzero(high - low >= 1.0) < 2:
        _refuse(
            "a shape smaller than a voxel",
            "one that is at least a voxel high and wide",
            "draw a larger one",
        )
    flat = high - low < 1e-6
    low[flat], high[flat] = -np.inf, np.inf
    return low, high


def _region(layer: Image, axes: str, low: NDArray[np.float64], high: NDArray[np.float64]) -> Region:
    from omniseg_backend.inference.region import Region  # a panel opens 30 ms sooner

    data = layer.data[0] if layer.multiscale else layer.data
    spans: dict[str, Span] = {"z": (0, 1)}
    for n, letter in enumerate(axes):
        length = int(data.shape[n])
        first = 0 if math.isinf(low[n]) else max(0, math.floor(low[n] + 0.5))
        after = length if math.isinf(high[n]) else min(length, math.ceil(high[n] + 0.5))
        if letter in "zyx" and first >= after:
            _refuse("a part outside of the image", "one that meets it", "move it over the image")
        spans[letter] = (first, after)
    return Region(spans["x"], spans["y"], spans["z"])


def _refuse(found: str, expected: str, remedy: str) -> NoReturn:
    raise UsageError("The part to segment", found=found, expected=expected, remedy=remedy)
