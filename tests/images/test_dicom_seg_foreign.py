"""DICOM segmentations of enhanced images, and those that other programs wrote or changed."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
import pytest
from highdicom.seg import SegmentDescription
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import EnhancedCTImageStorage, generate_uid

from omniseg_backend.common.errors import DataError, GeometryError, OmniSegError
from omniseg_backend.images.classes import ClassEntry, ClassTable
from omniseg_backend.images.dicom_seg_reading import load_labels
from omniseg_backend.images.formats import LabelFile
from omniseg_backend.images.reading import read_image, read_segmentation
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.images.writing import write_segmentation
from tests.images.ct_series import COLUMNS, ROWS, SLICES, Series, write_series
from tests.images.dicom_writing import as_text, new_dicom, oblique

RETIRED_LIVER = Code("T-62000", "SRT", "Liver")


def _foreign(
    series: Series, pixels: np.ndarray, kind: str = "BINARY", segments: int = 2
) -> pydicom.Dataset:
    """What another program makes of the series: no record, a retired code, no colour."""
    describe = functools.partial(
        SegmentDescription,
        segmented_property_category=codes.SCT.AnatomicalStructure,
        segmented_property_type=RETIRED_LIVER,
        algorithm_type="MANUAL",
    )
    return highdicom.seg.Segmentation(
        source_images=[series.header(k) for k in range(SLICES)],
        pixel_array=pixels,
        segmentation_type=kind,
        segment_descriptions=[
            describe(segment_number=n, segment_label="organ") for n in range(1, segments + 1)
        ],
        series_instance_uid=generate_uid(),
        series_number=1,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="Somebody",
        manufacturer_model_name="else",
        software_versions="1",
        device_serial_number="1",
    )


def _numbers() -> np.ndarray:
    """Shape (slices, rows, columns): nothing in the first slice and in the middle one."""
    numbers = np.zeros((SLICES, ROWS, COLUMNS), np.uint8)
    numbers[1, 2:5, 3:9] = 1
    numbers[3, 2:5, 3:6] = 1
    numbers[4, 6:, 10:] = 2
    return numbers


def _load(dataset: pydicom.Dataset, path: Path) -> LabelFile:
    dataset.save_as(path, enforce_file_format=True)
    return load_labels(path)


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_slices_left_out_inside_are_filled_and_outside_are_not_there(
    tmp_path: Path, kind: str
) -> None:
    series = write_series(tmp_path / "ct")
    read = _load(_foreign(series, _numbers(), kind), tmp_path / "seg.dcm")
    np.testing.assert_array_equal(read.labels[0], _numbers()[1:].transpose(2, 1, 0))
    expected = series.geometry.affine.copy()
    expected[:3, 3] += expected[:3, 2]
    np.testing.assert_allclose(read.geometry.affine, expected, atol=1e-6)


def test_a_label_map_beside_its_images_is_not_taken_for_one_of_them(tmp_path: Path) -> None:
    series = write_series(tmp_path / "ct")
    _foreign(series, _numbers(), "LABELMAP").save_as(series.folder / "seg.dcm")
    assert read_image(series.folder).source == series.source


def test_names_stay_apart_and_retired_codes_become_todays(tmp_path: Path) -> None:
    dataset = _foreign(write_series(tmp_path / "ct"), _numbers())
    dataset.SegmentSequence[1].RecommendedDisplayCIELabValue = list(
        highdicom.color.CIELabColor.from_rgb(10, 200, 30).value
    )
    _load(dataset, tmp_path / "seg.dcm")
    first, second = read_segmentation(tmp_path / "seg.dcm").classes
    assert (first.value, first.name, first.snomed) == (1, "organ", "10200004")
    assert (second.value, second.name) == (2, "organ (2)")
    assert second.colour == pytest.approx((10, 200, 30), abs=1)


def test_overlapping_segments_are_refused_with_both_named(tmp_path: Path) -> None:
    both = np.stack([_numbers() == 1, np.zeros_like(_numbers(), bool)], axis=-1)
    both[1, 2, 3, 1] = True
    dataset = _foreign(write_series(tmp_path / "ct"), both.astype(np.uint8))
    with pytest.raises(DataError, match="classes 1 and 2 overlapping in 1 pixels"):
        _load(dataset, tmp_path / "seg.dcm")


def test_fractions_are_no_labels(tmp_path: Path) -> None:
    fractions = (_numbers() == 1) * 0.4
    dataset = _foreign(write_series(tmp_path / "ct"), fractions, "FRACTIONAL", segments=1)
    with pytest.raises(DataError, match="FRACTIONAL"):
        _load(dataset, tmp_path / "seg.dcm")


def _move_last(dataset: pydicom.Dataset, distance: float) -> None:
    position = dataset.PerFrameFunctionalGroupsSequence[-1].PlanePositionSequence[0]
    normal = np.cross(np.array(oblique())[:3], np.array(oblique())[3:])
    old = np.array(position.ImagePositionPatient, dtype=float)
    position.ImagePositionPatient = as_text(old + distance * normal)


def test_unequal_distances_are_refused(tmp_path: Path) -> None:
    dataset = _foreign(write_series(tmp_path / "ct"), _numbers())
    _move_last(dataset, 1.1)
    with pytest.raises(GeometryError, match="no common regular grid"):
        _load(dataset, tmp_path / "seg.dcm")


def test_two_time_points_are_refused(tmp_path: Path) -> None:
    dataset = _foreign(write_series(tmp_path / "ct"), np.minimum(_numbers(), 1), segments=1)
    groups = dataset.PerFrameFunctionalGroupsSequence
    groups[1].PlanePositionSequence = groups[0].PlanePositionSequence
    with pytest.raises(DataError, match="two frames of one segment"):
        _load(dataset, tmp_path / "seg.dcm")


def test_an_image_is_no_segmentation(tmp_path: Path) -> None:
    series = write_series(tmp_path / "ct")
    with pytest.raises(DataError, match="not the image"):
        read_segmentation(series.source.planes[0].path)
    with pytest.raises(DataError, match="a folder or archive"):
        read_segmentation(series.folder)


@pytest.mark.parametrize("name", ["liver_1frame.dcm", "liver_expb_1frame.dcm"])
def test_pydicoms_stripped_segmentations_end_in_a_sentence(name: str) -> None:
    with pytest.raises(DataError, match="cannot be decoded"):
        load_labels(Path(str(get_testdata_file(name, download=False))))


def _ours(tmp_path: Path) -> Path:
    series = write_series(tmp_path / "ct")
    labels = _numbers().transpose(2, 1, 0)[np.newaxis] * np.uint8(3)
    classes = ClassTable((ClassEntry(3, "a", (1, 1, 1)), ClassEntry(6, "b", (2, 2, 2))))
    ours = Segmentation(labels, series.geometry, classes, source=series.source)
    (path,) = write_segmentation(ours, tmp_path / "ours.dcm")
    return path


def test_segments_that_another_program_renamed_are_believed(tmp_path: Path) -> None:
    path = _ours(tmp_path)
    dataset = pydicom.dcmread(path)
    dataset.SegmentSequence[0].SegmentLabel = "corrected"
    dataset.save_as(path)
    read = read_segmentation(path)
    assert [(entry.value, entry.name) for entry in read.classes] == [(1, "corrected"), (2, "b")]
    assert set(np.unique(read.labels)) == {0, 1, 2}


def test_frames_that_another_program_moved_are_believed(tmp_path: Path) -> None:
    path = _ours(tmp_path)
    dataset = pydicom.dcmread(path)
    for group in dataset.PerFrameFunctionalGroupsSequence:
        position = group.PlanePositionSequence[0]
        position.ImagePositionPatient = as_text(
            np.array(position.ImagePositionPatient, dtype=float) + np.array([0.3, 0.0, 0.0])
        )
    before = load_labels(path).geometry
    dataset.save_as(path)
    after = load_labels(path).geometry
    assert after.shape == (COLUMNS, ROWS, SLICES - 1)  # the first slice is empty
    moved = after.affine[:3, 3] - (before.affine @ (0, 0, 1, 1))[:3]
    assert moved == pytest.approx((-0.3, 0.0, 0.0), abs=1e-6)


def _enhanced(path: Path, order: list[int], *, shared: bool) -> Path:
    """An enhanced CT file whose frames lie in ``order``, oriented per frame as in MR or shared."""
    directions = np.array(oblique())
    normal = np.cross(directions[:3], directions[3:])
    orientation, measures = pydicom.Dataset(), pydicom.Dataset()
    orientation.ImageOrientationPatient = as_text(directions)
    measures.PixelSpacing, measures.SliceThickness = ["0.9", "0.7"], "2"
    common, groups = pydicom.Dataset(), []
    for k in order:
        group, place = pydicom.Dataset(), pydicom.Dataset()
        place.ImagePositionPatient = as_text(np.array([1.0, 2.0, 3.0]) + 2.5 * k * normal)
        group.PlanePositionSequence = [place]
        groups.append(group)
    for holder in [common] if shared else groups:
        holder.PlaneOrientationSequence = [orientation]
        holder.PixelMeasuresSequence = [measures]
    pixels = np.array(order, np.int16)[:, None, None] * np.ones((1, ROWS, COLUMNS), np.int16)
    fields: dict[str, Any] = {
        "SOPClassUID": EnhancedCTImageStorage,
        "Modality": "CT",
        "StudyInstanceUID": generate_uid(),
        "FrameOfReferenceUID": generate_uid(),
        "SharedFunctionalGroupsSequence": [common],
        "PerFrameFunctionalGroupsSequence": groups,
    }
    new_dicom(pixels, **fields).save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize("shared", [True, False])
def test_frames_of_an_enhanced_image_are_referred_to_by_number(
    tmp_path: Path, shared: bool
) -> None:
    order = [3, 0, 4, 1, 2]
    image = read_image(_enhanced(tmp_path / "enhanced.dcm", order, shared=shared))
    assert image.geometry.shape == (COLUMNS, ROWS, SLICES)
    np.testing.assert_array_equal(image.array[0, 0, 0, 0], np.arange(SLICES))
    labels = _numbers().transpose(2, 1, 0)[np.newaxis]
    made = Segmentation(labels, image.geometry, ClassTable.from_names("ab"), source=image.source)
    (path,) = write_segmentation(made, tmp_path / "seg.dcm")
    read = load_labels(path)
    np.testing.assert_array_equal(read.labels, labels)
    assert read.geometry.is_close(image.geometry)
    for group in pydicom.dcmread(path).PerFrameFunctionalGroupsSequence:
        origin = group.DerivationImageSequence[0].SourceImageSequence[0]
        k = order[int(origin.ReferencedFrameNumber) - 1]
        segment = group.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        assert (_numbers()[k] == segment).any()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return _ours(tmp_path_factory.mktemp("sound")).read_bytes()


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_damaged_segmentations_end_in_a_sentence(
    sound: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    damaged = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(132, len(sound) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.dcm"
    path.write_bytes(damaged[: data.draw(st.integers(200, len(sound)))])
    try:
        read = load_labels(path)
    except OmniSegError:
        return
    assert read.labels.shape[1:] == read.geometry.shape
