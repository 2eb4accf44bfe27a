"""DICOM segmentations: written with references, read back as the same label map."""

from __future__ import annotations

import dataclasses
import logging
import warnings
import zipfile
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK

from omniseg_backend.common.errors import DataError, GeometryError
from omniseg_backend.common.provenance import Provenance
from omniseg_backend.images.classes import ClassEntry, ClassTable
from omniseg_backend.images.dicom_seg_reading import load_labels
from omniseg_backend.images.dicom_seg_writing import check_labels, save_labels
from omniseg_backend.images.dicom_source import DicomSource
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.reading import read_image, read_segmentation
from omniseg_backend.images.records import SegmentationRecord
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.images.writing import check_target, write_segmentation
from tests.images.ct_series import COLUMNS, ROWS, SLICES, Series, write_series
from tests.images.dicom_writing import PATIENT, as_text, oblique

CLASSES = ClassTable(
    (
        ClassEntry(2, "liver", (10, 20, 200), "10200004"),
        ClassEntry(7, "tumour of the liver", (230, 159, 0)),
        ClassEntry(300, "milz", (1, 2, 3)),
    )
)
MADE_BY = Provenance(
    bundle="demo-abdominal-ct-compact",
    bundle_version="1.2.0",
    bundle_hash="ab" * 32,
    software="napari-omniseg 0.1.0",
    time="2024-05-06T07:08:09+00:00",
    synthetic=True,
    modality="ct (stated by the file)",
)


def _labels() -> np.ndarray:
    labels = np.zeros((1, COLUMNS, ROWS, SLICES), np.uint16)
    labels[0, 2:7, 3:6, 1:4] = 2
    labels[0, 4, 4, 2] = 7
    return labels


def _segmentation(series: Series, **changes: object) -> Segmentation:
    made = Segmentation(
        _labels(), series.geometry, CLASSES, provenance=MADE_BY, source=series.source
    )
    return dataclasses.replace(made, **changes)


def _written(segmentation: Segmentation, path: Path) -> pydicom.Dataset:
    check_labels(segmentation, path)
    save_labels(segmentation, path)
    return pydicom.dcmread(path)


def test_our_reader_gives_back_voxels_grid_classes_and_provenance(tmp_path: Path) -> None:
    series = write_series(tmp_path / "ct")
    path = tmp_path / "out.dcm"
    _written(_segmentation(series), path)
    read = load_labels(path)
    np.testing.assert_array_equal(read.labels, _labels())
    assert read.geometry.is_close(series.geometry)
    record = SegmentationRecord.model_validate_json(read.record or "")
    assert record.classes == CLASSES.entries
    assert record.provenance == MADE_BY


def test_each_frame_refers_to_the_image_that_lies_where_it_lies(tmp_path: Path) -> None:
    series = write_series(tmp_path / "ct")
    dataset = _written(_segmentation(series), tmp_path / "out.dcm")
    assert dataset.FrameOfReferenceUID == series.header(0).FrameOfReferenceUID
    assert dataset.StudyInstanceUID == series.header(0).StudyInstanceUID
    assert dataset.SeriesInstanceUID != series.source.series_uid
    referenced = dataset.ReferencedSeriesSequence[0]
    assert referenced.SeriesInstanceUID == series.source.series_uid
    assert len(referenced.ReferencedInstanceSequence) == SLICES
    seen = []
    for group in dataset.PerFrameFunctionalGroupsSequence:
        position = [float(v) for v in group.PlanePositionSequence[0].ImagePositionPatient]
        uid = group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        ks = [k for k in range(SLICES) if series.header(k).SOPInstanceUID == uid]
        expected = [float(v) for v in series.header(ks[0]).ImagePositionPatient]
        assert position == pytest.approx(expected, abs=1e-9)
        seen.append((group.SegmentIdentificationSequence[0].ReferencedSegmentNumber, *ks))
    assert sorted(seen) == [(1, 1), (1, 2), (1, 3), (2, 2)]


def test_highdicom_finds_the_same_voxels_by_source_image(tmp_path: Path) -> None:
    series = write_series(tmp_path / "ct")
    _written(_segmentation(series), tmp_path / "out.dcm")
    read = highdicom.seg.segread(tmp_path / "out.dcm")
    uids = [series.header(k).SOPInstanceUID for k in range(SLICES)]
    pixels = read.get_pixels_by_source_instance(
        uids, combine_segments=True, ignore_spatial_locations=True
    )
    numbers = np.select([_labels()[0] == 2, _labels()[0] == 7], [1, 2], 0)
    np.testing.assert_array_equal(pixels, numbers.transpose(2, 1, 0))


def test_simpleitk_reads_the_same_voxels_at_the_same_place(tmp_path: Path) -> None:
    # GDCM loses the last pixels where all frames together fill no whole number of bytes.
    series = write_series(tmp_path / "ct", columns=16)
    full = np.ones((1, 16, ROWS, SLICES), np.uint8)
    full[0, 3, 2, :] = 0
    full[0, 1, 1, 4] = 0
    one = ClassTable.from_names(["body"])
    _written(Segmentation(full, series.geometry, one, source=series.source), tmp_path / "out.dcm")
    read = SimpleITK.ReadImage(str(tmp_path / "out.dcm"))
    frames = SimpleITK.GetArrayFromImage(read)  # in the order of the file's frames
    dataset = pydicom.dcmread(tmp_path / "out.dcm")
    positions = [
        group.PlanePositionSequence[0].ImagePositionPatient
        for group in dataset.PerFrameFunctionalGroupsSequence
    ]
    assert read.GetOrigin() == pytest.approx(tuple(float(v) for v in positions[0]))
    inverse = np.linalg.inv(series.geometry.affine)
    for frame, position in zip(frames, positions, strict=True):
        ras = np.array([-float(position[0]), -float(position[1]), float(position[2]), 1.0])
        k = round(float((inverse @ ras)[2]))
        np.testing.assert_array_equal(frame > 0, full[0, :, :, k].T > 0)


def test_segments_carry_name_colour_codes_and_algorithm(tmp_path: Path) -> None:
    dataset = _written(_segmentation(write_series(tmp_path / "ct")), tmp_path / "out.dcm")
    liver, tumour, spleen = dataset.SegmentSequence
    assert [s.SegmentLabel for s in dataset.SegmentSequence] == list(CLASSES.names)
    assert liver.SegmentedPropertyTypeCodeSequence[0].CodeValue == "10200004"
    assert liver.SegmentedPropertyCategoryCodeSequence[0].CodeValue == "91723000"
    assert tumour.SegmentedPropertyCategoryCodeSequence[0].CodeValue == "49755003"
    assert spleen.SegmentedPropertyTypeCodeSequence[0].CodingSchemeDesignator == "99OMNISEG"
    colour = highdicom.color.CIELabColor.from_dicom_value(liver.RecommendedDisplayCIELabValue)
    assert colour.to_rgb(clip=True) == pytest.approx((10, 20, 200), abs=1)
    algorithm = liver.SegmentationAlgorithmIdentificationSequence[0]
    assert algorithm.AlgorithmName == MADE_BY.bundle
    assert algorithm.AlgorithmVersion == MADE_BY.bundle_version
    assert algorithm.AlgorithmSource == MADE_BY.software
    assert f"bundle_hash={MADE_BY.bundle_hash}" in algorithm.AlgorithmParameters
    assert dataset.ContentDescription == "DEMO, research use, not reviewed"
    assert dataset.SeriesDescription.startswith("DEMO, research use, not reviewed; demo-")


def test_a_persons_work_names_no_algorithm(tmp_path: Path) -> None:
    segmentation = _segmentation(write_series(tmp_path / "ct"), provenance=None)
    segment = _written(segmentation, tmp_path / "out.dcm").SegmentSequence[0]
    assert segment.SegmentAlgorithmType == "MANUAL"
    assert "SegmentationAlgorithmIdentificationSequence" not in segment


def test_the_object_obeys_the_standards_value_rules(tmp_path: Path) -> None:
    dataset = _written(_segmentation(write_series(tmp_path / "ct")), tmp_path / "out.dcm")
    with pydicom.config.disable_value_validation():
        text = dataset.to_json()
    pydicom.config.settings.reading_validation_mode = pydicom.config.RAISE
    try:
        again = pydicom.Dataset.from_json(text)
        again.file_meta = dataset.file_meta
        pydicom.dcmwrite(tmp_path / "again.dcm", again, enforce_file_format=True)
    finally:
        pydicom.config.settings.reading_validation_mode = pydicom.config.WARN
    assert dataset.file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian


def test_the_patient_is_copied_as_the_hospital_wrote_it_and_never_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    odd = {
        "SpecificCharacterSet": "ISO_IR 100",
        "PatientName": "Müller Hans",
        "PatientBirthDate": "1950-1-2",
        "PatientSex": "female",
        "AccessionNumber": "A" * 20,
    }
    series = write_series(tmp_path / "ct", **odd)
    classes = ClassTable.from_names(["печень"], [2])
    segmentation = _segmentation(series, classes=classes, labels=np.minimum(_labels(), 2))
    caplog.clear()
    with warnings.catch_warnings(record=True) as warned, caplog.at_level(logging.DEBUG):
        warnings.simplefilter("always")
        save_labels(segmentation, tmp_path / "out.dcm")
    said = caplog.text + " ".join(str(item.message) for item in warned)
    assert "Müller" not in said
    assert "1950-1-2" not in said
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(tmp_path / "out.dcm")
        for keyword in ("PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber"):
            assert str(dataset[keyword].value) == odd[keyword]
    assert dataset.SegmentSequence[0].SegmentLabel == "печень"
    assert "Müller" not in (load_labels(tmp_path / "out.dcm").record or "")


def test_headers_that_lack_what_anonymisers_remove_suffice(tmp_path: Path) -> None:
    removed = dict.fromkeys(
        ("PatientName", "PatientBirthDate", "AccessionNumber", "StudyID", "SliceThickness")
    )
    dataset = _written(
        _segmentation(write_series(tmp_path / "ct", **removed)), tmp_path / "out.dcm"
    )
    measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    assert float(measures.SliceThickness) == pytest.approx(2.5)
    assert dataset.PatientName is None or str(dataset.PatientName) == ""


def test_nothing_found_is_a_segmentation_too(tmp_path: Path) -> None:
    series = write_series(tmp_path / "ct")
    empty = np.zeros((1, COLUMNS, ROWS, SLICES), np.uint8)
    _written(_segmentation(series, labels=empty), tmp_path / "out.dcm")
    read = load_labels(tmp_path / "out.dcm")
    assert read.labels.shape == empty.shape
    assert not read.labels.any()
    assert read.geometry.is_close(series.geometry)


def test_a_left_handed_order_of_slices_is_kept(tmp_path: Path) -> None:
    series = write_series(tmp_path / "ct")
    affine = series.geometry.affine.copy()
    affine[:3, 3] += (SLICES - 1) * affine[:3, 2]
    affine[:3, 2] *= -1
    turned = Segmentation(
        _labels(),
        Geometry(series.geometry.shape, affine, "mm", 3),
        CLASSES,
        source=DicomSource(series.source.series_uid, series.source.planes[::-1]),
    )
    _written(turned, tmp_path / "out.dcm")
    read = load_labels(tmp_path / "out.dcm")
    np.testing.assert_array_equal(read.labels, _labels())
    assert read.geometry.is_close(turned.geometry)


def test_gantry_tilt_stays_a_shear(tmp_path: Path) -> None:
    directions = np.array(oblique())
    step = 2.5 * np.cross(directions[:3], directions[3:]) + 0.4 * directions[3:]
    series = write_series(tmp_path / "ct", step=step)
    dataset = _written(_segmentation(series), tmp_path / "out.dcm")
    read = load_labels(tmp_path / "out.dcm")
    np.testing.assert_array_equal(read.labels, _labels())
    assert read.geometry.is_close(series.geometry)
    measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    assert float(measures.SpacingBetweenSlices) == pytest.approx(2.5)


def test_slices_a_little_off_their_even_grid_stay_where_they_are(tmp_path: Path) -> None:
    directions = np.array(oblique())
    normal = np.cross(directions[:3], directions[3:])
    # 4 % of the 10 mm between slices, more than half a pixel.
    off = np.zeros((SLICES, 3))
    off[2] = 0.4 * directions[:3]
    places = [10.0 * k * normal + off[k] for k in range(SLICES)]
    series = write_series(tmp_path / "ct", ImagePositionPatient=[as_text(p) for p in places])
    dataset = _written(_segmentation(series), tmp_path / "out.dcm")
    read = load_labels(tmp_path / "out.dcm")
    np.testing.assert_array_equal(read.labels, _labels())
    assert read.geometry.is_close(series.geometry)
    stored = {
        tuple(map(float, group.PlanePositionSequence[0].ImagePositionPatient))
        for group in dataset.PerFrameFunctionalGroupsSequence
    }
    assert tuple(map(float, as_text(places[2]))) in stored


def test_a_zipped_series_is_referred_to(tmp_path: Path) -> None:
    series = write_series(tmp_path / "ct")
    archive = tmp_path / "ct.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in series.folder.iterdir():
            packed.write(file, f"ct/{file.name}")
    source = read_image(archive).source
    assert source is not None
    assert source.planes[0].member is not None
    dataset = _written(_segmentation(series, source=source), tmp_path / "out.dcm")
    uids = {i.ReferencedSOPInstanceUID for i in dataset.SourceImageSequence}
    assert uids == {series.header(k).SOPInstanceUID for k in range(SLICES)}


def test_an_image_that_was_no_dicom_is_refused_with_the_reason(tmp_path: Path) -> None:
    segmentation = _segmentation(write_series(tmp_path / "ct"), source=None)
    with pytest.raises(DataError, match=r"refers to the images it was made from"):
        check_labels(segmentation, tmp_path / "out.dcm")


def test_several_time_points_are_refused(tmp_path: Path) -> None:
    series = write_series(tmp_path / "ct")
    twice = DicomSource(series.source.series_uid, series.source.planes * 2)
    moving = _segmentation(series, source=twice, labels=np.concatenate([_labels()] * 2))
    with pytest.raises(DataError, match="2 time points"):
        check_labels(moving, tmp_path / "out.dcm")


@pytest.mark.parametrize("name", ["x" * 65, "a\\b", " "])
def test_names_that_dicom_cannot_hold_are_refused(tmp_path: Path, name: str) -> None:
    segmentation = _segmentation(
        write_series(tmp_path / "ct"), classes=ClassTable.from_names([name])
    )
    with pytest.raises(DataError, match="1 to 64 characters"):
        check_labels(segmentation, tmp_path / "out.dcm")


def test_moved_and_cropped_labels_are_refused(tmp_path: Path) -> None:
    series = write_series(tmp_path / "ct")
    moved = series.geometry.affine.copy()
    moved[:3, 3] += moved[:3, 0]
    other = Geometry(series.geometry.shape, moved, "mm", 3)
    with pytest.raises(GeometryError, match="from its source image"):
        save_labels(_segmentation(series, geometry=other), tmp_path / "out.dcm")
    cropped = Geometry((COLUMNS - 1, ROWS, SLICES), series.geometry.affine, "mm", 3)
    with pytest.raises(DataError, match="9 rows and 13 columns"):
        check_labels(
            _segmentation(series, geometry=cropped, labels=_labels()[:, 1:]), tmp_path / "o.dcm"
        )
    assert not (tmp_path / "out.dcm").exists()


def test_a_source_that_is_gone_is_named(tmp_path: Path) -> None:
    series = write_series(tmp_path / "ct")
    series.source.planes[3].path.unlink()
    with pytest.raises(DataError, match="put it back"):
        save_labels(_segmentation(series), tmp_path / "out.dcm")


def test_the_patients_name_stands_in_no_refusal(tmp_path: Path) -> None:
    series = write_series(tmp_path / "ct", SOPClassUID="1.2.3.4")
    with pytest.raises(DataError, match="headers do not suffice") as refusal:
        check_labels(_segmentation(series), tmp_path / "out.dcm")
    assert PATIENT not in str(refusal.value)


def test_a_run_may_write_dicom_only_of_dicom_and_never_over_a_file_unasked(tmp_path: Path) -> None:
    series = write_series(tmp_path / "ct")
    image = read_image(series.folder)
    target = tmp_path / "out.dcm"
    check_target(target, image, CLASSES, overwrite=False)
    with pytest.raises(DataError, match="start from the DICOM series"):
        check_target(target, dataclasses.replace(image, source=None), CLASSES, overwrite=False)
    assert write_segmentation(_segmentation(series), target) == [target]
    with pytest.raises(DataError, match="--overwrite"):
        check_target(target, image, CLASSES, overwrite=False)
    first = pydicom.dcmread(target).SOPInstanceUID
    write_segmentation(_segmentation(series), target, overwrite=True)
    assert pydicom.dcmread(target).SOPInstanceUID != first
    read = read_segmentation(target)
    np.testing.assert_array_equal(read.labels, _labels())
    assert read.classes == CLASSES
    assert read.provenance == MADE_BY


def test_a_result_beside_its_images_is_not_taken_for_one_of_them(tmp_path: Path) -> None:
    series = write_series(tmp_path / "ct")
    write_segmentation(_segmentation(series), series.folder / "result.dcm")
    again = read_image(series.folder)
    assert again.geometry.is_close(series.geometry)
    assert again.source == series.source


def test_labels_of_a_part_say_so_in_the_titles_that_viewers_show(tmp_path: Path) -> None:
    made = dataclasses.replace(MADE_BY, region="0:6,0:7,1:2")
    original = _segmentation(write_series(tmp_path / "ct"), provenance=made)
    (path, *_) = write_segmentation(original, tmp_path / "mask.dcm")
    assert "of a part" in pydicom.dcmread(path).SeriesDescription
    assert read_segmentation(path).provenance == made
