"""Which open Labels layer is the mask of which open Image layer."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari.layers import Image as ImageLayer
from napari.layers import Labels

from napari_omniseg.bridge.origin import image_origin, labels_origin
from napari_omniseg.models.labels_snapshot import LabelsSnapshot
from omniseg_backend.common.errors import DataError, OmniSegError
from omniseg_backend.common.progress import Cancel, Progress, check_cancel
from omniseg_backend.common.wording import counted

if TYPE_CHECKING:
    from napari.layers import Layer

    from napari_omniseg.bridge.layer_image import LayerSnapshot
    from napari_omniseg.models.start_models import StartModel
    from omniseg_backend.images.classes import ClassTable
    from omniseg_backend.images.image import Image


@dataclasses.dataclass(frozen=True, eq=False)
class LayerPair:
    """An image and its mask.

    Attributes:
        image: The Image layer.
        labels: The Labels layer.
    """

    image: ImageLayer
    labels: Labels

    @property
    def from_dicom(self) -> bool:
        """Whether the image's own header may say whose it is."""
        origin = image_origin(self.image.metadata)
        return origin is not None and origin.source is not None


@dataclasses.dataclass(frozen=True, eq=False)
class PairToAdd:
    """A pair at one moment, with what the user says of it.

    Attributes:
        image: The Image layer.
        labels: The Labels layer.
        patient: A pseudonym; None where nothing was said.
    """

    image: LayerSnapshot
    labels: LabelsSnapshot
    patient: str | None

    @classmethod
    def of(cls, pair: LayerPair, patient: str) -> PairToAdd:
        """Of a pair as it is now; to be called on the main thread, nothing is copied.

        Raises:
            DataError: A layer has too many dimensions.
            GeometryError: A layer's transforms collapse an axis.
        """
        from napari_omniseg.bridge.layer_image import LayerSnapshot

        image, labels = LayerSnapshot.of(pair.image), LabelsSnapshot.of(pair.labels)
        return cls(image, labels, patient.strip() or None)


def layer_pairs(layers: Iterable[Layer]) -> tuple[LayerPair, ...]:
    """Each Labels layer with the image that it was made from, or the nearest of its shape.

    Args:
        layers: Of a viewer, in its order. Maps of uncertainty are no images here.
    """
    listed = list(layers)
    images = [layer for layer in listed if isinstance(layer, ImageLayer) and not _is_map(layer)]
    pairs = []
    for layer in listed:
        if isinstance(layer, Labels):
            image = _image_of(layer, images, listed)
            if image is not None:
                pairs.append(LayerPair(image, layer))
    return tuple(pairs)


def create_site(folder: Path, start: StartModel | None, pairs: Sequence[PairToAdd]) -> None:
    """Make an empty site data set for these pairs.

    Args:
        folder: Its folder, which must not exist yet.
        start: The model whose classes, modality and channels it takes over; without one, the
            classes that the first mask names, and its image's channels.
        pairs: At least one.

    Raises:
        DataError: The folder exists or cannot be written, or there is no class.
    """
    from omniseg_backend.bundles.store import read_manifest
    from omniseg_backend.datasets.site.dataset import SiteDataset

    if start is not None:
        manifest, _ = read_manifest(start.path)
        SiteDataset.create(
            folder,
            manifest.class_table(),
            modality=manifest.preprocessing.modality,
            channel_names=manifest.preprocessing.image_channels,
        )
        return
    first = _image(pairs[0])
    modality = first.modality.value if first.modality.is_known else None
    SiteDataset.create(folder, _classes(pairs), modality=modality, channel_names=first.channels)


def add_pairs(
    folder: Path, pairs: Sequence[PairToAdd], progress: Progress, cancel: Cancel
) -> tuple[str, ...]:
    """Add pairs to a site data set, one after the other.

    Returns:
        What became of them, for people: first how many were added, then what is to be known.

    Raises:
        OmniSegError: None could be added; the first reason.
        CancelledError: The user cancelled; what was added stays.
    """
    from omniseg_backend.datasets.site.dataset import AddedCase, SiteDataset

    site = SiteDataset.open(folder)
    done: list[AddedCase] = []
    refused: list[OmniSegError] = []
    for place, pair in enumerate(pairs):
        check_cancel(cancel, "adding to the data set")
        progress(f"adding {pair.labels.name}", place / len(pairs))
        try:
            mask = pair.labels.copied().segmentation()
            done.append(site.add(_image(pair), mask, patient=pair.patient))
        except OmniSegError as error:
            refused.append(error)
    if not done:
        raise refused[0]
    fresh = [case for case in done if case.outcome == "added"]
    reserved = sum(case.case.part == "test" for case in fresh)
    sentence = f"{counted(len(fresh), 'case')} added"
    sentence += f", {reserved} of them reserved for comparing." if reserved else "."
    if len(done) > len(fresh):
        sentence += f" {counted(len(done) - len(fresh), 'case')} were there already."
    notes = [str(note) for case in done for note in case.notes]
    return (sentence, *notes, *(str(error) for error in refused))


def _image(pair: PairToAdd) -> Image:
    """The pair's image, its axes read as those of the mask are."""
    from napari_omniseg.bridge.layer_image import image_of

    readings = pair.image.readings()
    axes = pair.labels.placement.axes
    fitting = (reading for reading in readings if reading.replace("c", "") == axes)
    return image_of(pair.image, next(fitting, readings[0]))


def _classes(pairs: Sequence[PairToAdd]) -> ClassTable:
    classes = pairs[0].labels.segmentation().classes
    if not len(classes):
        raise DataError(
            pairs[0].labels.name,
            found="a mask that is empty and names no class",
            expected="at least one class to learn",
            remedy="paint the structure, or choose a model to start from",
        )
    return classes


def _is_map(layer: Layer) -> bool:
    """Whether a run made the layer: a map of where the model is unsure."""
    return "of" in layer.metadata and "provenance" in layer.metadata


def _image_of(
    labels: Labels, images: Sequence[ImageLayer], listed: Sequence[Layer]
) -> ImageLayer | None:
    origin = labels_origin(labels.metadata)
    if origin is not None and origin.image_layer is not None:
        named = next((image for image in images if image.name == origin.image_layer), None)
        if named is not None:
            return named
    place = listed.index(labels)
    fitting = [image for image in images if _fits(image, labels)]
    return min(fitting, key=lambda image: abs(listed.index(image) - place), default=None)


def _fits(image: ImageLayer, labels: Labels) -> bool:
    """Whether the shapes agree, but for one axis of channels."""
    theirs, ours = _shape(image), _shape(labels)
    without_one = (theirs[:n] + theirs[n + 1 :] for n in range(len(theirs)))
    return theirs == ours or any(shape == ours for shape in without_one)


def _shape(layer: ImageLayer | Labels) -> tuple[int, ...]:
    array = layer.data[0] if layer.multiscale else layer.data
    shape = tuple(int(length) for length in array.shape)
    return shape[:-1] if isinstance(layer, ImageLayer) and layer.rgb else shape
