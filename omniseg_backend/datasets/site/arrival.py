"""What an image and its corrected mask must be to enter a site data set."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.flags import Flag
from omniseg_backend.common.wording import counted
from omniseg_backend.datasets.loading import require_same_grid
from omniseg_backend.datasets.site.document import SiteDocument, SourceBundle
from omniseg_backend.datasets.site.patients import CasePatient
from omniseg_backend.datasets.site.storing import storable
from omniseg_backend.images.checks import refuse_non_finite, whole_labels
from omniseg_backend.images.image import Image
from omniseg_backend.images.segmentation import Segmentation


class OtherMaskError(DataError):
    """The image is there already with another mask: the one refusal that the user may lift."""


def checked_labels(image: Image, segmentation: Segmentation) -> NDArray[np.unsignedinteger]:
    """The labels of a mask that fits its image: one frame, one grid, whole numbers.

    Raises:
        DataError: There are several time points, NaN in the image or values that are no labels.
        GeometryError: The mask lies on another grid.
    """
    if image.frames != 1:
        raise DataError(
            image.name,
            found=counted(image.frames, "time point"),
            expected="one",
            remedy="add the time points that were corrected one by one",
        )
    refuse_non_finite(Path(image.name), image.array)
    require_same_grid(
        Path(segmentation.name), segmentation.geometry, Path(image.name), image.geometry
    )
    if segmentation.labels.shape[0] != 1:
        raise DataError(
            segmentation.name,
            found=counted(segmentation.labels.shape[0], "time point"),
            expected="one, as in the image",
            remedy="add the mask of this time point",
        )
    return whole_labels(Path(segmentation.name), segmentation.labels)


def prepared_image(image: Image, document: SiteDocument) -> Image:
    """The image under the data set's channel names, in a type that its files hold.

    Raises:
        DataError: It has other channels, or another modality.
    """
    if image.channels != len(document.channels):
        raise DataError(
            image.name,
            found=f"{counted(image.channels, 'channel')} ({', '.join(image.channel_names)})",
            expected=f"{len(document.channels)} ({', '.join(document.channels)})",
            remedy="add it to a data set of such images",
        )
    wanted, stated = document.omniseg.modality, image.modality
    if wanted is not None and stated.is_known and stated.value != wanted:
        raise DataError(
            image.name,
            found=f"the modality {stated.as_text()}",
            expected=f"{wanted}, as every image of the data set",
            remedy="add it to a data set of such images",
        )
    return dataclasses.replace(image, array=storable(image.array), channel_names=document.channels)


def source_of(segmentation: Segmentation) -> SourceBundle | None:
    """The bundle that a mask's own provenance names."""
    origin = segmentation.provenance
    if origin is None:
        return None
    return SourceBundle(
        id=origin.bundle, version=origin.bundle_version, manifest_hash=origin.bundle_hash
    )


def patient_notes(image: Image, whose: CasePatient) -> tuple[Flag, ...]:
    """The warning on an image of whose patient nothing is known."""
    if whose.source != "none":
        return ()
    silent = "its DICOM header names none" if image.source else "its file cannot say"
    return (
        Flag(
            "patient_unstated",
            f"Nobody stated the patient of {image.name} ({silent}): it counts as a patient of its "
            "own, so another image of the same person may be trained on while this one is "
            "reserved.",
        ),
    )
