"""A small piece of a layer, to ask what it is before any of it is computed in full."""

from __future__ import annotations

import dataclasses

import numpy as np

from napari_omniseg.bridge.layer_image import LayerSnapshot
from napari_omniseg.bridge.placement import placement_of_layer

#: Longest side of the piece; a network sees 256 to 512 pixels.
_SIDE = 512


def sample_of(snapshot: LayerSnapshot, axes: str) -> LayerSnapshot:
    """The middle of the middle slice of the first frame, as a layer of its own.

    It has the layer's type, channels, spacing and directions, but lies elsewhere.

    Args:
        snapshot: A layer; of a lazy one only the piece is computed.
        axes: How it is read.
    """
    return _cut(snapshot, axes, [_piece(n, letter) for n, letter in zip_axes(snapshot, axes)])


def stand_in(snapshot: LayerSnapshot, axes: str) -> LayerSnapshot:
    """A layer of the same size and type that holds one value and takes no memory.

    For what depends on the size alone, where the layer itself is lazy.
    """
    del axes
    dtype = np.dtype(snapshot.array.dtype)
    array = np.broadcast_to(np.zeros((), dtype), tuple(map(int, snapshot.array.shape)))
    return dataclasses.replace(snapshot, array=array)


def zip_axes(snapshot: LayerSnapshot, axes: str) -> list[tuple[int, str]]:
    """Each dimension's length with its letter."""
    return list(zip(snapshot.shape, axes, strict=True))


def _piece(length: int, letter: str) -> slice:
    if letter == "c":
        return slice(None)
    if letter == "t":
        return slice(0, 1)
    side = 1 if letter == "z" else min(length, _SIDE)
    first = (length - side) // 2
    return slice(first, first + side)


def _cut(snapshot: LayerSnapshot, axes: str, slices: list[slice]) -> LayerSnapshot:
    array = snapshot.array[tuple(slices)]
    origin = snapshot.origin
    if origin is not None:
        shape = array.shape[:-1] if snapshot.rgb else array.shape
        placement = placement_of_layer(axes, tuple(map(int, shape)), snapshot.transforms)
        origin = dataclasses.replace(origin, placement=placement)
    return dataclasses.replace(snapshot, array=array, origin=origin)
