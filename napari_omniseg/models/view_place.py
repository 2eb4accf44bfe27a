"""Where the viewer stands, in indices of one layer."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from napari_omniseg.models.labels_snapshot import LabelsSnapshot

if TYPE_CHECKING:
    from napari.components import Dims
    from napari.layers import Labels


@dataclasses.dataclass(frozen=True)
class ViewPlace:
    """The slice that is shown.

    Attributes:
        axes: A letter for each of the layer's axes.
        index: Of the nearest voxel along each, which may lie outside of the layer.
        displayed: Letters of the axes that lie in the picture.
    """

    axes: str
    index: tuple[int, ...]
    displayed: str

    @classmethod
    def of(cls, dims: Dims, layer: Labels, snapshot: LabelsSnapshot) -> ViewPlace:
        """Where the viewer stands in a layer.

        Args:
            dims: The viewer's; its last axes are the layer's.
            layer: The layer.
            snapshot: Of the same layer.
        """
        axes = snapshot.placement.axes
        shift = dims.ndim - layer.ndim
        here = layer.world_to_data(dims.point[shift:])
        displayed = "".join(axes[axis - shift] for axis in dims.displayed if axis >= shift)
        return cls(axes, tuple(round(float(at)) for at in here), displayed)

    @property
    def frame(self) -> int:
        """The time point, 0 where there is no time."""
        return self.index[self.axes.index("t")] if "t" in self.axes else 0

    @property
    def plane(self) -> tuple[int | None, ...]:
        """Per spatial axis the slice that is shown, None along the picture's own axes."""
        return tuple(
            None if letter in self.displayed else at
            for letter, at in zip(self.axes, self.index, strict=True)
            if letter != "t"
        )
