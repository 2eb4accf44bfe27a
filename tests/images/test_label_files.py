"""Which files say of themselves that they are segmentations."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.reading import is_label_file
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.images.writing import write_image, write_segmentation
from omniseg_sample_data.samples import samples
from tests.images.ct_series import write_series
from tests.images.dicom_writing import write_video

VOLUME = Geometry((5, 4, 3), np.diag([0.5, 0.5, 2.0, 1.0]), "mm", 3)
PICTURE = Geometry.of_picture(5, 4)
BOTH = ("mask.nii.gz", "mask.nii", "mask.nrrd", "mask.mha", "mask.ome.tif", "mask.png")


def _geometry(name: str) -> Geometry:
    return PICTURE if name.endswith(".png") else VOLUME


def _mask(geometry: Geometry) -> Segmentation:
    labels = np.zeros((1, *geometry.shape), np.uint8)
    labels[0, 1, 2] = 1
    return Segmentation(labels, geometry, ClassTable.from_names(["liver"]))


@pytest.mark.parametrize("name", [*BOTH, "mask.seg.nrrd"])
def test_what_we_write_says_so(name: str, tmp_path: Path) -> None:
    write_segmentation(_mask(_geometry(name)), tmp_path / name)
    assert is_label_file(tmp_path / name)


@pytest.mark.parametrize("name", BOTH)
def test_an_image_is_none(name: str, tmp_path: Path) -> None:
    geometry = _geometry(name)
    write_image(Image(np.zeros((1, 1, *geometry.shape), np.uint8), geometry), tmp_path / name)
    assert not is_label_file(tmp_path / name)


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.id)
def test_samples_and_their_truths_are_told_apart(sample) -> None:
    assert is_label_file(sample.truth_path)
    assert not is_label_file(sample.image_path)


def test_the_record_beside_a_file_counts(tmp_path: Path) -> None:
    """As where another program saved the labels again and dropped the header's extension."""
    write_segmentation(_mask(VOLUME), tmp_path / "mask.nii.gz")
    write_image(
        Image(np.zeros((1, 1, *VOLUME.shape), np.uint8), VOLUME), tmp_path / "foreign.nii.gz"
    )
    assert not is_label_file(tmp_path / "foreign.nii.gz")
    shutil.move(tmp_path / "mask.json", tmp_path / "foreign.json")
    assert is_label_file(tmp_path / "foreign.nii.gz")


def test_of_dicom_only_a_segmentation_is_one(tmp_path: Path) -> None:
    series = write_series(tmp_path / "ct")
    labels = np.zeros((1, *series.geometry.shape), np.uint8)
    labels[0, 1, 2] = 1
    mask = Segmentation(
        labels, series.geometry, ClassTable.from_names(["liver"]), source=series.source
    )
    write_segmentation(mask, tmp_path / "mask.dcm")
    assert is_label_file(tmp_path / "mask.dcm")
    assert not is_label_file(series.folder)
    assert not is_label_file(series.source.planes[0].path)


def test_a_video_is_none(tmp_path: Path) -> None:
    path = write_video(tmp_path / "film.avi", np.zeros((2, 16, 16, 3), np.uint8))
    assert not is_label_file(path)


def test_damage_is_told(tmp_path: Path) -> None:
    write_segmentation(_mask(VOLUME), tmp_path / "mask.nii.gz")
    cut = tmp_path / "cut.nii.gz"
    cut.write_bytes((tmp_path / "mask.nii.gz").read_bytes()[:40])
    with pytest.raises(DataError, match=r"cut\.nii\.gz"):
        is_label_file(cut)
    (tmp_path / "cut.json").write_text('{"kind": "omniseg.segmentation/9"}', encoding="utf-8")
    write_image(Image(np.zeros((1, 1, *VOLUME.shape), np.uint8), VOLUME), cut, overwrite=True)
    with pytest.raises(DataError, match=r"cut\.json"):
        is_label_file(cut)
