"""A small piece of a layer, to ask what it is before any of it is computed in full."""

from __future__ import annotations

import dataclasses

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
    slices = tuple(_piece(n, letter) for n, letter in zip(snapshot.shape, axes, strict=True))
    array = snapshot.array[slices]
    origin = snapshot.origin
    if origin is not None:
        shape = tuple(map(int, array.shape[:-1] if snapshot.rgb else array.shape))
        placement = placement_of_layer(axes, shape, snapshot.transforms)
        origin = dataclasses.replace(origin, placement=placement)
    return dataclasses.replace(snapshot, array=array, origin=origin)


def _piece(length: int, letter: str) -> slice:
    if letter == "c":
        return slice(None)
    if letter == "t":
        return slice(0, 1)
    side = 1 if letter == "z" else min(length, _SIDE)
    first = (length - side) // 2
    return slice(first, first + side)
