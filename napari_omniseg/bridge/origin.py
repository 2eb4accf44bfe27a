"""What a layer that OmniSeg made remembers, in its metadata under one key."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from napari_omniseg.bridge.placement import Placement
from omniseg_backend.common.flags import Flag
from omniseg_backend.common.provenance import Provenance
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.dicom_source import DicomSource
from omniseg_backend.images.modality import UNKNOWN, ModalityStatement

if TYPE_CHECKING:
    from omniseg_backend.inference.results import ClassResult  # 25 ms, for its name alone

METADATA_KEY = "omniseg"


@dataclasses.dataclass(frozen=True, eq=False)
class ImageOrigin:
    """What the file of an Image layer said beyond its voxels.

    Attributes:
        placement: Where the layer was put; holds while nobody moves it.
        channel_names: One per channel.
        modality: What it shows and who said so.
        name: The file's.
        path: Where it was read from; None for a layer made in memory.
        frame_seconds: Time between frames where the file states it.
        source: The DICOM series it was read from.
        notes: What its reader assumed.
        provenance: What computed it; None for what a scanner or a camera made.
        shows: Names of classes that it is known to show, as of a sample; empty where nobody knows.
    """

    placement: Placement
    channel_names: tuple[str, ...]
    modality: ModalityStatement = UNKNOWN
    name: str = "image"
    path: str | None = None
    frame_seconds: float | None = None
    source: DicomSource | None = None
    notes: tuple[Flag, ...] = ()
    provenance: Provenance | None = None
    shows: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, eq=False)
class LabelsOrigin:
    """What a Labels layer is a segmentation of, and by what.

    Attributes:
        placement: Where the layer was put; holds while nobody moves it.
        classes: What the values mean.
        provenance: Where it came from; None for a truth or a person's work.
        name: Of the image it belongs to.
        image_layer: Name of the Image layer that was segmented; None for a file.
        frame_seconds: Time between frames of the image where its file states it.
        source: The DICOM series of the image.
        results: What the run said of each class; empty for a file.
        flags: What the run said the user must see.
        fingerprint: Of the labels as they were made, so that editing shows; None where there is
            no provenance.
    """

    placement: Placement
    classes: ClassTable
    provenance: Provenance | None = None
    name: str = "segmentation"
    image_layer: str | None = None
    frame_seconds: float | None = None
    source: DicomSource | None = None
    results: tuple[ClassResult, ...] = ()
    flags: tuple[Flag, ...] = ()
    fingerprint: int | None = None


def image_origin(metadata: Mapping[str, Any]) -> ImageOrigin | None:
    """What an Image layer's metadata remember; None for layers of other plugins."""
    found = metadata.get(METADATA_KEY)
    return found if isinstance(found, ImageOrigin) else None


def labels_origin(metadata: Mapping[str, Any]) -> LabelsOrigin | None:
    """What a Labels layer's metadata remember; None for layers of other plugins."""
    found = metadata.get(METADATA_KEY)
    return found if isinstance(found, LabelsOrigin) else None
