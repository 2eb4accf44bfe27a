"""A Segmentation of a Labels layer, as it is now: corrected, painted or just made."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_omniseg.bridge.axes import possible_axes
from napari_omniseg.bridge.fingerprint import fingerprint
from napari_omniseg.bridge.label_classes import as_shown, classes_of_features
from napari_omniseg.bridge.origin import LabelsOrigin, labels_origin
from napari_omniseg.bridge.placement import Placement, placement_of_layer
from napari_omniseg.bridge.transforms import LayerTransforms
from omniseg_backend.common.errors import DataError
from omniseg_backend.common.provenance import Provenance
from omniseg_backend.images.classes import ClassEntry, ClassTable, palette_colour
from omniseg_backend.images.segmentation import Segmentation, values_present

if TYPE_CHECKING:
    from napari.layers import Labels


def segmentation_of_layer(layer: Labels) -> Segmentation:
    """The segmentation that a Labels layer holds now.

    Raises:
        DataError: It holds a value that no file can, or has too many dimensions.
        GeometryError: Its transforms collapse an axis.
    """
    data = layer.data[0] if layer.multiscale else layer.data
    return segmentation_of(data, {**_attributes(layer), "name": layer.name})


def segmentation_of(data: Any, attributes: Mapping[str, Any]) -> Segmentation:  # noqa: ANN401
    """The segmentation of a Labels layer's data and attributes, as napari hands them to writers.

    The geometry is the image's own while nobody moved the layer. Values that no class names are
    called ``class N``; colours are those that the layer shows. Provenance says so where labels were
    changed since the run.

    Args:
        data: Whole numbers; numpy, dask or zarr.
        attributes: The layer's, with ``metadata`` and the transforms.

    Raises:
        DataError: A value is negative or above 65535, or there are too many dimensions.
        GeometryError: The transforms collapse an axis.
    """
    name = str(attributes.get("name", "labels"))
    array = whole_labels(np.asarray(data), name)
    transforms = LayerTransforms.of_attributes(attributes, dimensions=array.ndim)
    origin = labels_origin(attributes.get("metadata") or {})
    placement = labels_placement(name, array.shape, transforms, origin)
    labels = _ordered(array, placement.axes)
    named = () if origin is None else origin.classes.entries
    return Segmentation(
        labels=labels,
        geometry=placement.geometry,
        classes=as_shown(named_classes(named, values_present(labels), attributes), attributes),
        provenance=None if origin is None else _provenance(origin, array),
        name=name if origin is None else origin.name,
        has_time="t" in placement.axes,
        frame_seconds=None if origin is None else origin.frame_seconds,
        source=None if origin is None or placement is not origin.placement else origin.source,
    )


def _attributes(layer: Labels) -> dict[str, Any]:
    transforms = LayerTransforms.of_layer(layer).as_attributes()
    named = {name: getattr(layer, name) for name in ("metadata", "features", "colormap")}
    return {**transforms, **named}


def labels_placement(
    name: str,
    shape: tuple[int, ...],
    transforms: LayerTransforms,
    origin: LabelsOrigin | None,
) -> Placement:
    """Where a Labels layer lies and what its axes are; nothing of its data is read.

    Args:
        name: The layer's, for messages.
        shape: Of its data.
        transforms: Its own.
        origin: What it remembers; its image's geometry holds while nobody moved it.

    Raises:
        DataError: It has too many dimensions, or channels.
        GeometryError: Its transforms collapse an axis.
    """
    known = None if origin is None else origin.placement
    if known is not None and len(known.axes) == len(shape):
        return (
            known
            if known.still_holds(transforms)
            else placement_of_layer(known.axes, shape, transforms)
        )
    readings = possible_axes(name, len(shape), transforms.axis_labels, transforms.units, rgb=False)
    axes = next((reading for reading in readings if "c" not in reading), None)
    if axes is None:
        raise DataError(
            name,
            found="labels with a channel axis",
            expected="a picture or a volume, perhaps with time",
            remedy="split the layer by channels",
        )
    return placement_of_layer(axes, shape, transforms)


def whole_labels(array: NDArray[Any], name: str) -> NDArray[np.unsignedinteger]:
    """The labels in the smallest type that files know; the array itself where it has such a type.

    Raises:
        DataError: A value is negative or above 65535.
    """
    lowest, highest = (int(array.min()), int(array.max())) if array.size else (0, 0)
    if lowest < 0 or highest > 65535:
        raise DataError(
            name,
            found=f"labels from {lowest} to {highest}",
            expected="values from 0 to 65535",
            remedy="renumber the labels",
        )
    if array.dtype in (np.uint8, np.uint16):
        return array
    narrow: NDArray[np.unsignedinteger] = array.astype(np.uint8 if highest < 256 else np.uint16)
    return narrow


def _provenance(origin: LabelsOrigin, array: NDArray[np.unsignedinteger]) -> Provenance | None:
    """Where the labels came from, and whether a person changed them since."""
    made = origin.provenance
    if made is None or made.edited or origin.fingerprint in (None, fingerprint(array)):
        return made
    return dataclasses.replace(made, edited=True)


def _ordered(array: NDArray[np.unsignedinteger], axes: str) -> NDArray[np.unsignedinteger]:
    """Turn a layer's axes to (time, i, j, k); a view."""
    letters = axes
    for missing in "tzyx":
        if missing not in letters:
            array, letters = array[np.newaxis], missing + letters
    return array.transpose([letters.index(letter) for letter in "txyz"])


def named_classes(
    named: tuple[ClassEntry, ...], found: Iterable[int], attributes: Mapping[str, Any]
) -> ClassTable:
    """The classes of a layer: those that it names, then ``class N`` for each further value.

    Args:
        named: What its origin names; where that is nothing, its features are asked.
        found: The values that occur in it.
        attributes: The layer's; only ``features`` is looked at.
    """
    known = named or classes_of_features(attributes.get("features"))
    values, names = {entry.value for entry in known}, {entry.name for entry in known}
    return ClassTable(
        known
        + tuple(
            ClassEntry(
                value,
                f"class {value}" if f"class {value}" not in names else f"class {value}, unnamed",
                palette_colour(value),
            )
            for value in found
            if value not in values
        )
    )
