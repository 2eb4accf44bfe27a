"""Filling and smoothing a class of a layer: computed elsewhere, applied so that undo undoes it."""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from napari_omniseg.models.labels_snapshot import LabelsSnapshot
from napari_omniseg.models.mask_edits import holes_filled, smoothed
from napari_omniseg.models.view_place import ViewPlace
from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.common.progress import Cancel, Progress, check_cancel
from omniseg_backend.common.wording import counted

if TYPE_CHECKING:
    from napari.layers import Labels

Kind = Literal["fill", "smooth"]


@dataclasses.dataclass(frozen=True)
class CorrectionRequest:
    """What the user asks for.

    Attributes:
        kind: Fill the holes, or smooth the border.
        value: The class.
        whole: In the whole volume of this time point; otherwise in the slice that is shown.
        width: How far smoothing reaches, in millimetres, in pixels where there are none.
    """

    kind: Kind
    value: int
    whole: bool
    width: float


@dataclasses.dataclass(frozen=True, eq=False)
class Correction:
    """Voxels of a layer that shall change.

    Attributes:
        layer: The layer.
        indices: Per axis of the layer.
        before: What the voxels were when it was computed.
        after: What they shall become.
    """

    layer: weakref.ref[Labels]
    indices: tuple[NDArray[np.intp], ...]
    before: NDArray[np.unsignedinteger]
    after: NDArray[np.unsignedinteger]


def correction(
    layer: Labels, snapshot: LabelsSnapshot, place: ViewPlace, request: CorrectionRequest
) -> Callable[[Progress, Cancel], Correction]:
    """The work of a correction, for another thread; nothing is changed yet.

    Args:
        layer: What shall be corrected.
        snapshot: Of it.
        place: Where the viewer stands in it.
        request: What is asked for.

    Raises:
        DataError: The layer cannot be changed.
        UsageError: The slice that is shown is asked for where none is shown.
    """
    _refuse_unchangeable(layer)
    reference = weakref.ref(layer)
    frame, plane = _where(place, request, snapshot)
    key = tuple(slice(None) if at is None else at for at in plane)
    kept = [axis for axis, at in enumerate(plane) if at is None]
    sizes = snapshot.placement.geometry.spacing[: len(plane)][::-1]
    spacing = [float(sizes[axis]) for axis in kept]

    def work(progress: Progress, cancel: Cancel) -> Correction:
        labels = snapshot.frames()[frame][key].copy()
        check_cancel(cancel, "the correction")
        if request.kind == "fill":
            found, after = holes_filled(labels, request.value)
        else:
            found, after = smoothed(labels, request.value, spacing, request.width)
        full = [np.full(len(after), 0 if at is None else at, np.intp) for at in plane]
        for axis, indices in zip(kept, found, strict=True):
            full[axis] = indices
        time = [np.full(len(after), frame, np.intp)] if snapshot.has_time else []
        return Correction(reference, (*time, *full), labels[found], after)

    return work


def apply(correction: Correction) -> str:
    """Change the layer, as one step of its own undo history.

    A voxel that is no longer what it was when the correction was computed, since somebody
    painted it meanwhile, is left alone.

    Returns:
        What was done, a sentence; empty if the layer is gone.
    """
    layer = correction.layer()
    if layer is None:
        return ""
    untouched = layer.data[correction.indices] == correction.before
    indices = tuple(axis[untouched] for axis in correction.indices)
    after = correction.after[untouched]
    if not len(after):
        return "Nothing to change: it is so already."
    layer.data_setitem(indices, after)
    grown = int(np.count_nonzero(after))
    gone = len(after) - grown
    parts = [f"{counted(grown, 'voxel')} added"] if grown else []
    parts += [f"{counted(gone, 'voxel')} taken away"] if gone else []
    return f"{' and '.join(parts)}; Ctrl+Z undoes it."


def _where(
    place: ViewPlace, request: CorrectionRequest, snapshot: LabelsSnapshot
) -> tuple[int, tuple[int | None, ...]]:
    """The time point, and per spatial axis the slice, None where all of it is meant."""
    if not request.whole and len(place.displayed) != 2:
        raise UsageError(
            snapshot.name,
            found="the view in three dimensions, where no slice is shown",
            expected="a slice",
            remedy="correct the whole volume, or go back to slices",
        )
    plane = (None,) * len(place.plane) if request.whole else place.plane
    lengths = snapshot.array.shape[len(place.axes) - len(plane) :]
    inside = all(at is None or 0 <= at < n for at, n in zip(plane, lengths, strict=True))
    frames = snapshot.array.shape[0] if snapshot.has_time else 1
    if not inside or not 0 <= place.frame < frames:
        raise UsageError(
            snapshot.name,
            found="a slice outside of these labels",
            expected="one that they reach",
            remedy="click the class to go to it",
        )
    return place.frame, plane


def _refuse_unchangeable(layer: Labels) -> None:
    changeable = isinstance(layer.data, np.ndarray) and layer.data.flags.writeable
    if layer.multiscale or not changeable or not layer.editable:
        raise DataError(
            layer.name,
            found="labels that cannot be changed (on disk, in several resolutions, or locked)",
            expected="labels in memory",
            remedy="duplicate the layer, or unlock it",
        )
