"""A Labels layer at one moment: what is counted, measured or stored while the user goes on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_omniseg.bridge.fingerprint import fingerprint
from napari_omniseg.bridge.label_classes import as_shown
from napari_omniseg.bridge.layer_labels import (
    labels_placement,
    named_classes,
    segmentation_of,
    whole_labels,
)
from napari_omniseg.bridge.origin import LabelsOrigin, labels_origin
from napari_omniseg.bridge.placement import Placement
from napari_omniseg.bridge.transforms import LayerTransforms
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.segmentation import Segmentation

if TYPE_CHECKING:
    from napari.layers import Labels


@dataclasses.dataclass(frozen=True, eq=False)
class LabelsSnapshot:
    """Taken on the main thread; everything else may happen on another one.

    Attributes:
        name: The layer's.
        array: Its data, of a multiscale layer the finest; numpy, dask or zarr, not yet computed.
            It is the layer's own: what is painted meanwhile shows in it.
        transforms: Where it lies.
        placement: The same, with its axes and the geometry that they stand for.
        origin: What the layer remembers, if OmniSeg made it.
        metadata: All that it remembers.
        features: Its table.
        colormap: Its colours.
    """

    name: str
    array: Any
    transforms: LayerTransforms
    placement: Placement
    origin: LabelsOrigin | None
    metadata: dict[str, Any]
    features: Any
    colormap: Any

    @classmethod
    def of(cls, layer: Labels) -> LabelsSnapshot:
        """Of a layer; nothing is copied or computed.

        Raises:
            DataError: It has too many dimensions, or channels.
            GeometryError: Its transforms collapse an axis.
        """
        array = layer.data[0] if layer.multiscale else layer.data
        transforms = LayerTransforms.of_layer(layer)
        origin = labels_origin(layer.metadata)
        placement = labels_placement(layer.name, tuple(array.shape), transforms, origin)
        metadata = dict(layer.metadata)
        return cls(
            layer.name,
            array,
            transforms,
            placement,
            origin,
            metadata,
            layer.features,
            layer.colormap,
        )

    @property
    def has_time(self) -> bool:
        """Whether the first axis is time."""
        return "t" in self.placement.axes

    def frames(self) -> NDArray[np.unsignedinteger]:
        """The labels with time first: shape (time, z, y, x) or (time, y, x).

        A view of the layer's own data where its type is one that files know.

        Raises:
            DataError: A value is negative or above 65535.
        """
        labels = whole_labels(np.asarray(self.array), self.name)
        return labels if self.has_time else labels[np.newaxis]

    def as_made(self, frames: NDArray[np.unsignedinteger]) -> bool:
        """Whether labels are those that the layer was made with; false where nothing tells.

        Args:
            frames: As ``frames`` gave them.
        """
        made = None if self.origin is None else self.origin.fingerprint
        return made is not None and made == fingerprint(frames if self.has_time else frames[0])

    def copied(self) -> LabelsSnapshot:
        """The same with data of its own, if they are in memory: later painting leaves it alone."""
        if not isinstance(self.array, np.ndarray):
            return self
        return dataclasses.replace(self, array=self.array.copy(order="K"))

    def classes(self, values: Iterable[int]) -> ClassTable:
        """The classes that the layer names, and ``class N`` for each other value that occurs.

        Those of a layer that is not ours have the colours that it shows. Ours gives new values
        their colours after this, so that it has none yet.
        """
        if self.origin is not None:
            return named_classes(self.origin.classes.entries, values, {"features": self.features})
        attributes = {"features": self.features, "colormap": self.colormap}
        return as_shown(named_classes((), values, attributes), attributes)

    def segmentation(self) -> Segmentation:
        """The segmentation that it holds.

        Raises:
            DataError: It holds a value that no file can.
        """
        attributes = self.transforms.as_attributes()
        kept = {"name": self.name, "metadata": self.metadata, "features": self.features}
        return segmentation_of(self.array, {**attributes, **kept})
