"""Which Labels layer a panel speaks of: it follows the active layer, adding and removing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Labels
from psygnal import Signal

from napari_omniseg.bridge.origin import labels_origin

if TYPE_CHECKING:
    from napari.components import LayerList
    from napari.layers import Layer


class LabelsChoice:
    """The Labels layers of a viewer, and the one that was chosen.

    Signals:
        listed: The layers that can be chosen, or their names, are others than before.
        chosen: Another layer, or none, is the chosen one.
    """

    listed = Signal()
    chosen = Signal()

    def __init__(self, layers: LayerList) -> None:
        self._layers = layers
        self._layer: Labels | None = None
        layers.events.inserted.connect(self._on_layers)
        layers.events.removed.connect(self._on_layers)
        layers.events.reordered.connect(self._on_layers)
        layers.selection.events.active.connect(self._on_active)
        for layer in layers:
            self._follow_name(layer)
        self._choose(self._first())

    @property
    def layer(self) -> Labels | None:
        """The chosen layer; None where there is no Labels layer."""
        return self._layer

    @property
    def layers(self) -> tuple[Labels, ...]:
        """All that can be chosen: what OmniSeg made first, the topmost of each kind first."""
        found = [layer for layer in reversed(self._layers) if isinstance(layer, Labels)]
        return tuple(sorted(found, key=lambda layer: labels_origin(layer.metadata) is None))

    def choose(self, layer: Labels) -> None:
        """Choose a layer; one that was removed is passed over."""
        if layer in self._layers:
            self._choose(layer)

    def close(self) -> None:
        """Listen no longer."""
        self._layers.events.inserted.disconnect(self._on_layers)
        self._layers.events.removed.disconnect(self._on_layers)
        self._layers.events.reordered.disconnect(self._on_layers)
        self._layers.selection.events.active.disconnect(self._on_active)
        for layer in self._layers:
            layer.events.name.disconnect(self._on_name)

    def _choose(self, layer: Labels | None) -> None:
        if layer is not self._layer:
            self._layer = layer
            self.chosen.emit()

    def _first(self) -> Labels | None:
        return self._active() or next(iter(self.layers), None)

    def _active(self) -> Labels | None:
        """The active layer if it holds labels.

        A viewer that napari hands to plugins wraps what it is asked for, anew each time, so that
        a layer is not itself; what it lists it does not wrap.
        """
        active = self._layers.selection.active
        return next((layer for layer in self.layers if layer == active), None)

    def _follow_name(self, layer: Layer) -> None:
        layer.events.name.disconnect(self._on_name)  # or it would be told twice
        layer.events.name.connect(self._on_name)

    def _on_layers(self) -> None:
        for layer in self._layers:
            self._follow_name(layer)
        self.listed.emit()
        if self._layer is None or self._layer not in self._layers:
            self._choose(self._first())

    def _on_active(self) -> None:
        active = self._active()
        if active is not None:
            self.choose(active)

    def _on_name(self) -> None:
        self.listed.emit()
