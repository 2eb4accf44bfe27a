"""Shapes layers that hold regions, and the view, as they change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_omniseg.bridge.transforms import LayerTransforms
from napari_omniseg.models.followed_layers import Connection, FollowedLayers

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Shapes


class RegionLayers:
    """Watches a viewer's Shapes layers and where its canvas looks.

    Signals:
        changed: A Shapes layer was added, removed or renamed.
        drawn: Something was drawn or moved in this one.
        looked_elsewhere: The view was moved or zoomed.

    Args:
        viewer: Whose; ``stop`` lets go of it.
    """

    changed = Signal()
    drawn = Signal(object)
    looked_elsewhere = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._watched: FollowedLayers[Shapes] = FollowedLayers(self._connections)
        for event in self._events():
            event.connect(self._on_list)
        for event in self._views():
            event.connect(self._on_view)
        self._watch()

    @property
    def layers(self) -> tuple[Shapes, ...]:
        """Those in the viewer, the lowest first."""
        return self._watched.layers

    def stop(self) -> None:
        """Hear no more; may be called again."""
        for event in self._events():
            event.disconnect(self._on_list)
        for event in self._views():
            event.disconnect(self._on_view)
        self._watched.follow(())

    def add_over(self, layer: Image) -> Shapes:
        """Add a Shapes layer that lies as an image does, active and ready for a rectangle."""
        attributes = LayerTransforms.of_layer(layer).as_attributes()
        added = self._viewer.add_shapes(
            ndim=layer.ndim,
            name=f"{layer.name} region",
            face_color="transparent",
            edge_color="#ffd400",
            edge_width=_stroke(layer),
            **attributes,
        )
        added.mode = "add_rectangle"
        self._viewer.layers.selection.active = added
        return added

    def _events(self) -> tuple[Any, ...]:
        events = self._viewer.layers.events
        return events.inserted, events.removed, events.reordered

    def _views(self) -> tuple[Any, ...]:
        camera = self._viewer.scene.camera.events
        dims = self._viewer.dims.events
        return camera.zoom, camera.center, dims.order, dims.ndisplay

    def _watch(self) -> None:
        from napari.layers import Shapes

        self._watched.follow([one for one in self._viewer.layers if isinstance(one, Shapes)])

    def _connections(self, layer: Shapes) -> tuple[Connection, ...]:
        return (layer.events.name, self._on_renamed), (layer.events.data, self._on_drawn)

    def _on_list(self) -> None:
        before = self.layers
        self._watch()
        if before != self.layers:
            self.changed.emit()

    def _on_renamed(self) -> None:
        self.changed.emit()

    def _on_drawn(self, event: Any) -> None:  # noqa: ANN401 - napari's Event
        self.drawn.emit(event.source)

    def _on_view(self) -> None:
        self.looked_elsewhere.emit()


def _stroke(layer: Image) -> float:
    """A line of a two-hundredth of the picture, in its pixels."""
    data = layer.data[0] if layer.multiscale else layer.data
    columns = data.shape[layer.ndim - 1]
    return max(1.0, columns / 200)
