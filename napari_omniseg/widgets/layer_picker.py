"""A list of the viewer's Image layers to choose one from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QWidget

from napari_omniseg.models.image_layers import ImageLayers
from napari_omniseg.widgets.eliding_box import ElidingBox

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image


class LayerPicker(ElidingBox):
    """Follows the layer list, and the active layer wherever that is an Image.

    Signals:
        layer_changed: Another layer is chosen; None if there is none any more.
        layer_edited: The chosen layer holds other data or lies elsewhere.

    Args:
        viewer: Whose layers.
        parent: Its owner.
    """

    layer_changed = Signal(object)
    layer_edited = Signal()

    def __init__(self, viewer: ViewerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText("no image is open")
        self.watcher = ImageLayers(viewer)
        self.watcher.changed.connect(self._fill)
        self.watcher.activated.connect(self.choose)
        self.watcher.data_changed.connect(self._on_data)
        self.layer: Image | None = None
        self._fill()
        if self.watcher.active is not None:
            self.choose(self.watcher.active)
        self.currentIndexChanged.connect(self._on_index)

    def choose(self, layer: Image) -> None:
        """Choose one of the viewer's Image layers."""
        if layer in self.watcher.layers:
            self.setCurrentIndex(self.watcher.layers.index(layer))

    def _fill(self) -> None:
        layers = self.watcher.layers
        with QSignalBlocker(self):
            self.clear()
            self.addItems([layer.name for layer in layers])
            if self.layer in layers:
                self.setCurrentIndex(layers.index(self.layer))
            else:
                self.setCurrentIndex(0 if layers else -1)
        self.setEnabled(bool(layers))
        self._on_index(self.currentIndex())

    def _on_index(self, index: int) -> None:
        layers = self.watcher.layers
        layer = layers[index] if 0 <= index < len(layers) else None
        if layer is not self.layer:
            self.layer = layer
            self.layer_changed.emit(layer)

    def _on_data(self, layer: Image) -> None:
        if layer is self.layer:
            self.layer_edited.emit()
