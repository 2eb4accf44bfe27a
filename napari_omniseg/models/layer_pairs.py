"""Which open Labels layer is the mask of which open Image layer, and adding several of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari.layers import Image as ImageLayer
from napari.layers import Labels

from napari_omniseg.bridge.layer_image import LayerSnapshot
from napari_omniseg.bridge.origin import image_origin, labels_origin
from napari_omniseg.models.acceptance import (
    AcceptanceRequest,
    Accepted,
    Question,
    accept,
    is_of_part,
)
from napari_omniseg.models.image_of_labels import image_candidates, likeliest_image
from napari_omniseg.models.labels_snapshot import LabelsSnapshot
from napari_omniseg.models.new_site import site_like
from napari_omniseg.models.one_place import require_one_place
from napari_omniseg.models.view_place import ViewPlace
from omniseg_backend.common.errors import DataError, OmniSegError
from omniseg_backend.common.progress import Cancel, Progress, check_cancel, no_progress
from omniseg_backend.common.wording import counted

if TYPE_CHECKING:
    from napari.components import Dims
    from napari.layers import Layer

    from napari_omniseg.models.start_models import StartModel


@dataclasses.dataclass(frozen=True)
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

    def request(self, dims: Dims, folder: Path, patient: str) -> AcceptanceRequest:
        """What is to be added, as the layers are now; to be called on the main thread.

        Args:
            dims: The viewer's: of a series the time point that is shown is taken.
            folder: The site data set.
            patient: A pseudonym as typed; empty where nothing was said.

        Raises:
            DataError: A layer has too many dimensions.
            GeometryError: A layer's transforms collapse an axis.
        """
        labels = LabelsSnapshot.of(self.labels)
        frame = ViewPlace.of(dims, self.labels, labels).frame
        image = LayerSnapshot.of(self.image)
        return AcceptanceRequest(labels, image, frame, folder, patient.strip() or None)


@dataclasses.dataclass(frozen=True)
class PairedLayers:
    """The pairs of a viewer.

    Attributes:
        pairs: Masks that lie on their images, in the order of the masks' layers.
        left_out: Of every other Labels layer, why it is none, where any image is open.
    """

    pairs: tuple[LayerPair, ...]
    left_out: tuple[DataError, ...]


@dataclasses.dataclass(frozen=True)
class Added:
    """What became of the pairs.

    Attributes:
        folder: The data set.
        sentences: First how many were added, then what is to be known.
        others: Those whose image is there with another mask, as requests that replace it: to be
            run once the user agreed.
    """

    folder: Path
    sentences: tuple[str, ...]
    others: tuple[AcceptanceRequest, ...] = ()

    @property
    def question(self) -> str:
        """What must be agreed to before the other masks are replaced."""
        names = ", ".join(request.labels.name for request in self.others)
        if len(self.others) == 1:
            return f"{names}: the data set has another mask of this image. Replace it by this one?"
        return f"{names}: the data set has other masks of these images. Replace them by these?"

    @property
    def yes(self) -> str:
        """What is done on agreement, for a button."""
        return "Replace the mask" if len(self.others) == 1 else "Replace the masks"


def layer_pairs(layers: Iterable[Layer]) -> PairedLayers:
    """Each Labels layer with the image that it was made from, or the nearest that it lies on.

    Args:
        layers: Of a viewer, in its order. Maps of uncertainty are no images here.
    """
    listed = list(layers)
    images = image_candidates(listed)
    taken = {image: LayerSnapshot.of(image) for image in images}
    pairs: list[LayerPair] = []
    left_out: list[DataError] = []
    for place, layer in enumerate(listed):
        if not isinstance(layer, Labels) or not images:
            continue
        candidates = _candidates(layer, place, images, listed)
        try:
            own = LabelsSnapshot.of(layer)
        except DataError as error:
            left_out.append(error)
            continue
        reasons: list[tuple[bool, DataError]] = []
        for image in candidates:
            reason = _why_not(own, taken[image])
            if reason is None:
                pairs.append(LayerPair(image, layer))
                break
            reasons.append((taken[image].shape != tuple(own.array.shape), reason))
        else:
            left_out.append(min(reasons, key=lambda one: one[0])[1])
    return PairedLayers(tuple(pairs), tuple(left_out))


def create_site(folder: Path, start: StartModel) -> None:
    """Make an empty site data set with the classes, modality and channels of a model.

    Raises:
        BundleError: The model is gone or damaged.
        DataError: The folder exists or cannot be written.
    """
    from omniseg_backend.bundles.store import read_manifest

    manifest, _ = read_manifest(start.path)
    site_like(folder, manifest)


def add_pairs(
    requests: Sequence[AcceptanceRequest], progress: Progress, cancel: Cancel
) -> Added | Question:
    """Add pairs to a site data set, one after the other.

    Args:
        requests: At least one, all of one data set.
        progress: Told about every pair.
        cancel: Looked at before every pair.

    Returns:
        What became of them; or, where there is no data set yet, what must be agreed to first.

    Raises:
        OmniSegError: None could be added; the first reason.
        CancelledError: The user cancelled; what was added stays.
    """
    done: list[Accepted] = []
    refused: list[str] = []
    others: list[AcceptanceRequest] = []
    first: OmniSegError | None = None
    folder = requests[0].folder
    for place, request in enumerate(requests):
        check_cancel(cancel, "adding to the data set")
        progress(f"adding {request.labels.name}", place / len(requests))
        own = dataclasses.replace(request, labels=request.labels.copied(), folder=folder)
        try:
            _refuse_part(own)
            answer = accept(own, no_progress, cancel)
        except OmniSegError as error:
            first = first or error
            refused.append(str(error))
            continue
        if isinstance(answer, Accepted):
            done.append(answer)
            folder = answer.folder
        elif answer.request.replace:
            others.append(dataclasses.replace(request, folder=folder, replace=True))
        else:
            return answer
    if first is not None and not (done or others):
        raise first
    count = f"{counted(len(done), 'pair')} in the data set."
    notes = [answer.sentence for answer in done if answer.kind == "warning"]
    kept = [
        f"{request.labels.name}: another mask of this image is there already; it was kept."
        for request in others
    ]
    return Added(folder, (count, *notes, *kept, *refused), tuple(others))


def _refuse_part(request: AcceptanceRequest) -> None:
    """Leave labels of a part to the Results panel, which asks about each."""
    if is_of_part(request.labels.segmentation()):
        raise DataError(
            request.labels.name,
            found=f"labels that were segmented in a part of {request.image.name} only",
            expected="labels of the whole image",
            remedy="segment the whole, or correct the rest and accept it in the Results panel",
        )


def _candidates(
    labels: Labels, place: int, images: Sequence[ImageLayer], listed: Sequence[Layer]
) -> list[ImageLayer]:
    """The images that could be meant, the likeliest first; masks lie above their images."""
    likeliest = likeliest_image(labels, images)
    origin = labels_origin(labels.metadata)
    if likeliest is not None and origin is not None and origin.image_layer is not None:
        return [likeliest]

    def unlikely(image: ImageLayer) -> tuple[bool, int, bool]:
        below = place - listed.index(image)
        return image is not likeliest, abs(below), below < 0

    return sorted(images, key=unlikely)


def _why_not(labels: LabelsSnapshot, image: LayerSnapshot) -> DataError | None:
    """Why labels are no mask of an image; None if they are."""
    try:
        require_one_place(labels, image)
    except DataError as error:
        return error
    return None
