"""Tells when the labels of a layer may have changed: painted, filled, undone, replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal

if TYPE_CHECKING:
    from napari.components import Dims
    from napari.layers import Labels

_WHERE = ("point", "order", "ndisplay")
#: What is undone in a hidden layer is not drawn; what is moved or scaled has another size.
_CHANGES = ("paint", "data", "visible", "scale", "rotate", "shear", "affine", "units")


class LayerWatch:
    """Listens to one layer at a time.

    napari tells of strokes, fills and ``data_setitem`` (``paint``) and of new data (``data``). Of
    undo and redo it only tells that the picture was drawn anew (``set_data``), as it does when
    the user goes to another slice: what is drawn anew in the same place may have changed.

    Signals:
        changed: The labels, or their size, may be others.
        moved: The user went elsewhere, perhaps to another time point.
    """

    changed = Signal()
    moved = Signal()

    def __init__(self, dims: Dims) -> None:
        self._dims = dims
        self._layer: Labels | None = None
        self._place = self._where()
        dims.events.point.connect(self._on_dims)

    def watch(self, layer: Labels | None) -> None:
        """Listen to this layer, and to the last one no longer."""
        if self._layer is not None:
            for name in _CHANGES:
                getattr(self._layer.events, name).disconnect(self._on_change)
            self._layer.events.set_data.disconnect(self._on_drawn)
        self._layer = layer
        self._place = self._where()
        if layer is not None:
            for name in _CHANGES:
                getattr(layer.events, name).connect(self._on_change)
            layer.events.set_data.connect(self._on_drawn)

    def close(self) -> None:
        """Listen no longer."""
        self.watch(None)
        self._dims.events.point.disconnect(self._on_dims)

    def _where(self) -> tuple[object, ...]:
        return tuple(getattr(self._dims, name) for name in _WHERE)

    def _on_change(self) -> None:
        self.changed.emit()

    def _on_drawn(self) -> None:
        place = self._where()
        if place == self._place:
            self.changed.emit()
        self._place = place

    def _on_dims(self) -> None:
        self.moved.emit()
