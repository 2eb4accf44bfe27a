"""Taking a corrected layer and its image into a site data set."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from napari_omniseg.bridge.layer_image import LayerSnapshot, image_of
from napari_omniseg.models.labels_snapshot import LabelsSnapshot
from napari_omniseg.models.new_site import site_like
from napari_omniseg.models.one_place import require_one_place
from omniseg_backend.common.progress import Cancel, Progress, check_cancel
from omniseg_backend.images.image import Image
from omniseg_backend.images.segmentation import Segmentation

if TYPE_CHECKING:
    from omniseg_backend.bundles.manifest import Manifest
    from omniseg_backend.datasets.site.dataset import AddedCase, SiteDataset

_DESCRIPTION = "dataset.json"
_VARIANTS = re.compile(r"-(compact|balanced|accurate|custom)$")


@dataclasses.dataclass(frozen=True, eq=False)
class AcceptanceRequest:
    """What shall be added where.

    Attributes:
        labels: The corrected layer, with data of its own.
        image: The image that it belongs to.
        frame: The time point that is taken of a series.
        folder: The site data set, or where one shall be made.
        patient: The pseudonym that the user states, if any.
        create: Whether the user agreed to a new data set.
        replace: Whether the user agreed to replace the mask that is stored.
        part: Whether the user agreed to store labels of a part of the image as those of all.
    """

    labels: LabelsSnapshot
    image: LayerSnapshot
    frame: int
    folder: Path
    patient: str | None
    create: bool = False
    replace: bool = False
    part: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class Question:
    """What the user must agree to first; nothing was written.

    Attributes:
        sentence: The question.
        yes: What is done on agreement, for a button.
        request: The request that agrees.
    """

    sentence: str
    yes: str
    request: AcceptanceRequest


@dataclasses.dataclass(frozen=True, eq=False)
class Accepted:
    """What became of it.

    Attributes:
        sentence: What the user is told.
        kind: How: a warning where something was not known.
        folder: The data set.
    """

    sentence: str
    kind: Literal["information", "warning"]
    folder: Path


def accept(request: AcceptanceRequest, progress: Progress, cancel: Cancel) -> Accepted | Question:
    """Add a corrected layer to a site data set; reads and writes files.

    Args:
        request: What and where.
        progress: Told what is being done.
        cancel: Looked at until writing begins, which then ends by itself.

    Returns:
        What became of it, or what must be asked first.

    Raises:
        DataError: Layers and data set do not fit together, or the folder cannot be written.
        GeometryError: Image and labels lie in different places.
        UsageError: The patient is no pseudonym.
    """
    from omniseg_backend.datasets.site.arrival import OtherMaskError

    progress("Looking at the labels", 0.0)
    axes = require_one_place(request.labels, request.image)
    image = _one_image_frame(image_of(request.image, axes), request.frame)
    segmentation = _one_frame(request.labels.segmentation(), request.frame)
    # Axis labels or units that only one of the layers states would make two grids of one.
    segmentation = dataclasses.replace(segmentation, geometry=image.geometry)
    if is_of_part(segmentation) and not request.part:
        return Question(
            f"{request.labels.name} was segmented in a part of {request.image.name} only: outside "
            "of it everything would be stored as background. Correct it there first, or segment "
            "the whole.",
            "Store it as it is",
            dataclasses.replace(request, part=True),
        )
    check_cancel(cancel, "adding to the site data")
    found = _site(request, segmentation, image)
    if isinstance(found, Question):
        return found
    progress("Adding to the site data", 0.5)
    try:
        added = found.add(
            image, segmentation, patient=request.patient or None, overwrite=request.replace
        )
    except OtherMaskError as error:
        return Question(
            f"{request.labels.name}: the site data has {error.found}. Replace that mask by this "
            "one?",
            "Replace the mask",
            dataclasses.replace(request, replace=True),
        )
    return Accepted(*_told(added, request, found.folder), found.folder)


def is_of_part(segmentation: Segmentation) -> bool:
    """Whether a model looked at a part of the image alone, so that the rest is not its answer."""
    made = segmentation.provenance
    return made is not None and made.region is not None


def _site(
    request: AcceptanceRequest, segmentation: Segmentation, image: Image
) -> SiteDataset | Question:
    """The data set, made if the user agreed to that."""
    from omniseg_backend.datasets.site.dataset import SiteDataset

    folder = request.folder
    if (folder / _DESCRIPTION).exists():
        return SiteDataset.open(folder)
    manifest = _manifest(segmentation)
    if folder.is_dir():  # the user chose where it shall lie
        folder = folder / _suggested_name(manifest, segmentation)
        if (folder / _DESCRIPTION).exists():
            return SiteDataset.open(folder)
    classes = segmentation.classes if manifest is None else manifest.class_table()
    names = ", ".join(classes.names) or "none"
    if not request.create:
        return Question(
            f"There is no site data set at {request.folder}. Make {folder.name} "
            f"with the classes {names}?",
            "Make it",
            dataclasses.replace(request, create=True),
        )
    if manifest is not None:
        return site_like(folder, manifest)
    stated = image.modality.value if image.modality.is_known else None
    names_of_channels = _channels(image.channel_names)
    return SiteDataset.create(folder, classes, modality=stated, channel_names=names_of_channels)


def _manifest(segmentation: Segmentation) -> Manifest | None:
    """The manifest of the model that made the labels, if it is among the models at hand."""
    from omniseg_backend.bundles.shelf import model_shelf

    made = segmentation.provenance
    if made is None:
        return None
    entries = model_shelf().entries
    return next((e.manifest for e in entries if e.manifest_hash == made.bundle_hash), None)


def _suggested_name(manifest: Manifest | None, segmentation: Segmentation) -> str:
    """nnU-Net wants ``Dataset`` and a number; 501 and above are free for one's own."""
    made = segmentation.provenance
    if manifest is not None:
        words = manifest.task.id
    else:
        words = "site" if made is None else _VARIANTS.sub("", made.bundle)
    return f"Dataset501_{''.join(word.capitalize() for word in re.findall(r'[a-z0-9]+', words))}"


def _channels(names: Sequence[str]) -> Sequence[str] | int:
    """Names that say something; of one channel the data set makes the name itself."""
    return 1 if len(names) == 1 else names


def _one_frame(segmentation: Segmentation, frame: int) -> Segmentation:
    if not segmentation.has_time:
        return segmentation
    labels = segmentation.labels[frame : frame + 1]
    return dataclasses.replace(segmentation, labels=labels, has_time=False, frame_seconds=None)


def _one_image_frame(image: Image, frame: int) -> Image:
    """One time point of an image, with the DICOM planes of that alone."""
    if not image.has_time:
        return image
    source = image.source
    if source is not None:
        slices = len(source.planes) // image.frames
        planes = source.planes[frame * slices : (frame + 1) * slices]
        source = dataclasses.replace(source, planes=planes)
    array = image.array[frame : frame + 1]
    return dataclasses.replace(
        image, array=array, has_time=False, frame_seconds=None, source=source
    )


def _told(
    added: AddedCase, request: AcceptanceRequest, folder: Path
) -> tuple[str, Literal["information", "warning"]]:
    case = added.case
    when = f"time point {request.frame}, " if request.labels.has_time else ""
    done = {
        "added": f"Added as {added.name} in {folder}",
        "present": f"It is there already, image and mask: {added.name} in {folder}",
        "replaced": f"The mask of {added.name} in {folder} was replaced",
    }[added.outcome]
    whose = "a patient of its own" if case.patient_from == "none" else f"patient {case.patient}"
    part = "for training" if case.part == "train" else "reserved: never trained on"
    notes = [str(note) for note in added.notes]
    sentence = " ".join([f"{done}, {when}{whose}, {part}.", *notes])
    return sentence, "warning" if notes else "information"
