"""Finds the hidden layer that shows where the model was unsure about a result."""

from __future__ import annotations

from collections.abc import Iterable

from napari.layers import Image, Labels, Layer

from napari_omniseg.bridge.origin import labels_origin

HOW_TO_GET = (
    "There is no uncertainty map of these labels: tick the uncertainty map in the Segment panel "
    "and segment the image again."
)


def uncertainty_of(labels: Labels, layers: Iterable[Layer]) -> Image | None:
    """The uncertainty layer of a result; None if none was made or it was removed.

    It is known by its run, since napari renames layers and people do too; by its name where the
    run is unknown.

    Args:
        labels: The result.
        layers: Of the viewer.
    """
    origin = labels_origin(labels.metadata)
    run = None if origin is None else origin.provenance
    candidates = [layer for layer in layers if isinstance(layer, Image) and "of" in layer.metadata]
    for layer in candidates:
        if run is not None and layer.metadata["provenance"] is run:
            return layer
    return next((one for one in candidates if one.metadata["of"] == labels.name), None)
