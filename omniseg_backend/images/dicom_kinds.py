"""What a DICOM object is: an image of which modality, or no image at all."""

from __future__ import annotations

from types import MappingProxyType

from pydicom.uid import (
    UID,
    BasicTextSRStorage,
    MediaStorageDirectoryStorage,
    RTDoseStorage,
    RTPlanStorage,
    RTStructureSetStorage,
    SegmentationStorage,
    SurfaceSegmentationStorage,
    VLWholeSlideMicroscopyImageStorage,
)

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.dicom_tags import Tags
from omniseg_backend.images.modality import UNKNOWN, Modality, ModalityStatement

#: Modality (0008,0060), PS3.3 C.7.3.1.1.1, to the methods that the project normalises for.
_MODALITIES = MappingProxyType(
    {
        "CT": Modality.CT,
        "MR": Modality.MRI,
        "US": Modality.ULTRASOUND,
        "IVUS": Modality.ULTRASOUND,
        "BDUS": Modality.ULTRASOUND,
        "OCT": Modality.OCT,
        "OPT": Modality.OCT,
        "IVOCT": Modality.OCT,
        "GM": Modality.MICROSCOPY,
        "SM": Modality.MICROSCOPY,
        "DMS": Modality.DERMOSCOPY,
        "ES": Modality.ENDOSCOPY,
    }
)

#: Of 2024, and without a name in pydicom 3.0.
LABEL_MAP_SEGMENTATION = UID("1.2.840.10008.5.1.4.1.1.66.7")

#: Objects that are met in folders of images, in words that say more than the standard's name.
_SPOKEN = MappingProxyType(
    {
        MediaStorageDirectoryStorage: "a DICOMDIR, the table of contents of a disc",
        SegmentationStorage: "a DICOM segmentation (SEG)",
        LABEL_MAP_SEGMENTATION: "a DICOM segmentation (SEG)",
        SurfaceSegmentationStorage: "a DICOM surface segmentation",
        RTStructureSetStorage: "radiotherapy contours (RTSTRUCT)",
        RTDoseStorage: "a radiotherapy dose (RTDOSE)",
        RTPlanStorage: "a radiotherapy plan (RTPLAN)",
        BasicTextSRStorage: "a structured report (SR)",
        VLWholeSlideMicroscopyImageStorage: "a whole-slide image, which is stored in tiles",
    }
)
#: Have rows and columns, and still are no images of a patient that could be segmented.
_PIXELS_BUT_NO_IMAGE = (
    SegmentationStorage,
    LABEL_MAP_SEGMENTATION,
    RTDoseStorage,
    VLWholeSlideMicroscopyImageStorage,
)


def class_of(tags: Tags) -> UID:
    """The object's SOP class; a DICOMDIR names it in the file's meta information only."""
    meta = Tags(tags.dataset.file_meta, tags.subject)
    return UID(tags.text("SOPClassUID") or meta.text("MediaStorageSOPClassUID"))


def not_an_image(tags: Tags) -> str | None:
    """What a data set is, if it is no image; None for an image."""
    kind = class_of(tags)
    if tags.has("Rows") and kind not in _PIXELS_BUT_NO_IMAGE:
        return None
    if kind in _SPOKEN:
        return _SPOKEN[kind]
    if not kind.is_valid:
        return "a DICOM file without an image"
    # An unknown class is named by its number.
    return f"a DICOM object of the class {kind.name}, without an image"


def is_segmentation(tags: Tags) -> bool:
    """Whether a data set is a segmentation in voxels, binary or as a label map."""
    return class_of(tags) in (SegmentationStorage, LABEL_MAP_SEGMENTATION)


def lacks_its_image(tags: Tags) -> bool:
    """Whether what is no image should be one: cut off before its rows, or of no known class."""
    kind = class_of(tags)
    if tags.has("Rows") or kind in _SPOKEN:
        return False
    return not kind.is_valid or kind.name.endswith("Image Storage")


def refuse_no_image(subject: object, what: str) -> DataError:
    """The error that says that ``subject`` is ``what``."""
    return DataError(
        subject,
        found=what,
        expected="a DICOM image",
        remedy="name the image, or the folder of its series",
    )


def modality_of(tags: Tags) -> ModalityStatement:
    """The file's statement; unknown where the project has no such method."""
    found = _MODALITIES.get(tags.text("Modality").upper())
    return UNKNOWN if found is None else ModalityStatement(found, "file")
