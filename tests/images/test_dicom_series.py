"""Series of DICOM slices: their grid, as SimpleITK has it, and why some are no image."""

from __future__ import annotations

import logging

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813 (the name that SimpleITK's manual uses)

from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.images.modality import Modality, ModalityStatement
from omniseg_backend.images.reading import read_image, read_segmentation
from tests.images.dicom_writing import (
    AXIAL,
    CORONAL,
    PATIENT,
    PATIENT_ID,
    SAGITTAL,
    as_text,
    oblique,
    write_ct,
    write_dicom,
)

SLICES, ROWS, COLUMNS = 5, 7, 9
VOLUME = np.random.default_rng(3).integers(0, 3000, (SLICES, ROWS, COLUMNS)).astype(np.int16)


def from_simpleitk(folder):
    """SimpleITK's own reading: values as (i, j, k) and the affine in RAS."""
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder))
    image = sitk.ReadImage(names)
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    return sitk.GetArrayFromImage(image).T, np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine


@pytest.mark.parametrize("orientation", [AXIAL, SAGITTAL, CORONAL, oblique()])
def test_geometry_and_values_are_simpleitks(tmp_path, orientation):
    # Names whose order is not that of the positions, with suffixes as scanners give them.
    names = ["IM0004", "z.ima", "1.2.840.113619.2", "a.dcm", "IM0001"]
    write_ct(tmp_path, VOLUME, orientation=orientation, names=names, RescaleSlope="1",
             RescaleIntercept="-1024")  # fmt: skip
    image = read_image(tmp_path)
    values, affine = from_simpleitk(tmp_path)
    np.testing.assert_allclose(image.geometry.affine, affine, atol=1e-6)
    np.testing.assert_array_equal(image.array[0, 0], values)
    assert image.array.dtype == np.int32  # 16 bits less 1024
    assert image.modality == ModalityStatement(Modality.CT, "file")
    assert [plane.path.name for plane in image.source.planes] == names
    assert image.notes == ()
    assert image.name == tmp_path.name
    assert not image.has_time


def test_slices_sort_along_the_normal_whichever_way_they_were_taken(tmp_path):
    write_ct(tmp_path, VOLUME, step=(0.0, 0.0, -2.5))
    image = read_image(tmp_path)
    assert image.geometry.orientation == "LPS"
    np.testing.assert_array_equal(image.array[0, 0], VOLUME[::-1].T)
    assert image.geometry.affine[2, 3] == pytest.approx(104.0 - 4 * 2.5)


def test_a_tilted_gantry_gives_the_exact_sheared_grid(tmp_path):
    tilt = np.deg2rad(15.0)
    step = 2.5 * np.array([0.0, -np.sin(tilt), np.cos(tilt)])
    write_ct(tmp_path, VOLUME, step=step)
    image = read_image(tmp_path)
    geometry = image.geometry
    for k in range(SLICES):
        lps = np.array((-31.5, 12.25, 104.0)) + k * step
        np.testing.assert_allclose(
            (geometry.affine @ (0, 0, k, 1))[:3], lps * (-1, -1, 1), atol=1e-9
        )
    assert geometry.voxel_size == pytest.approx(0.9 * 0.7 * 2.5 * np.cos(tilt))
    (note,) = image.notes
    assert note.code == "sheared"
    assert "sheared by 15.0 degrees" in note.sentence


def test_positions_rounded_by_the_scanner_are_even(tmp_path):
    heights = np.round(np.arange(12) * 1.25, 1)
    places = [as_text((0.0, 0.0, height)) for height in heights]
    write_ct(tmp_path, np.zeros((12, 3, 3), np.int16), ImagePositionPatient=places)
    geometry = read_image(tmp_path).geometry
    assert geometry.spacing[2] == pytest.approx((heights[-1] - heights[0]) / 11)


def levels(*heights):
    return {"ImagePositionPatient": [as_text((0.0, 0.0, height)) for height in heights]}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (levels(0, 5, 15, 20, 25), r"a gap of 10 mm after slice 2 of 5.*: 1 or more slices"),
        (levels(0, 5, 10, 12, 17), "slices from 2 to 5 mm apart"),
        (levels(0, 5, 10, 10, 15), "1 to 2 slices at one place"),
        (levels(0, 0, 0, 0, 0), "5 slices at each place, and nothing that tells their order"),
        (
            {"ImagePositionPatient": [as_text((3 * (k == 2), 0, 5 * k)) for k in range(5)]},
            "off a straight line",
        ),
        (
            {"ImagePositionPatient": [as_text((2.0 * (k % 2), 0, k // 2)) for k in range(5)]},
            "two slices on one level, 2 mm apart",
        ),
        (
            {"ImageOrientationPatient": [as_text(AXIAL)] * 4 + [as_text(oblique())]},
            "mixed orientations: 1 of 5",
        ),
        ({"PixelSpacing": [["0.9", "0.7"]] * 4 + [["0.9", "0.8"]]}, "pixel spacings from 0.7"),
        ({"PixelSpacing": [["0", "0.7"]] * 5}, "a pixel spacing of 0 x 0.7"),
        ({"PixelSpacing": [None] * 5}, "slices without a pixel spacing"),
        ({"ImagePositionPatient": [None] + [["0", "0", "0"]] * 4}, "1 of 5 slices without a"),
        ({"ImagePositionPatient": [None] * 5}, "5 pictures that state no position"),
        ({"ImageOrientationPatient": [["1", "0", "0", "1", "0", "0"]] * 5}, "not perpendicular"),
        ({"ImageOrientationPatient": [["1", "0", "0"]] * 5}, "an element ImageOrientationPatient"),
    ],
)
def test_slices_that_form_no_image_are_refused_with_the_reason(tmp_path, fields, reason):
    write_ct(tmp_path, VOLUME, **fields)
    with pytest.raises(DataError, match=reason) as caught:
        read_image(tmp_path)
    assert PATIENT not in str(caught.value)


def test_differently_sized_slices_are_counted(tmp_path):
    write_ct(tmp_path / "s", VOLUME, SeriesInstanceUID="1.2.3")
    write_ct(tmp_path / "s", VOLUME[:1, :4], SeriesInstanceUID="1.2.3", names=["scout"])
    with pytest.raises(DataError, match="different sizes: 5 of 9 x 7, 1 of 9 x 4"):
        read_image(tmp_path)


def test_several_series_are_listed_and_one_can_be_named(tmp_path):
    write_ct(tmp_path / "a", VOLUME, SeriesInstanceUID="1.2.3")
    write_ct(tmp_path / "b", VOLUME[:2], SeriesInstanceUID="1.2.4", Modality="MR")
    with pytest.raises(DataError, match="2 series") as caught:
        read_image(tmp_path)
    assert "1.2.3 (CT, 5 images of 9 x 7), 1.2.4 (MR, 2 images of 9 x 7)" in caught.value.found
    image = read_image(tmp_path, series_uid="1.2.4")
    assert image.geometry.shape == (9, 7, 2)
    assert image.source.series_uid == "1.2.4"
    with pytest.raises(UsageError, match=r"no such series.*1\.2\.3"):
        read_image(tmp_path, series_uid="1.2.5")


def test_a_series_is_asked_of_dicom_only(tmp_path):
    (tmp_path / "a.nii").write_bytes((348).to_bytes(4, "little") + b"\0" * 400)
    with pytest.raises(UsageError, match="an uncompressed NIfTI"):
        read_image(tmp_path / "a.nii", series_uid="1.2.3")


def test_other_files_beside_a_series_are_passed_over(tmp_path):
    write_ct(tmp_path / "series", VOLUME)
    (tmp_path / "series" / "notes.txt").write_text("nothing")
    (tmp_path / "series" / "empty").touch()
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    report = write_dicom(tmp_path / "report", VOLUME[0], Rows=None, Columns=None)
    assert read_image(tmp_path).geometry.shape == (COLUMNS, ROWS, SLICES)
    with pytest.raises(DataError, match="Secondary Capture Image Storage, without an image"):
        read_image(report)


@pytest.mark.parametrize("read", [read_image, read_segmentation])
def test_a_folder_without_dicom_says_so(tmp_path, read):
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(DataError, match="found a folder"):
        read(tmp_path)


def test_one_slice_is_a_volume_by_its_thickness_and_else_a_picture(tmp_path):
    write_ct(tmp_path / "a", VOLUME[:1], SliceThickness="3")
    volume = read_image(tmp_path / "a" / "0000.dcm").geometry
    assert (volume.dimensions, volume.spacing[2]) == (3, pytest.approx(3.0))
    write_ct(tmp_path / "b", VOLUME[:1], SliceThickness=[None])
    picture = read_image(tmp_path / "b").geometry
    assert (picture.dimensions, picture.unit) == (2, "mm")
    assert picture.spacing[:2] == pytest.approx((0.7, 0.9))


def test_nothing_of_the_patient_is_said(tmp_path, caplog):
    write_ct(tmp_path / "study", VOLUME, step=(0.0, 0.3, 2.5), PatientComments=PATIENT)
    with caplog.at_level(logging.DEBUG):
        image = read_image(tmp_path / "study")
    said = f"{image.name} {image.source} {caplog.text}"
    assert PATIENT not in said
    assert PATIENT_ID not in said
    assert image.name == "study"


@pytest.mark.parametrize(
    "keyword", ["SeriesInstanceUID", "SOPClassUID", "Modality", "PixelSpacing"]
)
def test_a_damaged_element_that_swallowed_the_name_is_not_repeated(
    tmp_path, caplog, recwarn, keyword
):
    write_ct(tmp_path, VOLUME)
    path = tmp_path / "0002.dcm"
    dataset = pydicom.dcmread(path)
    tag = pydicom.tag.Tag(pydicom.datadict.tag_for_keyword(keyword))
    raw = f"{PATIENT}\\{PATIENT_ID} ".encode()
    kind = pydicom.datadict.dictionary_VR(tag)
    dataset[tag] = pydicom.dataelem.RawDataElement(tag, kind, len(raw), raw, 0, False, True)
    if keyword == "SOPClassUID":
        del dataset.Rows
    with path.open("wb") as stream:
        dataset.save_as(stream)
    recwarn.clear()
    caplog.clear()
    caplog.set_level(logging.DEBUG)
    said = []
    for where in (path, tmp_path):
        try:
            image = read_image(where)
            said.append(f"{image.name} {image.modality.as_text()} {image.notes}")
        except DataError as error:
            said.append(str(error))
    assert len(said) == 2
    recorded = f"{said} {caplog.text} {[str(warning.message) for warning in recwarn]}"
    assert PATIENT not in recorded
    assert PATIENT_ID not in recorded
