"""Choosing the format, naming classes, stating the modality, and what importing costs."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zipfile

import nibabel
import numpy as np
import PIL.Image
import pytest
import SimpleITK as sitk  # noqa: N813 (the name that SimpleITK's manual uses)
import tifffile

from omniseg_backend.common.errors import DataError, OmniSegError
from omniseg_backend.common.hashing import sha256_voxels
from omniseg_backend.images.classes import ClassEntry, ClassTable
from omniseg_backend.images.formats import FORMATS, readable_suffixes
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality, ModalityStatement
from omniseg_backend.images.reading import read_image, read_segmentation
from omniseg_backend.images.writing import write_image
from tests.images.dicom_writing import write_dicom, write_video

PIXELS = np.random.default_rng(11).integers(0, 200, (6, 8)).astype(np.uint8)


@pytest.fixture
def contents(tmp_path) -> dict[str, bytes]:
    """Real bytes of each format, by suffix."""
    volume = nibabel.Nifti1Image(PIXELS.T[:, :, np.newaxis], np.eye(4))
    for suffix in (".nii", ".nii.gz"):
        nibabel.save(volume, tmp_path / f"source{suffix}")
    for suffix in (".png", ".jpg", ".bmp"):
        PIL.Image.fromarray(PIXELS).save(tmp_path / f"source{suffix}")
    tifffile.imwrite(tmp_path / "source.tif", PIXELS)
    for suffix in (".nrrd", ".mha"):
        sitk.WriteImage(sitk.GetImageFromArray(PIXELS), tmp_path / f"source{suffix}")
    write_dicom(tmp_path / "source.dcm", PIXELS)
    with zipfile.ZipFile(tmp_path / "source.zip", "w") as archive:
        archive.write(tmp_path / "source.dcm")
    for suffix in (".avi", ".mp4"):
        write_video(tmp_path / f"source{suffix}", np.stack([PIXELS] * 3, axis=-1)[np.newaxis])
    return {path.name.removeprefix("source"): path.read_bytes() for path in tmp_path.iterdir()}


def test_every_wrong_suffix_is_refused_with_what_was_found(tmp_path, contents):
    rows = {suffix: row for row in FORMATS for suffix in row.suffixes}
    for true_suffix, content in contents.items():
        for suffix in readable_suffixes():
            path = tmp_path / f"image{suffix}"
            path.write_bytes(content)
            if rows[suffix] is rows[true_suffix]:
                assert read_image(path).geometry.shape == (8, 6, 1)
                continue
            with pytest.raises(DataError) as caught:
                read_image(path)
            assert str(path) in str(caught.value)
            assert rows[true_suffix].name in caught.value.found


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"\0" * 128 + b"DICM" + b"\0" * 64, "a DICOM file"),
        (b"NRRD0004\n", "an NRRD volume"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (gzip.compress(b"hello", mtime=0), "a gzip-compressed file"),
        (b"hello", "content of no known image format"),
    ],
)
def test_foreign_content_is_named(tmp_path, content, found):
    path = tmp_path / "scan.nii"
    path.write_bytes(content)
    with pytest.raises(DataError, match=found):
        read_image(path)


def test_empty_missing_and_nameless_files_and_folders(tmp_path):
    (tmp_path / "empty.nii.gz").touch()
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "scan.xyz").write_bytes(b"hello")
    (tmp_path / ".nii").write_bytes(b"hello")
    for name, message in {
        "empty.nii.gz": "found an empty file",
        "missing.png": "found nothing",
        "folder.png": "found a folder",
        "scan.xyz": "found the suffix '.xyz'",
        ".nii": "a name without a suffix",
    }.items():
        for read in (read_image, read_segmentation):
            with pytest.raises(DataError, match=message):
                read(tmp_path / name)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".png", ".jpg", ".bmp", ".tif"])
def test_randomly_changed_bytes_give_an_image_or_a_clear_refusal(tmp_path, contents, suffix):
    rng = np.random.default_rng(23)
    path = tmp_path / f"changed{suffix}"
    messages = []
    for _ in range(60):
        changed = bytearray(contents[suffix])
        for position in rng.integers(0, min(len(changed), 400), 3):
            changed[position] = rng.integers(0, 256)
        path.write_bytes(changed)
        try:
            read_image(path)
        except OmniSegError as error:
            messages.append(str(error))
    assert messages
    assert all(str(path) in message for message in messages)


def test_one_picture_has_one_hash_in_every_lossless_format(tmp_path):
    PIL.Image.fromarray(PIXELS).save(tmp_path / "a.png")
    tifffile.imwrite(tmp_path / "a.tif", PIXELS.astype(np.float32))
    volume = nibabel.Nifti1Image(PIXELS.T[:, :, np.newaxis].astype(np.int16), np.eye(4))
    nibabel.save(volume, tmp_path / "a.nii.gz")
    names = ("a.png", "a.tif", "a.nii.gz")
    assert len({sha256_voxels(read_image(tmp_path / name).array) for name in names}) == 1


def save_mask(path, labels):
    nibabel.save(nibabel.Nifti1Image(labels, np.eye(4), dtype=labels.dtype), path)
    return path


def test_without_classes_the_values_found_are_named(tmp_path):
    labels = np.zeros((3, 4, 5), np.int16)
    labels[0, 0, 0], labels[1, 1, 1] = 7, 300
    segmentation = read_segmentation(save_mask(tmp_path / "a.nii.gz", labels))
    assert segmentation.classes.values == (7, 300)
    assert segmentation.classes.names == ("class 7", "class 300")
    assert segmentation.labels.dtype == np.uint16
    assert np.array_equal(segmentation.labels[0], labels)
    assert segmentation.provenance is None


def test_an_empty_mask_has_no_classes(tmp_path):
    segmentation = read_segmentation(save_mask(tmp_path / "a.nii", np.zeros((3, 4, 5), np.uint8)))
    assert len(segmentation.classes) == 0
    assert segmentation.labels.dtype == np.uint8


def test_given_classes_hold_and_must_name_every_value(tmp_path):
    labels = np.zeros((3, 4, 5), np.uint8)
    labels[0, 0, :3] = (1, 2, 9)
    path = save_mask(tmp_path / "a.nii", labels)
    table = ClassTable.from_names(["liver", "spleen", "kidney"], [1, 2, 9])
    assert read_segmentation(path, classes=table).classes == table
    with pytest.raises(DataError, match="the values 9"):
        read_segmentation(path, classes=ClassTable.from_names(["liver", "spleen"]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_whole_floats_are_labels(tmp_path, dtype):
    labels = np.zeros((2, 2, 2), dtype)
    labels[0, 0, 0], labels[1, 1, 1] = 2.00001, 0.99999
    segmentation = read_segmentation(save_mask(tmp_path / "a.nii", labels))
    assert segmentation.classes.values == (1, 2)


@pytest.mark.parametrize(
    ("value", "message"),
    [(0.4, "not whole, such as 0.4"), (-1.0, "values of -1"), (65536.0, "to 65536")],
)
def test_values_that_are_no_labels_are_refused(tmp_path, value, message):
    labels = np.zeros((2, 2, 2), np.float32)
    labels[0, 0, 0] = value
    with pytest.raises(DataError, match=message):
        read_segmentation(save_mask(tmp_path / "a.nii", labels))


def test_a_file_that_states_its_modality_is_not_contradicted_silently(tmp_path):
    image = Image.from_picture(PIXELS, modality=ModalityStatement(Modality.ULTRASOUND, "user"))
    (path,) = write_image(image, tmp_path / "a.png")
    stated = read_image(path).modality
    assert (stated.value, stated.stated_by) == (Modality.ULTRASOUND, "file")
    assert read_image(path, modality=Modality.ULTRASOUND).modality.stated_by == "user"
    with pytest.raises(DataError, match="ultrasound"):
        read_image(path, modality=Modality.OCT)


def test_a_foreign_json_beside_a_mask_is_left_alone(tmp_path):
    labels = np.ones((2, 2, 2), np.uint8)
    path = save_mask(tmp_path / "a.nii.gz", labels)
    for content in ('{"RepetitionTime": 2}', "[1, 2]", "not json", '{"kind": 3}'):
        (tmp_path / "a.json").write_text(content)
        assert read_segmentation(path).classes.names == ("class 1",)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "omniseg.segmentation/2"}, "kind: input should be"),
        ({"classes": [{"value": 1, "name": "a", "colour": [0, 0, 999]}]}, "the colour"),
        ({"classes": [{"value": 0, "name": "a", "colour": [0, 0, 0]}]}, "the values"),
        ({"classes": "liver"}, "classes: input should be"),
        ({"colour": "red"}, "colour: extra inputs"),
    ],
)
def test_a_damaged_sidecar_is_refused_by_name(tmp_path, change, message):
    path = save_mask(tmp_path / "a.nii.gz", np.ones((2, 2, 2), np.uint8))
    geometry = {"shape": [2, 2, 2], "affine": np.eye(4).tolist(), "unit": "mm", "dimensions": 3}
    record = {"kind": "omniseg.segmentation/1", "geometry": geometry, "classes": []}
    (tmp_path / "a.json").write_text(json.dumps(record))
    assert read_segmentation(path).classes.names == ("class 1",)
    (tmp_path / "a.json").write_text(json.dumps(record | change))
    with pytest.raises(DataError, match=message) as caught:
        read_segmentation(path)
    assert caught.value.subject.endswith("a.json")


def test_class_tables_refuse_colours_outside_a_byte():
    with pytest.raises(DataError, match="from 0 to 255"):
        ClassTable((ClassEntry(1, "liver", (0, 256, 0)),))


def test_importing_the_readers_and_writers_loads_no_image_library():
    code = (
        "import sys, omniseg_backend.images.reading, omniseg_backend.images.writing;"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "numpy" in loaded
    heavy = {"nibabel", "SimpleITK", "tifffile", "PIL", "pydantic", "scipy", "torch", "psutil"}
    heavy |= {"pydicom", "imageio", "av"}
    assert heavy.isdisjoint(loaded)
