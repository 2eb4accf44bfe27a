from __future__ import annotations

import pytest

from omniseg_backend.common.errors import DataError
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.images.modality import Modality


@pytest.fixture
def lesion(write_picture, make_grey, make_square):
    """Write one lesion's image and mask into two folders."""

    def write(images, masks, number, value=255):
        name = f"ISIC_{number:07d}"
        write_picture(images / f"{name}.jpg", make_grey(number, (6, 8, 3)))
        write_picture(masks / f"{name}_segmentation.png", make_square(value))

    return write


def check(dataset, train: int, test: int) -> None:
    assert (len(dataset.part("train")), len(dataset.part("test"))) == (train, test)
    assert dataset.classes.names == ("skin lesion",)
    assert dataset.classes.values == (255,)
    assert dataset.modality == Modality.DERMOSCOPY
    assert dataset.channel_names == ("R", "G", "B")


def test_tidied_folders(tmp_path, lesion):
    lesion(tmp_path / "train/images", tmp_path / "train/masks", 1)
    lesion(tmp_path / "train/images", tmp_path / "train/masks", 2)
    lesion(tmp_path / "test/images", tmp_path / "test/masks", 3)
    dataset = open_dataset(tmp_path)
    check(dataset, 2, 1)
    assert dataset.records[0].file == "ISIC_0000001"


def test_the_challenge_s_own_archives(tmp_path, lesion, write_picture, make_grey):
    for part, numbers in (("Training", (1, 2)), ("Validation", (3,)), ("Test_v2", (4,))):
        for number in numbers:
            data = tmp_path / f"ISIC-2017_{part}_Data"
            lesion(data, tmp_path / f"ISIC-2017_{part}_Part1_GroundTruth", number)
            write_picture(data / f"ISIC_{number:07d}_superpixels.png", make_grey(0, (6, 8, 3)))
    dataset = open_dataset(tmp_path)
    check(dataset, 3, 1)
    assert "Validation_Data counts as training images" in dataset.warnings[0]


def test_archives_of_2018(tmp_path, lesion):
    lesion(
        tmp_path / "ISIC2018_Task1-2_Training_Input",
        tmp_path / "ISIC2018_Task1_Training_GroundTruth",
        1,
    )
    (tmp_path / "ISIC2018_Task2_Training_GroundTruth_v3").mkdir()
    check(open_dataset(tmp_path), 1, 0)


def test_side_by_side(tmp_path, lesion):
    lesion(tmp_path, tmp_path, 1)
    lesion(tmp_path, tmp_path, 2)
    check(open_dataset(tmp_path), 2, 0)


def test_masks_with_value_one_keep_it(tmp_path, lesion):
    lesion(tmp_path, tmp_path, 1, value=1)
    assert open_dataset(tmp_path).classes.values == (1,)


def test_empty_first_masks_are_passed_over(tmp_path, lesion):
    lesion(tmp_path, tmp_path, 1, value=0)
    lesion(tmp_path, tmp_path, 2)
    assert open_dataset(tmp_path).classes.values == (255,)


def test_a_missing_mask_is_named(tmp_path, lesion):
    lesion(tmp_path / "images", tmp_path / "masks", 1)
    lesion(tmp_path / "images", tmp_path / "masks", 2)
    (tmp_path / "masks/ISIC_0000002_segmentation.png").unlink()
    with pytest.raises(DataError, match="no mask for ISIC_0000002"):
        open_dataset(tmp_path)


def test_no_lesion_anywhere_is_refused(tmp_path, lesion):
    lesion(tmp_path, tmp_path, 1, value=0)
    with pytest.raises(DataError, match="masks without any lesion"):
        open_dataset(tmp_path)


def test_other_names_are_not_isic(tmp_path, lesion, write_picture, make_grey, make_square):
    lesion(tmp_path / "images", tmp_path / "masks", 1)
    write_picture(tmp_path / "images/mole.jpg", make_grey(5, (6, 8, 3)))
    write_picture(tmp_path / "masks/mole.png", make_square(255))
    dataset = open_dataset(tmp_path)
    assert dataset.modality is None
    assert dataset.classes.names == (tmp_path.name,)
