"""Which part of the image is segmented: a row to choose, and one for the rectangle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QSignalBlocker, Signal
from qtpy.QtWidgets import QFormLayout, QHBoxLayout, QWidget

from napari_omniseg.models.region_layers import RegionLayers
from napari_omniseg.models.scope import Scope, part_in_words, region_of, scopes_of
from napari_omniseg.widgets.controls import add_row, button, described
from napari_omniseg.widgets.eliding_box import ElidingBox
from napari_omniseg.widgets.optional_row import show_row

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Shapes

    from omniseg_backend.inference.region import Region


class ScopeRows(QObject):
    """The parts that the image has; the Shapes layers to take a rectangle from.

    Signals:
        changed: Another part, or the rectangle or the view that it is taken from changed.

    Args:
        form: Where the rows are added.
        viewer: Where the image is shown.
        parent: Their owner.
    """

    changed = Signal()

    def __init__(self, form: QFormLayout, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self._form, self._viewer = form, viewer
        self.part = add_row(
            form,
            "Pa&rt",
            ElidingBox(),
            "What of the image is segmented; the rest of the mask stays empty. All frames of a "
            "series have the same part.",
        )
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        self.shapes = described(
            ElidingBox(), "Rectangle", "The Shapes layer that the rectangle is drawn in."
        )
        self.shapes.setPlaceholderText("nothing drawn")
        self.draw = button("Draw", "Add a Shapes layer over the image to draw a rectangle in.")
        layout.addWidget(self.shapes, 1)
        layout.addWidget(self.draw)
        self.rectangle = add_row(
            form,
            "In",
            row,
            "Where the rectangle is; of several shapes, and of any other shape, the upright "
            "rectangle around them is taken.",
        )
        self.regions = RegionLayers(viewer)
        self.regions.changed.connect(self._fill_shapes)
        self.regions.drawn.connect(self._on_drawn)
        self.regions.looked_elsewhere.connect(self._on_view)
        self.part.activated.connect(self._on_part)
        self.shapes.activated.connect(self.changed)
        self._fill_shapes()
        self._show_rectangle()

    @property
    def scope(self) -> Scope:
        """The chosen part."""
        return Scope(self.part.currentData() or Scope.WHOLE)

    def show_parts(self, axes: str | None) -> None:
        """Show the parts of another image, keeping the chosen one if it has it."""
        kept = self.scope
        with QSignalBlocker(self.part):
            self.part.clear()
            for scope, words in scopes_of(axes or "yx").items():
                self.part.addItem(words[:1].upper() + words[1:], str(scope))
            self.part.setCurrentIndex(max(0, self.part.findData(str(kept))))
        self._show_rectangle()

    def choose(self, scope: Scope) -> None:
        """Choose a part as the user would."""
        place = self.part.findData(str(scope))
        if place >= 0:
            self.part.setCurrentIndex(place)
            self._on_part()

    def region(self, layer: Image, axes: str) -> Region | None:
        """The voxels of the chosen part now; None for all.

        Raises:
            UsageError: There are none.
        """
        return region_of(self.scope, self._viewer, layer, axes, self._drawn)

    @property
    def part_in_words(self) -> str:
        """The chosen part, for the end of a sentence; empty for all."""
        return part_in_words(self.scope, self._drawn)

    @property
    def _drawn(self) -> Shapes | None:
        index = self.shapes.currentIndex()
        layers = self.regions.layers
        return layers[index] if 0 <= index < len(layers) else None

    def add_shapes(self, layer: Image) -> None:
        """Add a Shapes layer over an image and let the user drag a rectangle in it."""
        added = self.regions.add_over(layer)
        self._fill_shapes()
        self.shapes.setCurrentIndex(self.regions.layers.index(added))
        self.changed.emit()

    def _on_part(self) -> None:
        self._show_rectangle()
        self.changed.emit()

    def _show_rectangle(self) -> None:
        show_row(self._form, self.rectangle, shown=self.scope is Scope.RECTANGLE)

    def _fill_shapes(self) -> None:
        kept = self.shapes.currentText()
        with QSignalBlocker(self.shapes):
            self.shapes.clear()
            self.shapes.addItems([layer.name for layer in self.regions.layers])
            place = self.shapes.findText(kept)
            self.shapes.setCurrentIndex(place if place >= 0 else self.shapes.count() - 1)
        if self.scope is Scope.RECTANGLE:
            self.changed.emit()

    def _on_drawn(self, layer: Any) -> None:  # noqa: ANN401 - a Shapes layer
        index = self.shapes.currentIndex()
        layers = self.regions.layers
        if self.scope is Scope.RECTANGLE and 0 <= index < len(layers) and layers[index] is layer:
            self.changed.emit()

    def _on_view(self) -> None:
        if self.scope is Scope.VIEW:
            self.changed.emit()
