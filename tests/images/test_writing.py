"""Writing and reading back: labels, geometry, classes, provenance; and failing cleanly."""

from __future__ import annotations

import dataclasses
import gzip
import json
from pathlib import Path

import nibabel
import numpy as np
import PIL.Image
import pytest
import SimpleITK as sitk  # noqa: N813 (the name that SimpleITK's manual uses)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.provenance import Provenance
from omniseg_backend.images.classes import ClassEntry, ClassTable
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality, ModalityStatement
from omniseg_backend.images.reading import read_image, read_segmentation
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.images.writing import write_image, write_segmentation

SHAPE = (5, 6, 7)
CLASSES = ClassTable(
    (
        ClassEntry(2, "links \u2014 Niere", (10, 20, 30), "64033007"),
        ClassEntry(5, "spleen", (200, 100, 0)),
    )
)
PROVENANCE = Provenance(
    "abdomen-compact", "1.2", "f" * 64, "napari-omniseg 0.1.0", "2026-11-23T06:00:00+00:00",
    True, "ct (stated by the user)",
)  # fmt: skip


def oblique(spacing=(0.7, 1.3, 5.1), angles=(20.0, -35.0, 50.0)) -> Geometry:
    affine = np.eye(4)
    rotation = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    affine[:3, :3] = rotation @ np.diag(spacing) @ np.diag([1.0, 1.0, -1.0])
    affine[:3, 3] = (-123.456789, 87.654321, 499.99)
    return Geometry(SHAPE, affine, "mm", 3)


def segmentation(geometry: Geometry | None = None, frames: int = 1, **fields) -> Segmentation:
    grid = geometry or oblique()
    values = np.array([0, 2, 5], np.uint8)
    labels = values[np.random.default_rng(1).integers(0, 3, (frames, *grid.shape))]
    return Segmentation(labels, grid, CLASSES, PROVENANCE, **fields)


def left_behind(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_volume_comes_back_exactly(tmp_path, suffix):
    original = segmentation()
    files = write_segmentation(original, tmp_path / f"mask{suffix}")
    assert files == [tmp_path / f"mask{suffix}", tmp_path / "mask.json"]
    read = read_segmentation(files[0])
    assert np.array_equal(read.labels, original.labels)
    assert read.geometry.is_close(original.geometry, 0.0)
    assert read.classes == CLASSES
    assert read.provenance == PROVENANCE
    assert not read.has_time


@settings(max_examples=25, deadline=None)
@given(
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    spacing=st.tuples(*[st.floats(1e-3, 50)] * 3),
)
def test_any_grid_comes_back_to_a_millionth(tmp_path_factory, angles, spacing):
    grid = oblique(spacing, angles)
    path = tmp_path_factory.mktemp("grid") / "mask.nii"
    write_segmentation(segmentation(grid), path)
    assert read_segmentation(path).geometry.is_close(grid, 1e-6)
    # Other programs see the sform, whose single precision costs at most 2**-24 of the value.
    stored = nibabel.load(path).affine
    assert np.allclose(stored, grid.affine, rtol=2**-23, atol=1e-30)


def test_nibabel_and_simpleitk_see_the_same_world(tmp_path):
    original = segmentation()
    path = write_segmentation(original, tmp_path / "mask.nii.gz")[0]
    by_nibabel, by_itk = nibabel.load(path), sitk.ReadImage(str(path))
    assert int(by_nibabel.header["sform_code"]) == int(by_nibabel.header["qform_code"]) == 1
    assert by_nibabel.header.get_xyzt_units()[0] == "mm"
    assert by_nibabel.get_data_dtype() == np.uint8
    assert by_nibabel.header.get_intent()[0] == "label"
    assert np.array_equal(np.asarray(by_nibabel.dataobj), original.labels[0])
    assert np.array_equal(sitk.GetArrayFromImage(by_itk).T, original.labels[0])
    for index in [(0, 0, 0), (4, 5, 6), (4, 0, 6), (0, 5, 0)]:
        point = (original.geometry.affine @ [*index, 1])[:3]
        assert np.allclose((by_nibabel.affine @ [*index, 1])[:3], point, rtol=0, atol=1e-4)
        assert np.allclose((by_nibabel.get_qform() @ [*index, 1])[:3], point, rtol=0, atol=1e-4)
        left_posterior = by_itk.TransformIndexToPhysicalPoint(index)
        assert np.allclose(np.multiply(left_posterior, (-1, -1, 1)), point, rtol=0, atol=1e-4)


def test_a_sheared_grid_has_no_qform(tmp_path):
    affine = oblique().affine.copy()
    affine[:3, 1] += 0.3 * affine[:3, 0]
    grid = Geometry(SHAPE, affine, "mm", 3)
    path = write_segmentation(segmentation(grid), tmp_path / "mask.nii")[0]
    header = nibabel.load(path).header
    assert (int(header["sform_code"]), int(header["qform_code"])) == (1, 0)
    assert np.allclose(header["pixdim"][1:4], grid.spacing)
    assert read_segmentation(path).geometry.is_close(grid, 0.0)


@pytest.mark.parametrize("frames", [1, 4])
def test_time_is_kept(tmp_path, frames):
    original = segmentation(frames=frames, has_time=True, frame_seconds=0.04)
    path = write_segmentation(original, tmp_path / "cine.nii.gz")[0]
    header = nibabel.load(path).header
    assert header.get_data_shape() == (*SHAPE, frames)
    assert header.get_xyzt_units() == ("mm", "sec")
    read = read_segmentation(path)
    assert np.array_equal(read.labels, original.labels)
    assert (read.has_time, read.frame_seconds) == (True, pytest.approx(0.04))


@pytest.mark.parametrize(("highest", "dtype"), [(1, "u1"), (255, "u1"), (256, "u2"), (65535, "u2")])
def test_labels_take_no_more_bytes_than_needed(tmp_path, highest, dtype):
    labels = np.zeros((1, *SHAPE), np.uint32)
    labels[0, 1, 2, 3] = highest
    table = ClassTable.from_names(["x"], [highest])
    path = tmp_path / "mask.nii"
    write_segmentation(Segmentation(labels, oblique(), table), path)
    assert nibabel.load(path).get_data_dtype() == np.dtype(dtype)
    assert np.array_equal(read_segmentation(path).labels, labels)


def test_the_header_says_demo_and_research_use(tmp_path):
    path = write_segmentation(segmentation(), tmp_path / "mask.nii.gz")[0]
    header = nibabel.load(path).header
    assert header.get_intent()[2] == "DEMO"
    assert bytes(header["descrip"].item()).startswith(b"DEMO, research use, not reviewed; abdom")
    sidecar = json.loads((tmp_path / "mask.json").read_text("utf-8"))
    assert sidecar["provenance"]["synthetic"] is True
    assert sidecar["provenance"]["notice"] == "research use, not reviewed"
    assert [entry["name"] for entry in sidecar["classes"]] == list(CLASSES.names)


def test_without_the_sidecar_names_and_provenance_remain(tmp_path):
    path = write_segmentation(segmentation(), tmp_path / "mask.nii.gz")[0]
    (tmp_path / "mask.json").unlink()
    read = read_segmentation(path)
    assert (read.classes, read.provenance) == (CLASSES, PROVENANCE)


def test_an_edited_sidecar_goes_before_the_embedded_record(tmp_path):
    path, sidecar = write_segmentation(segmentation(), tmp_path / "mask.nii.gz")
    sidecar.write_text(sidecar.read_text("utf-8").replace("spleen", "Milz"), "utf-8")
    assert read_segmentation(path).classes.names[1] == "Milz"


def test_a_file_moved_by_another_program_keeps_its_new_place(tmp_path):
    path = write_segmentation(segmentation(), tmp_path / "mask.nii.gz")[0]
    image = nibabel.load(path)
    moved = image.affine.copy()
    moved[0, 3] += 10.0
    header = image.header.copy()
    nibabel.save(nibabel.Nifti1Image(np.asarray(image.dataobj), moved, header), path)
    assert np.allclose(read_segmentation(path).geometry.affine, moved, rtol=1e-6)


def test_values_added_by_hand_get_a_name(tmp_path):
    path = write_segmentation(segmentation(), tmp_path / "mask.nii.gz")[0]
    image = nibabel.load(path)
    labels = np.asarray(image.dataobj).copy()
    labels[0, 0, 0] = 9
    nibabel.save(nibabel.Nifti1Image(labels, image.affine, image.header), path)
    assert read_segmentation(path).classes.names == (*CLASSES.names, "class 9")


def test_equal_content_gives_equal_bytes(tmp_path):
    for name in ("a", "b"):
        write_segmentation(segmentation(), tmp_path / name / "mask.nii.gz")
    assert (tmp_path / "a/mask.nii.gz").read_bytes() == (tmp_path / "b/mask.nii.gz").read_bytes()


def test_a_picture_without_spacing_stays_without_it_in_nifti(tmp_path):
    grid = Geometry.of_picture(5, 6)
    path = write_segmentation(segmentation(grid), tmp_path / "mask.nii.gz")[0]
    read = read_segmentation(path).geometry
    assert (read.unit, read.dimensions) == ("px", 2)


def test_a_png_is_indexed_with_the_classes_colours(tmp_path):
    original = segmentation(Geometry.of_picture(9, 4, (0.2, 0.3)))
    (path,) = write_segmentation(original, tmp_path / "mask.png")
    with PIL.Image.open(path) as picture:
        assert (picture.mode, picture.size) == ("P", (9, 4))
        assert np.array_equal(np.array(picture), original.labels[0, :, :, 0].T)
        palette = picture.getpalette()
        assert palette[:3] == [0, 0, 0]
        assert palette[6:9] == [10, 20, 30]
        assert palette[15:18] == [200, 100, 0]
        assert picture.text["Description"].startswith("DEMO, research use, not reviewed")
        assert json.loads(picture.text["omniseg"])["classes"][0]["name"] == CLASSES.names[0]
    # The bit depth, in the byte after width and height.
    assert path.read_bytes()[24] == 8
    read = read_segmentation(path)
    assert np.array_equal(read.labels, original.labels)
    assert read.geometry.is_close(original.geometry, 0.0)
    assert read.geometry.dimensions == 2
    assert (read.classes, read.provenance) == (CLASSES, PROVENANCE)


def test_a_png_holds_no_volume_no_series_and_no_large_label(tmp_path):
    grid = Geometry.of_picture(5, 6)
    flat = np.eye(4)
    slice_of_volume = Geometry((5, 6, 1), flat, "mm", 3)
    large = Segmentation(
        np.full((1, 5, 6, 1), 256, np.uint16), grid, ClassTable.from_names(["x"], [256])
    )
    for refused in (
        segmentation(),
        segmentation(grid, frames=2),
        segmentation(slice_of_volume),
        large,
    ):
        with pytest.raises(DataError, match=r"write \.nii\.gz instead"):
            write_segmentation(refused, tmp_path / "mask.png")
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("frames", [1, 2])
@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "f4", "f8"])
def test_images_come_back_from_nifti(tmp_path, channels, frames, dtype):
    array = np.random.default_rng(2).integers(0, 250, (frames, channels, *SHAPE)).astype(dtype)
    names = ("intensity",) if channels == 1 else ("T1", "FLAIR", "IR")
    modality = ModalityStatement(Modality.MRI, "user")
    original = Image(array, oblique(), names, modality, has_time=frames > 1)
    (path,) = write_image(original, tmp_path / "a.nii")
    read = read_image(path)
    assert read.array.dtype == array.dtype
    assert np.array_equal(read.array, array)
    assert read.geometry.is_close(original.geometry, 0.0)
    assert (read.channel_names, read.has_time) == (names, frames > 1)
    assert (read.modality.value, read.modality.stated_by) == (Modality.MRI, "file")
    assert sitk.ReadImage(str(path)).GetSize()[:3] == SHAPE


def test_a_guess_at_the_modality_is_not_written_as_a_fact(tmp_path):
    array = np.zeros((1, 1, *SHAPE), np.int16)
    original = Image(array, oblique(), modality=ModalityStatement(Modality.CT, "guess"))
    (path,) = write_image(original, tmp_path / "a.nii")
    assert read_image(path).modality.value is None


@pytest.mark.parametrize(("shape", "dtype"), [((4, 9), "u1"), ((4, 9), "u2"), ((4, 9, 3), "u1")])
def test_images_come_back_from_png(tmp_path, shape, dtype):
    pixels = np.random.default_rng(2).integers(0, 250, shape).astype(dtype)
    original = Image.from_picture(pixels, spacing=(0.1, 0.2))
    (path,) = write_image(original, tmp_path / "a.png")
    read = read_image(path)
    assert np.array_equal(read.array, original.array)
    assert read.geometry.is_close(original.geometry, 0.0)


def test_what_a_format_cannot_hold_is_refused(tmp_path):
    grey = Image.from_picture(np.zeros((4, 5), np.float32))
    with pytest.raises(DataError, match="float32"):
        write_image(grey, tmp_path / "a.png")
    half = Image(np.zeros((1, 1, *SHAPE), np.float16), oblique())
    with pytest.raises(DataError, match="float16"):
        write_image(half, tmp_path / "a.nii")
    long = Geometry.of_picture(40_000, 1)
    with pytest.raises(DataError, match="NIfTI-1's limit"):
        write_segmentation(segmentation(long), tmp_path / "a.nii")
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("name", ["mask.jpg", "mask.nii.bz2", "mask", ".png"])
def test_unknown_suffixes_are_refused(tmp_path, name):
    with pytest.raises(DataError, match=r"one of \.nii, \.nii\.gz, \.png"):
        write_segmentation(segmentation(), tmp_path / name)
    with pytest.raises(DataError, match=r"one of \.nii, \.nii\.gz, \.png"):
        write_image(Image.from_picture(np.zeros((2, 2), np.uint8)), tmp_path / name)


def test_real_masks_come_back_exactly(tmp_path, shared_data):
    for path in sorted((shared_data / "volumes").glob("*_seg.nii.gz")):
        original = read_segmentation(path)
        write_segmentation(original, tmp_path / path.name)
        read = read_segmentation(tmp_path / path.name)
        assert np.array_equal(read.labels, original.labels)
        assert read.geometry.is_close(original.geometry, 0.0)
        assert np.array_equal(nibabel.load(tmp_path / path.name).affine, original.geometry.affine)


def test_compressed_output_is_gzip(tmp_path):
    path = write_segmentation(segmentation(), tmp_path / "MASK.NII.GZ")[0]
    assert gzip.decompress(path.read_bytes())[344:348] == b"n+1\0"
    assert left_behind(tmp_path) == ["MASK.NII.GZ", "MASK.json"]


def test_the_part_that_was_segmented_comes_back_and_an_older_record_names_none(tmp_path):
    made = dataclasses.replace(PROVENANCE, region="0:5,0:6,3:4")
    original = dataclasses.replace(segmentation(), provenance=made)
    mask, sidecar = write_segmentation(original, tmp_path / "mask.nii.gz")
    assert read_segmentation(mask).provenance == made
    record = json.loads(sidecar.read_text("utf-8"))
    assert "of a part" in record["description"]
    del record["provenance"]["region"]
    sidecar.write_text(json.dumps(record), "utf-8")
    assert read_segmentation(mask).provenance == PROVENANCE
