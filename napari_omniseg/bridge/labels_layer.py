"""Labels layers of results and of label files: named, coloured, in the image's place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_omniseg.bridge.fingerprint import fingerprint
from napari_omniseg.bridge.layer_data import LayerData
from napari_omniseg.bridge.layer_image import LayerSnapshot
from napari_omniseg.bridge.origin import METADATA_KEY, ImageOrigin, LabelsOrigin
from napari_omniseg.bridge.placement import Placement, placement_of_geometry
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.segmentation import Segmentation

if TYPE_CHECKING:
    import pandas as pd
    from napari.utils.colormaps import DirectLabelColormap

    from omniseg_backend.inference.results import ClassResult, SegmentResult


def result_layers(
    result: SegmentResult, snapshot: LayerSnapshot, axes: str, *, name: str
) -> tuple[LayerData, ...]:
    """The Labels layer of a run and, if it was made, the hidden layer of its uncertainty.

    Both have all transforms and units of the layer that was segmented. To be called where the run
    was, not on the main thread: it looks at every voxel.

    Args:
        result: What the run gave back.
        snapshot: The layer that was segmented.
        axes: How it was read.
        name: Of the Labels layer.
    """
    placement = _without_channels(snapshot.placement(axes))
    segmentation = result.segmentation
    origin = LabelsOrigin(
        placement=placement,
        classes=segmentation.classes,
        provenance=segmentation.provenance,
        name=segmentation.name,
        image_layer=snapshot.name,
        frame_seconds=segmentation.frame_seconds,
        source=segmentation.source,
        results=result.classes,
        flags=result.flags,
        fingerprint=fingerprint(array_of(segmentation.labels, placement.axes)),
    )
    labels = _labels(segmentation, placement, origin, name, features_of(result.classes))
    if result.uncertainty is None:
        return (labels,)
    map_origin = ImageOrigin(
        placement=placement,
        channel_names=("uncertainty",),
        name=f"{segmentation.name}, uncertainty",
        frame_seconds=segmentation.frame_seconds,
        provenance=segmentation.provenance,
    )
    uncertainty = LayerData(
        array_of(result.uncertainty, placement.axes),
        {
            "name": f"{name}, uncertainty",
            "visible": False,
            "blending": "additive",
            "colormap": "magma",
            "contrast_limits": (0, 255),
            "metadata": {
                "of": name,
                "provenance": segmentation.provenance,
                METADATA_KEY: map_origin,
            },
            **placement.transforms.as_attributes(),
        },
        "image",
    )
    return labels, uncertainty


def load_for_results() -> None:
    """Load what making a result's layers needs: 400 ms the first time, and nothing after it.

    To be called off the main thread, before the user presses the button.
    """
    from napari.layers import Labels

    features_of(())
    Labels(np.zeros((1, 1), np.uint8))  # its colours load scikit-image


def is_uncertainty(metadata: Mapping[str, Any]) -> bool:
    """Whether an Image layer with these metadata is an uncertainty map of ours."""
    return {"of", "provenance"} <= metadata.keys()


def file_layer(segmentation: Segmentation) -> LayerData:
    """The Labels layer of a label file."""
    placement = placement_of_geometry(
        segmentation.geometry,
        has_time=segmentation.has_time,
        has_channels=False,
        frame_seconds=segmentation.frame_seconds,
    )
    origin = LabelsOrigin(
        placement=placement,
        classes=segmentation.classes,
        provenance=segmentation.provenance,
        name=segmentation.name,
        frame_seconds=segmentation.frame_seconds,
        source=segmentation.source,
        fingerprint=(
            None
            if segmentation.provenance is None
            else fingerprint(array_of(segmentation.labels, placement.axes))
        ),
    )
    named = _features(segmentation.classes, ())
    return _labels(segmentation, placement, origin, segmentation.name, named)


def colours_of(classes: ClassTable) -> DirectLabelColormap:
    """A colormap with the classes' colours; values that no class has stay transparent."""
    from napari.utils.colormaps import DirectLabelColormap

    colours: dict[int | None, Any] = {None: "transparent", 0: "transparent"}
    for entry in classes:
        colours[entry.value] = np.array([*entry.colour, 255], np.float32) / 255
    return DirectLabelColormap(color_dict=colours)


def features_of(results: Iterable[ClassResult]) -> pd.DataFrame:
    """One row per class, which napari shows in its status bar: value, name and figures."""
    results = tuple(results)
    return _features(
        ClassTable.from_names([r.name for r in results], [r.value for r in results]), results
    )


def array_of(labels: NDArray[Any], axes: str) -> NDArray[Any]:
    """Turn (time, i, j, k) to a layer's axes; a view.

    Args:
        labels: Labels or a map on an image's grid.
        axes: The layer's, without channels.
    """
    turned = labels.transpose(0, 3, 2, 1)  # time, z, y, x
    if "z" not in axes:
        turned = turned[:, 0]
    return turned if "t" in axes else turned[0]


def _labels(
    segmentation: Segmentation,
    placement: Placement,
    origin: LabelsOrigin,
    name: str,
    features: pd.DataFrame,
) -> LayerData:
    attributes = {
        "name": name,
        "colormap": colours_of(segmentation.classes),
        "features": features,
        "metadata": {METADATA_KEY: origin},
        **placement.transforms.as_attributes(),
    }
    return LayerData(array_of(segmentation.labels, placement.axes), attributes, "labels")


def _without_channels(placement: Placement) -> Placement:
    if "c" not in placement.axes:
        return placement
    axis = placement.axes.index("c")
    axes = placement.axes.replace("c", "")
    return Placement(axes, placement.transforms.without(axis), placement.geometry)


def _features(classes: ClassTable, results: tuple[ClassResult, ...]) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, list[object]] = {
        "index": list(classes.values),  # napari's name for the label that a row speaks of
        "name": list(classes.names),
    }
    if results:
        columns |= {
            "size": [result.measurement.as_text() for result in results],
            "components": [result.components for result in results],
            "confidence": [result.confidence for result in results],
            "review": [result.review for result in results],
        }
    return pd.DataFrame(columns)
