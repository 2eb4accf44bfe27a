"""The Image layers of a viewer that can be segmented, as they come, go and are renamed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_omniseg.bridge.labels_layer import is_uncertainty
from napari_omniseg.models.followed_layers import Connection, FollowedLayers

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image


class ImageLayers:
    """Watches a viewer's layer list.

    Signals:
        changed: A layer was added, removed, moved or renamed.
        activated: The user made this Image layer the active one.
        data_changed: This Image layer holds other data or lies elsewhere.

    Args:
        viewer: Whose; ``stop`` lets go of it.
    """

    changed = Signal()
    activated = Signal(object)
    data_changed = Signal(object)

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._watched: FollowedLayers[Image] = FollowedLayers(self._connections)
        events = viewer.layers.events
        events.inserted.connect(self._on_list_changed)
        events.removed.connect(self._on_list_changed)
        events.reordered.connect(self._on_list_changed)
        viewer.layers.selection.events.active.connect(self._on_active)
        self._watch()

    @property
    def layers(self) -> tuple[Image, ...]:
        """Those in the viewer, the topmost first."""
        return self._watched.layers

    @property
    def active(self) -> Image | None:
        """The active layer if it is an Image."""
        layer = self._viewer.layers.selection.active
        return layer if layer in self._watched.layers else None

    def stop(self) -> None:
        """Hear no more; may be called again."""
        events = self._viewer.layers.events
        events.inserted.disconnect(self._on_list_changed)
        events.removed.disconnect(self._on_list_changed)
        events.reordered.disconnect(self._on_list_changed)
        self._viewer.layers.selection.events.active.disconnect(self._on_active)
        self._watched.follow(())

    def _watch(self) -> None:
        from napari.layers import Image

        found = [
            layer
            for layer in reversed(self._viewer.layers)
            if isinstance(layer, Image) and not is_uncertainty(layer.metadata)
        ]
        self._watched.follow(found)

    def _connections(self, layer: Image) -> tuple[Connection, ...]:
        return (
            (layer.events.name, self._on_renamed),
            *((event, self._on_data) for event in _moving(layer)),
        )

    def _on_list_changed(self) -> None:
        self._watch()
        self.changed.emit()

    def _on_renamed(self) -> None:
        self.changed.emit()

    def _on_data(self, event: Any) -> None:  # noqa: ANN401 - napari's Event
        self.data_changed.emit(event.source)

    def _on_active(self) -> None:
        layer = self.active
        if layer is not None:
            self.activated.emit(layer)


def _moving(layer: Image) -> tuple[Any, ...]:
    events = layer.events
    return (
        events.data,
        events.scale,
        events.translate,
        events.rotate,
        events.shear,
        events.affine,
        events.units,
        events.axis_labels,
    )
