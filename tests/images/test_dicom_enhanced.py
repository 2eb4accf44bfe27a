"""Enhanced multi-frame files: what holds for each frame, and what for all."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.uid import EnhancedCTImageStorage, EnhancedMRImageStorage

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.modality import Modality
from omniseg_backend.images.reading import read_image
from tests.images.dicom_writing import as_text, oblique, write_ct, write_dicom

STORED = np.random.default_rng(5).integers(0, 2000, (4, 3, 5)).astype(np.int16)
NORMAL = np.cross(oblique()[:3], oblique()[3:])
#: The frames lie in the file in this order of places.
PLACES = (2, 0, 3, 1)


def group(**macros):
    """A functional group: a sequence of one item for each macro."""
    found = pydicom.Dataset()
    for name, fields in macros.items():
        item = pydicom.Dataset()
        for keyword, value in fields.items():
            setattr(item, keyword, value)
        setattr(found, name, [item])
    return found


def measures(**fields):
    return {"PixelSpacing": ["0.9", "0.7"], "SliceThickness": "2"} | fields


def shared(**macros):
    orientation = {"ImageOrientationPatient": as_text(oblique())}
    return group(PixelMeasuresSequence=measures(), PlaneOrientationSequence=orientation, **macros)


def place(k, **macros):
    position = {"ImagePositionPatient": as_text(np.array((5.0, -7.0, 11.0)) + 2.5 * k * NORMAL)}
    return group(PlanePositionSequence=position, **macros)


def write(path, frames, common=None, stored=STORED, **fields):
    return write_dicom(
        path, stored, SOPClassUID=EnhancedCTImageStorage, Modality="CT",
        SharedFunctionalGroupsSequence=[common if common is not None else shared()],
        PerFrameFunctionalGroupsSequence=frames, **fields,
    )  # fmt: skip


def test_an_enhanced_file_is_the_series_of_its_frames(tmp_path):
    scales = [
        {"RescaleSlope": str(1 + k), "RescaleIntercept": str(-10 * k)} for k in range(len(PLACES))
    ]
    frames = [
        place(k, PixelValueTransformationSequence=scale)
        for k, scale in zip(PLACES, scales, strict=True)
    ]
    image = read_image(write(tmp_path / "enhanced", frames))
    order = np.argsort(PLACES)
    values = [STORED[n] * (1 + n) - 10 * n for n in order]
    np.testing.assert_array_equal(image.array[0, 0], np.stack(values).T)
    assert [plane.frame for plane in image.source.planes] == [n + 1 for n in order]
    assert image.modality.value is Modality.CT
    # The same slices as single files have the same grid.
    write_ct(tmp_path / "classic", STORED, orientation=oblique(), origin=(5.0, -7.0, 11.0))
    assert image.geometry.is_close(read_image(tmp_path / "classic").geometry, 1e-9)


def test_a_frames_own_group_precedes_the_shared_one(tmp_path):
    frames = [place(k, PixelMeasuresSequence=measures(PixelSpacing=["2", "3"])) for k in range(4)]
    image = read_image(write(tmp_path / "a.dcm", frames))
    assert image.geometry.spacing == pytest.approx((3.0, 2.0, 2.5))


@pytest.mark.parametrize(
    ("name", "keyword", "values", "seconds"),
    [
        ("FrameContentSequence", "TemporalPositionIndex", (2, 1), None),
        (
            "CardiacSynchronizationSequence",
            "NominalCardiacTriggerDelayTime",
            (80.0, 20.0),
            0.06,
        ),
        (
            "FrameContentSequence",
            "FrameAcquisitionDateTime",
            ("20240105101112", "20240105101110"),
            2.0,
        ),
    ],
)
def test_frames_at_one_place_are_time_points(tmp_path, name, keyword, values, seconds):
    frames = [place(k, **{name: {keyword: value}}) for value in values for k in (0, 1)]
    image = read_image(write(tmp_path / "a", frames))
    assert image.array.shape == (2, 1, 5, 3, 2)
    assert [plane.frame for plane in image.source.planes] == [3, 4, 1, 2]
    np.testing.assert_array_equal(image.array[0, 0], STORED[2:].T)
    assert image.frame_seconds == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        ([place(k) for k in range(3)], "4 frames and 3 descriptions of frames"),
        ([place(0), place(1), place(3), place(4)], "a gap of 5 mm after slice 2 of 4"),
        ([pydicom.Dataset() for _ in range(4)], "4 pictures that state no position"),
        (
            [place(k // 2, MREchoSequence={"EffectiveEchoTime": 10.0 * (k % 2)}) for k in range(4)],
            "differ in echo time: 0.0, 10.0",
        ),
        (
            [place(k, PixelMeasuresSequence=measures(PixelSpacing=["1", str(k + 1)]))
             for k in range(4)],
            "pixel spacings from 1 to 4 mm",
        ),
    ],
)  # fmt: skip
def test_frames_that_form_no_image_are_refused(tmp_path, frames, reason):
    with pytest.raises(DataError, match=reason):
        read_image(write(tmp_path / "a", frames))


def test_a_group_that_is_no_sequence_is_named(tmp_path):
    path = write(tmp_path / "a", [place(k) for k in range(4)])
    tag = b"\x00\x52\x30\x92"
    path.write_bytes(path.read_bytes().replace(tag + b"SQ", tag + b"OB"))
    with pytest.raises(DataError, match="PerFrameFunctionalGroupsSequence"):
        read_image(tmp_path / "a")


def test_an_enhanced_mr_states_mri(tmp_path):
    frames = [place(k) for k in range(4)]
    path = write_dicom(
        tmp_path / "a", STORED, SOPClassUID=EnhancedMRImageStorage, Modality="MR",
        SharedFunctionalGroupsSequence=[shared()], PerFrameFunctionalGroupsSequence=frames,
    )  # fmt: skip
    assert read_image(path).modality.value is Modality.MRI
