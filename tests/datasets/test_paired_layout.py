from __future__ import annotations

import json
import shutil

import nibabel
import numpy as np
import pytest

from omniseg_backend.common.errors import DataError
from omniseg_backend.datasets.check import check_dataset
from omniseg_backend.datasets.layouts import open_dataset


@pytest.mark.parametrize("suffix", ["", "_mask", "_segmentation", "_seg", "_Segmentation"])
def test_masks_are_found_by_name(paired_set, suffix):
    root = paired_set(suffix=suffix)
    dataset = open_dataset(root)
    assert [record.label_path.name for record in dataset.records] == [
        f"p0{suffix}.png",
        f"p1{suffix}.png",
    ]
    assert {record.part for record in dataset.records} == {"train"}


def test_a_single_value_takes_the_set_s_name(paired_set):
    classes = open_dataset(paired_set((255, 255))).classes
    assert (classes.values, classes.names) == ((255,), ("polyp",))


def test_several_values_are_numbered_classes(paired_set):
    assert open_dataset(paired_set((1, 5, 2))).classes.names == ("class 1", "class 2", "class 5")


def test_classes_json_names_the_classes(paired_set):
    root = paired_set((1, 5))
    (root / "classes.json").write_text(json.dumps({"tool": 5, "polyp": 1}))
    classes = open_dataset(root).classes
    assert (classes.values, classes.names) == ((1, 5), ("polyp", "tool"))


def test_labels_is_as_good_as_masks_but_not_both(paired_set):
    root = paired_set()
    (root / "masks").rename(root / "labels")
    assert len(open_dataset(root).records) == 2
    (root / "masks").mkdir()
    with pytest.raises(DataError, match="both a folder masks and a folder labels"):
        open_dataset(root)


def test_parts_are_told_apart_even_under_one_name(paired_set, tmp_path, write_cases):
    source = paired_set()
    for part in ("train", "test"):
        shutil.copytree(source, tmp_path / "set" / part)
    dataset = open_dataset(tmp_path / "set")
    assert [record.file for record in dataset.part("test")] == ["test/p0", "test/p1"]
    write_cases(
        tmp_path / "set",
        [f"{part}/p{i},{part}{i},{part}," for part in ("train", "test") for i in (0, 1)],
    )
    assert open_dataset(tmp_path / "set").part("train")[0].patient == "train"


def test_a_validation_part_is_training_and_said(paired_set, tmp_path):
    source = paired_set()
    shutil.copytree(source, tmp_path / "set/train")
    shutil.copytree(paired_set((255,), "other"), tmp_path / "set/val")
    dataset = open_dataset(tmp_path / "set")
    assert {record.part for record in dataset.records} == {"train"}
    assert "counts as training images" in dataset.warnings[0]


def test_a_test_part_without_masks_is_left_out_and_said(paired_set, tmp_path):
    source = paired_set()
    shutil.copytree(source, tmp_path / "set/train")
    shutil.copytree(source / "images", tmp_path / "set/test/images")
    dataset = open_dataset(tmp_path / "set")
    assert dataset.part("test") == ()
    assert "2 images without masks" in dataset.warnings[0]


def test_training_images_without_a_folder_of_masks_are_refused(paired_set):
    root = paired_set()
    shutil.rmtree(root / "masks")
    with pytest.raises(DataError, match="images without a folder of masks"):
        open_dataset(root)


def test_all_faults_of_names_are_in_one_error(paired_set, write_picture, make_grey, make_square):
    root = paired_set()
    write_picture(root / "images/alone.png", make_grey(7))
    write_picture(root / "images/p1.jpg", make_grey(8))
    write_picture(root / "masks/stray.png", make_square())
    write_picture(root / "masks/p0_seg.png", make_square())
    with pytest.raises(DataError) as caught:
        open_dataset(root)
    assert [problem.found for problem in caught.value.problems] == [
        "no mask for alone",
        "no image for the mask stray.png",
        "several images named p1",
        "several masks for p0",
    ]


def test_an_image_may_itself_be_named_like_a_mask(
    paired_set, write_picture, make_grey, make_square
):
    root = paired_set()
    write_picture(root / "images/p0_seg.png", make_grey(7))
    write_picture(root / "masks/p0_seg.png", make_square())
    owners = {record.file: record.label_path.name for record in open_dataset(root).records}
    assert owners == {"p0": "p0.png", "p0_seg": "p0_seg.png", "p1": "p1.png"}


def test_lossy_masks_are_refused(paired_set, write_picture, make_square):
    root = paired_set()
    (root / "masks/p0.png").unlink()
    write_picture(root / "masks/p0.jpg", make_square(255))
    with pytest.raises(DataError, match="lossy format"):
        open_dataset(root)


def test_hidden_files_are_passed_over_and_others_named(paired_set):
    root = paired_set()
    (root / "images/.DS_Store").touch()
    (root / "images/notes.txt").touch()
    assert "no images of a data set, ignored: notes.txt" in open_dataset(root).warnings


def test_nothing_but_background_is_refused(paired_set):
    with pytest.raises(DataError, match="without any labelled pixel"):
        open_dataset(paired_set((0, 0)))


def test_images_with_and_without_parts_are_refused(paired_set):
    root = paired_set()
    shutil.copytree(root / "images", root / "train/images")
    with pytest.raises(DataError, match="images both in images and in train/images"):
        open_dataset(root)


def test_no_image_at_all_is_refused(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    with pytest.raises(DataError, match=r"no file that ends in \.nii\.gz"):
        open_dataset(tmp_path)


def test_one_damaged_file_does_not_keep_a_set_from_opening(paired_set):
    root = paired_set((255, 255, 255))
    (root / "images/p0.png").write_bytes(b"")
    (root / "masks/p1.png").write_bytes(b"\x89PNG")
    assert open_dataset(root).classes.values == (255,)


def test_volumes_pair_too(tmp_path, write_volume):
    write_volume(tmp_path / "s/images/v.1.nii.gz", np.zeros((3, 4, 5), np.int16))
    write_volume(tmp_path / "s/masks/v.1_seg.nii.gz", np.ones((3, 4, 5), np.uint8))
    (record,) = open_dataset(tmp_path / "s").records
    assert record.file == "v.1"


def test_videos_and_archives_are_no_members(paired_set):
    root = paired_set()
    for name in ("clip.mp4", "scan.zip"):
        (root / "images" / name).write_bytes(b"content")
    dataset = open_dataset(root)
    assert "no images of a data set, ignored: clip.mp4, scan.zip" in dataset.warnings
    (root / "masks" / "clip.png").write_bytes((root / "masks" / "p0.png").read_bytes())
    with pytest.raises(DataError, match="no image for the mask clip"):
        open_dataset(root)


def test_a_pair_of_header_and_voxels_is_one_image(tmp_path):
    root = tmp_path / "set"
    mask = np.zeros((6, 8, 2), np.uint8)
    mask[2:4, 2:5] = 1
    for index in range(2):
        values = np.random.default_rng(index).integers(0, 99, mask.shape, np.int16)
        for folder, voxels in (("images", values), ("masks", mask)):
            (root / folder).mkdir(parents=True, exist_ok=True)
            nibabel.save(nibabel.Nifti1Pair(voxels, np.eye(4)), root / folder / f"p{index}.hdr")
    dataset = open_dataset(root)
    assert [record.image_paths[0].name for record in dataset.records] == ["p0.hdr", "p1.hdr"]
    assert not any("ignored" in warning for warning in dataset.warnings)
    assert check_dataset(dataset) == ()


def test_voxels_without_their_header_are_named(paired_set):
    root = paired_set()
    (root / "images" / "alone.img").write_bytes(b"voxels")
    assert "no images of a data set, ignored: alone.img" in open_dataset(root).warnings


def test_an_analyze_header_is_refused_by_name(paired_set):
    root = paired_set()
    header = bytearray(nibabel.AnalyzeHeader().binaryblock)
    (root / "images" / "old.hdr").write_bytes(header)
    (root / "images" / "old.img").write_bytes(b"\0" * 8)
    (root / "masks" / "old.png").write_bytes((root / "masks" / "p0.png").read_bytes())
    problems = check_dataset(open_dataset(root))
    assert [problem.subject for problem in problems] == [str(root / "images" / "old.hdr")]
    assert "ANALYZE" in problems[0].found
