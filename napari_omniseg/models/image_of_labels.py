"""Which of the open images a Labels layer belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from napari.layers import Image, Labels, Layer

from napari_omniseg.bridge.labels_layer import is_uncertainty
from napari_omniseg.bridge.origin import labels_origin


def image_candidates(layers: Iterable[Layer]) -> tuple[Image, ...]:
    """The images that could be meant, the topmost first: all but uncertainty maps."""
    found = [layer for layer in layers if isinstance(layer, Image)]
    return tuple(reversed([layer for layer in found if not is_uncertainty(layer.metadata)]))


def likeliest_image(labels: Labels, images: Sequence[Image]) -> Image | None:
    """The image that was segmented; of labels from a file the only one of the same size.

    Args:
        labels: The labels.
        images: The candidates.

    Returns:
        None where it was closed or renamed, or where several could be meant: then the user says.
    """
    origin = labels_origin(labels.metadata)
    if origin is not None and origin.image_layer is not None:
        return next((image for image in images if image.name == origin.image_layer), None)
    alike = [image for image in images if _grid(image) == _grid(labels)]
    return alike[0] if len(alike) == 1 else None


def _grid(layer: Image | Labels) -> tuple[int, ...]:
    shape = layer.data[0].shape if layer.multiscale else layer.data.shape
    return tuple(shape[:-1] if getattr(layer, "rgb", False) else shape)
