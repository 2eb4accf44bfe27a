"""Takes the viewer to a component of a class, and on to the next one."""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

from napari_omniseg.models.class_spots import Spot, spots_of
from napari_omniseg.models.labels_snapshot import LabelsSnapshot
from omniseg_backend.common.progress import Cancel, Progress

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Labels


@dataclasses.dataclass(frozen=True, eq=False)
class Destination:
    """Where a class is.

    Attributes:
        layer: The layer.
        value: The class.
        spots: Its components, the largest first.
    """

    layer: weakref.ref[Labels]
    value: int
    spots: tuple[Spot, ...]


class Flight:
    """Remembers what it flew to last: the same class once more is its next component."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._last: tuple[weakref.ref[Labels], int] | None = None
        self._step = 0

    def search(
        self, layer: Labels, value: int, frame: int
    ) -> Callable[[Progress, Cancel], Destination]:
        """The work of finding a class, for another thread.

        Raises:
            DataError: The layer has too many dimensions, or channels.
        """
        snapshot, reference = LabelsSnapshot.of(layer), weakref.ref(layer)

        def work(progress: Progress, cancel: Cancel) -> Destination:
            return Destination(reference, value, spots_of(snapshot.frames(), value, frame, cancel))

        return work

    def land(self, destination: Destination) -> str:
        """Go there: the slice with the most of it, its box in the middle of the picture.

        Returns:
            What the user is shown, a sentence; empty if the layer is gone.
        """
        layer = destination.layer()
        if layer is None or layer not in self._viewer.layers:
            return ""
        spots = destination.spots
        if not spots:
            return "None found: there is nothing to go to."
        here = (destination.layer, destination.value)
        self._step = self._step + 1 if here == self._last else 0
        self._last = here
        place = self._step % len(spots)
        self._go(layer, spots[place])
        if len(spots) == 1:
            return ""
        return f"Component {place + 1} of {len(spots)}, by size; again for the next."

    def _go(self, layer: Labels, spot: Spot) -> None:
        dims = self._viewer.dims
        shift = dims.ndim - layer.ndim
        time = layer.ndim - len(spot.centre)  # 1 where the first axis is time
        shown = [axis - shift - time for axis in dims.displayed]
        point = [
            centre if axis in shown else float(widest)
            for axis, (centre, widest) in enumerate(zip(spot.centre, spot.widest, strict=True))
        ]
        world = layer.data_to_world([*[float(spot.frame)] * time, *point])
        elsewhere = [axis for axis in dims.not_displayed if axis >= shift]
        dims.set_point(elsewhere, [world[axis - shift] for axis in elsewhere])
        middle = [world[axis - shift] if axis >= shift else 0.0 for axis in dims.displayed]
        self._viewer.scene.camera.center = (*[0.0] * (3 - len(middle)), *middle)
