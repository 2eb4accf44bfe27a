from __future__ import annotations

import json

import numpy as np
import pytest

from omniseg_backend.common.errors import DataError
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.images.modality import Modality


def test_a_plain_set_opens(nnunet_set):
    root = nnunet_set(name="Tiny heart", description="two words", license="CC0")
    dataset = open_dataset(root)
    assert (dataset.name, dataset.description, dataset.licence) == (
        "Tiny heart",
        "two words",
        "CC0",
    )
    assert dataset.classes.names == ("heart",)
    assert dataset.channel_names == ("MRI",)
    assert dataset.modality == Modality.MRI
    assert [record.file for record in dataset.part("train")] == ["a0", "a1", "a2", "a3"]
    assert [record.file for record in dataset.part("test")] == ["t0", "t1"]
    first = dataset.records[0]
    assert first.image_paths == (root / "imagesTr/a0_0000.png",)
    assert first.label_path == root / "labelsTr/a0.png"


def test_without_cases_csv_files_are_patients_and_names_are_not_read(nnunet_set):
    dataset = open_dataset(nnunet_set())
    assert not dataset.patients_stated
    assert len({record.patient for record in dataset.records}) == len(dataset.records)
    assert "no cases.csv" in dataset.warnings[0]


def test_cases_csv_names_patients_and_stacks(nnunet_set, write_cases):
    root = nnunet_set()
    rows = ["a0,A,p1,1", "a1,A,p1,0", "a2,B,p2,0", "a3,C,p2,0", "t0,T,p3,", "t1,U,p3,"]
    write_cases(root, rows)
    dataset = open_dataset(root)
    assert dataset.patients_stated
    assert dataset.warnings == ()
    stacks = [[one.file for one in case.records] for case in dataset.cases("train")]
    assert stacks == [["a1", "a0"], ["a2"], ["a3"]]


def test_the_folder_s_number_is_not_part_of_the_name(nnunet_set):
    assert open_dataset(nnunet_set()).name == "Tiny"


def test_label_gaps_are_kept(nnunet_set):
    labels = {"background": 0, "liver": 1, "spleen": 2, "kidney": 5}
    assert open_dataset(nnunet_set(labels=labels)).classes.values == (1, 2, 5)


def test_channel_files_are_joined_in_order(nnunet_set, write_picture, make_grey):
    root = nnunet_set(train=2, test=0, channel_names={"0": "T1", "1": "T2"})
    for name in ("a0", "a1"):
        write_picture(root / f"imagesTr/{name}_0001.png", make_grey(9))
    paths = open_dataset(root).records[0].image_paths
    assert [path.name for path in paths] == ["a0_0000.png", "a0_0001.png"]


def test_a_colour_picture_is_one_file(nnunet_set, write_picture, make_grey):
    root = nnunet_set(train=1, test=0, channel_names={"0": "R", "1": "G", "2": "B"})
    write_picture(root / "imagesTr/a0_0000.png", make_grey(1, (6, 8, 3)))
    dataset = open_dataset(root)
    assert dataset.channel_names == ("R", "G", "B")
    assert dataset.modality is None
    assert len(dataset.records[0].image_paths) == 1


def test_missing_channels_are_listed(nnunet_set, write_picture, make_grey):
    root = nnunet_set(train=3, test=0, channel_names={"0": "T1", "1": "T2"})
    write_picture(root / "imagesTr/a0_0001.png", make_grey(9))
    with pytest.raises(DataError, match="missing or additional channels for a1, a2"):
        open_dataset(root)


def test_nifti_holds_one_channel_a_file(tmp_path, write_volume):
    root = tmp_path / "set"
    write_volume(root / "imagesTr/v_0000.nii.gz", np.zeros((3, 3, 3), np.int16))
    write_volume(root / "labelsTr/v.nii.gz", np.ones((3, 3, 3), np.uint8))
    facts = {
        "channel_names": {"0": "T1", "1": "T2"},
        "labels": {"background": 0, "a": 1},
        "numTraining": 1,
        "file_ending": ".nii.gz",
    }
    (root / "dataset.json").write_text(json.dumps(facts))
    with pytest.raises(DataError, match="_0000, _0001 of every case"):
        open_dataset(root)


def test_all_missing_files_are_in_one_error(nnunet_set):
    root = nnunet_set()
    (root / "labelsTr/a1.png").unlink()
    (root / "labelsTr/a3.png").unlink()
    (root / "imagesTs/t0_0000.png").unlink()
    with pytest.raises(DataError, match="no mask for a1, a3") as caught:
        open_dataset(root)
    assert [problem.found for problem in caught.value.problems] == [
        "no mask for a1, a3",
        "no image for the mask t0",
    ]


def test_an_image_without_channel_number_is_named(nnunet_set, write_picture, make_grey):
    root = nnunet_set()
    write_picture(root / "imagesTr/extra.png", make_grey(5))
    with pytest.raises(DataError, match=r"no channel number in the name of extra\.png"):
        open_dataset(root)


def test_num_training_is_checked(nnunet_set):
    with pytest.raises(DataError, match="numTraining 7 and 4 training cases"):
        open_dataset(nnunet_set(numTraining=7))


def test_another_file_ending_finds_nothing(nnunet_set):
    with pytest.raises(DataError, match=r"0 training cases that end in \.nii\.gz"):
        open_dataset(nnunet_set(file_ending=".nii.gz"))


def test_test_images_without_masks_are_left_out_and_said(nnunet_set):
    root = nnunet_set()
    for path in (root / "labelsTs").iterdir():
        path.unlink()
    (root / "labelsTs").rmdir()
    dataset = open_dataset(root)
    assert dataset.part("test") == ()
    assert "imagesTs has 2 images without masks" in dataset.warnings[0]


def test_cases_listed_in_the_description_are_followed(nnunet_set):
    listed = {
        "one": {"images": ["imagesTr/a0_0000.png"], "label": "labelsTr/a0.png"},
        "two": {"images": ["imagesTr/a2_0000.png"], "label": "labelsTr/a2.png"},
    }
    root = nnunet_set(dataset=listed, numTraining=2)
    dataset = open_dataset(root)
    assert [record.file for record in dataset.part("train")] == ["one", "two"]
    (root / "labelsTr/a2.png").unlink()
    with pytest.raises(DataError, match=r"a2\.png"):
        open_dataset(root)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"labels": {"background": 0, "whole": [1, 2]}}, "region or ignore labels"),
        ({"labels": {"background": 0, "a": 1, "ignore": 2}}, "region or ignore labels"),
        ({"labels": {"0": "background", "1": "heart"}}, "the class '0'"),
        ({"channel_names": {"1": "CT"}}, "numbered 0, 1, 2"),
        ({"channel_names": {}}, "'channel_names' missing or wrong"),
        ({"numTraining": "many"}, "'numTraining' missing or wrong"),
        ({"file_ending": "png"}, "'file_ending' missing or wrong"),
    ],
)
def test_a_wrong_description_is_refused(nnunet_set, changes, found):
    with pytest.raises(DataError, match=found):
        open_dataset(nnunet_set(**changes))


def test_version_1_is_named(nnunet_set):
    root = nnunet_set()
    (root / "dataset.json").write_text(json.dumps({"modality": {"0": "CT"}, "labels": {}}))
    with pytest.raises(DataError, match="nnU-Net v1"):
        open_dataset(root)


def test_a_set_without_description_is_refused(nnunet_set):
    root = nnunet_set()
    (root / "dataset.json").unlink()
    with pytest.raises(DataError, match=r"dataset\.json"):
        open_dataset(root)


@pytest.mark.parametrize("ending", [".mp4", ".zip", ".txt"])
def test_a_file_ending_that_no_image_of_a_set_has_is_refused(nnunet_set, ending):
    with pytest.raises(DataError, match=rf"'file_ending' .*\{ending} is none of"):
        open_dataset(nnunet_set(file_ending=ending))
