"""Layers whose voxels lie on disk or are still to be computed."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from napari_omniseg.bridge.layer_image import LayerSnapshot, refuse_beyond_memory
from omniseg_backend.common.progress import Cancel, Progress, check_cancel


def load(snapshot: LayerSnapshot, progress: Progress, cancel: Cancel) -> LayerSnapshot:
    """The layer with its voxels in memory, read piece by piece; itself where they already are.

    Args:
        snapshot: A layer.
        progress: Told how much is read.
        cancel: Looked at before every piece.

    Raises:
        ResourceError: It does not fit into memory.
        CancelledError: The user cancelled.
    """
    if isinstance(snapshot.array, np.ndarray):
        return snapshot
    refuse_beyond_memory(snapshot)
    source = snapshot.array
    length, step = int(source.shape[0]), _step(source)
    loaded = np.empty(tuple(map(int, source.shape)), np.dtype(source.dtype))
    for first in range(0, length, step):
        check_cancel(cancel, snapshot.name)
        progress("reading the layer", first / length)
        loaded[first : first + step] = np.asarray(source[first : first + step])
    return dataclasses.replace(snapshot, array=loaded)


def stand_in(snapshot: LayerSnapshot) -> LayerSnapshot:
    """A layer of the same shape and type that holds zeros and takes no memory.

    For what depends on the size alone; itself where the voxels are in memory.
    """
    if isinstance(snapshot.array, np.ndarray):
        return snapshot
    zero = np.zeros((), np.dtype(snapshot.array.dtype))
    shape = tuple(map(int, snapshot.array.shape))
    return dataclasses.replace(snapshot, array=np.broadcast_to(zero, shape))


def _step(source: Any) -> int:  # noqa: ANN401 - dask, zarr and what else napari shows
    """Length of a stored piece along the first axis: less would read every piece several times."""
    chunks = getattr(source, "chunks", None)
    if not chunks:
        return 1
    first = chunks[0]  # dask has all lengths, zarr one
    return max(1, int(max(first) if isinstance(first, tuple) else first))
