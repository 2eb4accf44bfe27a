"""DICOM segmentations of images that have no place in the patient, or one slice's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    UltrasoundImageStorage,
    UltrasoundMultiFrameImageStorage,
    VLPhotographicImageStorage,
    XRayAngiographicImageStorage,
    generate_uid,
)

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.image import Image
from omniseg_backend.images.reading import read_image, read_segmentation
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.images.writing import check_target, write_segmentation
from tests.images.dicom_writing import AXIAL, as_text, write_dicom

GREY = np.zeros((9, 13), np.uint8)
CLASSES = ClassTable.from_names(["a", "b"])
#: A slice that lies somewhere, but of unknown thickness: areas only can be measured on it.
PLACE = {
    "ImagePositionPatient": as_text((1.0, 2.0, 5.0)),
    "ImageOrientationPatient": as_text(AXIAL),
    "PixelSpacing": ["0.9", "0.7"],
    "FrameOfReferenceUID": generate_uid(),
}


def _image(path: Path, pixels: NDArray[np.uint8], **fields: object) -> Image:
    return read_image(write_dicom(path, pixels, **({"StudyInstanceUID": generate_uid()} | fields)))


@pytest.mark.parametrize(
    ("pixels", "fields"),
    [
        (GREY, {}),
        (GREY, {"SOPClassUID": ComputedRadiographyImageStorage, "PixelSpacing": ["0.9", "0.7"]}),
        (
            GREY,
            {
                "SOPClassUID": DigitalXRayImageStorageForPresentation,
                "FrameOfReferenceUID": generate_uid(),
            },
        ),
        (GREY, {"SOPClassUID": UltrasoundImageStorage, "Modality": "US"}),
        (np.zeros((9, 13, 3), np.uint8), {"SOPClassUID": VLPhotographicImageStorage}),
        (GREY, {"SOPClassUID": CTImageStorage, "Modality": "CT", **PLACE}),
    ],
    ids=["capture", "radiography", "x-ray", "ultrasound", "photograph", "one-slice"],
)
def test_pictures_are_referred_to_and_read_back_as_pictures(
    tmp_path: Path, pixels: NDArray[np.uint8], fields: dict[str, object]
) -> None:
    image = _image(tmp_path / "image.dcm", pixels, **fields)
    assert image.geometry.dimensions == 2
    labels = np.zeros((1, 13, 9, 1), np.uint8)
    labels[0, 3:12, 2:4] = 1
    labels[0, 0, 8] = 2
    target = tmp_path / "seg.dcm"
    check_target(target, image, CLASSES, overwrite=False)
    write_segmentation(Segmentation(labels, image.geometry, CLASSES, source=image.source), target)
    read = read_segmentation(target)
    np.testing.assert_array_equal(read.labels, labels)
    assert read.geometry.is_close(image.geometry)
    assert read.geometry.dimensions == 2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"SOPClassUID": CTImageStorage, "Modality": "CT"}, "CT Image Storage"),
        ({"SOPClassUID": XRayAngiographicImageStorage}, "X-Ray Angiographic"),
        ({"StudyInstanceUID": None}, "without StudyInstanceUID"),
    ],
)
def test_images_that_no_reference_can_be_made_to_are_refused_before_the_run(
    tmp_path: Path, fields: dict[str, object], said: str
) -> None:
    image = _image(tmp_path / "image.dcm", GREY, **fields)
    with pytest.raises(DataError, match=said):
        check_target(tmp_path / "seg.dcm", image, CLASSES, overwrite=False)


def test_a_clip_is_refused_before_the_run(tmp_path: Path) -> None:
    clip = _image(
        tmp_path / "clip.dcm",
        np.zeros((4, 9, 13), np.uint8),
        SOPClassUID=UltrasoundMultiFrameImageStorage,
        FrameTime="33",
    )
    with pytest.raises(DataError, match="4 time points"):
        check_target(tmp_path / "seg.dcm", clip, CLASSES, overwrite=False)
