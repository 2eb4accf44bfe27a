"""The figures of one layer at a time, kept up with what is painted in it."""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

from napari_omniseg.bridge.origin import labels_origin
from napari_omniseg.models.class_counts import ClassCounter
from napari_omniseg.models.class_rows import ClassRows, RunBaseline, first_rows, rows_of
from napari_omniseg.models.labels_snapshot import LabelsSnapshot
from napari_omniseg.models.view_place import ViewPlace
from omniseg_backend.common.progress import Cancel, Progress

if TYPE_CHECKING:
    from napari.components import Dims
    from napari.layers import Labels


@dataclasses.dataclass(frozen=True, eq=False)
class Figures:
    """What was counted in a layer.

    Attributes:
        rows: The table.
        layer: Whose.
    """

    rows: ClassRows
    layer: weakref.ref[Labels]


@dataclasses.dataclass(frozen=True, eq=False)
class _Known:
    """What is remembered of a layer while it lives, so that going back to it costs little."""

    counter: ClassCounter
    baseline: RunBaseline


class ResultFigures:
    """Prepares counts of the layer that is followed; never changes anything in a layer."""

    def __init__(self, dims: Dims) -> None:
        self._dims = dims
        self._layer: Labels | None = None
        self._known: weakref.WeakKeyDictionary[Labels, _Known] = weakref.WeakKeyDictionary()

    def follow(self, layer: Labels | None) -> ClassRows:
        """Speak of this layer from now on.

        Returns:
            What its run said of it, to be shown until it is counted.

        Raises:
            DataError: It has too many dimensions, or channels.
            GeometryError: Its transforms collapse an axis.
        """
        self._layer = None
        if layer is None:
            return ClassRows()
        rows = first_rows(LabelsSnapshot.of(layer)) or ClassRows()
        self._layer = layer
        if layer not in self._known:
            origin = labels_origin(layer.metadata)
            baseline = RunBaseline(() if origin is None else origin.results)
            self._known[layer] = _Known(ClassCounter(), baseline)
        return rows

    @property
    def follows(self) -> bool:
        """Whether there is a layer that can be counted."""
        return self._layer is not None

    def count(self) -> Callable[[Progress, Cancel], Figures]:
        """The work of counting the layer as it is now, for another thread.

        Raises:
            DataError: As for ``follow``.
            GeometryError: As for ``follow``.
        """
        assert self._layer is not None
        snapshot = LabelsSnapshot.of(self._layer)
        layer, known = weakref.ref(self._layer), self._known[self._layer]

        def work(progress: Progress, cancel: Cancel) -> Figures:
            frames = snapshot.frames()
            counts = known.counter.count(frames, cancel)
            if not known.baseline.settled:
                known.baseline.see(counts, as_made=snapshot.as_made(frames))
            return Figures(rows_of(snapshot, counts, known.baseline), layer)

        return work

    def holds(self, figures: Figures) -> bool:
        """Whether figures are those of the layer that is followed now."""
        return figures.layer() is self._layer

    @property
    def frame(self) -> int:
        """The time point that the viewer shows, 0 where there is no time."""
        if self._layer is None:
            return 0
        return ViewPlace.of(self._dims, self._layer, LabelsSnapshot.of(self._layer)).frame
