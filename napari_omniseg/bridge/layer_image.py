"""An Image of a napari Image layer, and the layer of an Image."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_omniseg.bridge.axes import possible_axes
from napari_omniseg.bridge.layer_data import LayerData
from napari_omniseg.bridge.origin import METADATA_KEY, ImageOrigin, image_origin
from napari_omniseg.bridge.placement import (
    Placement,
    placement_of_geometry,
    placement_of_layer,
)
from napari_omniseg.bridge.transforms import LayerTransforms
from omniseg_backend.common.errors import ResourceError
from omniseg_backend.common.platform import available_memory
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import UNKNOWN, ModalityStatement

if TYPE_CHECKING:
    from napari.layers import Image as ImageLayer


@dataclasses.dataclass(frozen=True, eq=False)
class LayerSnapshot:
    """An Image layer at one moment: what a run works on while the user goes on.

    Taken on the main thread; everything else may happen on another one.

    Attributes:
        name: The layer's.
        array: Its data, of a multiscale layer the finest; numpy, dask or zarr, not yet computed.
        rgb: Whether colours come last.
        transforms: Where it lies.
        origin: What the layer remembers of its file, if OmniSeg read it.
    """

    name: str
    array: Any
    rgb: bool
    transforms: LayerTransforms
    origin: ImageOrigin | None

    @classmethod
    def of(cls, layer: ImageLayer) -> LayerSnapshot:
        """Of a layer; nothing is copied or computed."""
        array = layer.data[0] if layer.multiscale else layer.data
        transforms = LayerTransforms.of_layer(layer)
        return cls(layer.name, array, bool(layer.rgb), transforms, image_origin(layer.metadata))

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array without colours."""
        shape = tuple(int(length) for length in self.array.shape)
        return shape[:-1] if self.rgb else shape

    def readings(self) -> tuple[str, ...]:
        """What its axes can be, the likeliest first; only one where its reader knew.

        Raises:
            DataError: It has too few or too many dimensions.
        """
        if self.origin is not None and len(self.origin.placement.axes) == len(self.shape):
            return (self.origin.placement.axes,)
        transforms = self.transforms
        return possible_axes(
            self.name, len(self.shape), transforms.axis_labels, transforms.units, rgb=self.rgb
        )

    def placement(self, axes: str) -> Placement:
        """Where it lies, read with these axes; exactly what its file said while nobody moved it.

        Raises:
            GeometryError: Its transforms collapse an axis.
        """
        known = None if self.origin is None else self.origin.placement
        if known is not None and known.axes == axes and known.still_holds(self.transforms):
            return known
        return placement_of_layer(axes, self.shape, self.transforms)


def image_of(
    snapshot: LayerSnapshot, axes: str, *, modality: ModalityStatement | None = None
) -> Image:
    """The Image of a layer; computes it where the layer is lazy.

    Args:
        snapshot: The layer.
        axes: One of ``snapshot.readings()``.
        modality: What the user says it shows; otherwise what its file said.

    Returns:
        The image, whose array is a view of the layer's where that was in memory.

    Raises:
        GeometryError: The layer's transforms collapse an axis.
        ResourceError: A lazy layer does not fit into memory.
    """
    refuse_beyond_memory(snapshot)
    origin = snapshot.origin
    placement = snapshot.placement(axes)
    array = _ordered(np.asarray(snapshot.array), axes, rgb=snapshot.rgb)
    array, names = _channels(array, origin, rgb=snapshot.rgb)
    said = modality if modality is not None else (UNKNOWN if origin is None else origin.modality)
    return Image(
        array,
        placement.geometry,
        names,
        said,
        snapshot.name if origin is None else origin.name,
        has_time="t" in axes,
        frame_seconds=None if origin is None else origin.frame_seconds,
        source=None if origin is None or placement is not origin.placement else origin.source,
        notes=() if origin is None else origin.notes,
        provenance=None if origin is None else origin.provenance,
    )


def layer_of(image: Image, path: str | None = None) -> LayerData:
    """The Image layer of an Image; its array is a view, nothing is turned or copied.

    Args:
        image: What was read.
        path: Where from.
    """
    colours = _has_colours(image)
    has_channels = image.channels > 1 and not colours
    placement = placement_of_geometry(
        image.geometry,
        has_time=image.has_time,
        has_channels=has_channels,
        frame_seconds=image.frame_seconds,
    )
    array = image.array.transpose(0, 1, 4, 3, 2)  # time, channel, z, y, x
    if image.geometry.dimensions == 2:
        array = array[:, :, 0]
    if colours:
        array = np.moveaxis(array, 1, -1)
    elif not has_channels:
        array = array[:, 0]
    if not image.has_time:
        array = array[0]
    origin = ImageOrigin(
        placement=placement,
        channel_names=image.channel_names,
        modality=image.modality,
        name=image.name,
        path=path,
        frame_seconds=image.frame_seconds,
        source=image.source,
        notes=image.notes,
        provenance=image.provenance,
    )
    attributes = {
        "name": image.name,
        "rgb": colours,
        "metadata": {METADATA_KEY: origin},
        **placement.transforms.as_attributes(),
    }
    return LayerData(array, attributes, "image")


def _has_colours(image: Image) -> bool:
    """Whether napari can show the channels as red, green and blue."""
    named = image.channel_names == ("R", "G", "B")
    return named and image.array.dtype in (np.uint8, np.uint16)


def _ordered(array: NDArray[Any], axes: str, *, rgb: bool) -> NDArray[Any]:
    """Turn the layer's array to (time, channel, i, j, k); a view."""
    letters = axes + "c" if rgb else axes
    for missing in "tczyx":
        if missing not in letters:
            array, letters = array[np.newaxis], missing + letters
    return array.transpose([letters.index(letter) for letter in "tcxyz"])


def _channels(
    array: NDArray[Any], origin: ImageOrigin | None, *, rgb: bool
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """The channels and their names; napari's fourth colour, opacity, is no channel of an image."""
    if rgb:
        return array[:, :3], ("R", "G", "B")
    count = array.shape[1]
    if origin is not None and len(origin.channel_names) == count:
        return array, origin.channel_names
    if count == 1:
        return array, ("intensity",)
    return array, tuple(f"channel {index}" for index in range(count))


def refuse_beyond_memory(snapshot: LayerSnapshot) -> None:
    """Refuse a lazy array that would fill the memory, before any of it is computed.

    Raises:
        ResourceError: It would.
    """
    if isinstance(snapshot.array, np.ndarray):
        return
    needed = int(np.prod(snapshot.array.shape)) * np.dtype(snapshot.array.dtype).itemsize
    free = available_memory()
    if needed > free:
        raise ResourceError(
            snapshot.name,
            found=f"{free / 1e9:.1f} GB of free memory",
            expected=f"{needed / 1e9:.1f} GB for the whole layer",
            remedy="crop the layer, or use a coarser level of it",
        )
