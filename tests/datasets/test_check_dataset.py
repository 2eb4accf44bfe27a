from __future__ import annotations

import json
import threading

import numpy as np
import pytest

from omniseg_backend.common.errors import CancelledError, DataError
from omniseg_backend.datasets.check import check_dataset, open_or_list_all, raise_if_unusable
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.datasets.problems import Problem, listed

CLEAN_ROWS = ["a0,a0,p1,", "a1,a1,p2,", "a2,a2,p3,", "a3,a3,p4,", "t0,t0,p5,", "t1,t1,p6,"]


def kinds(root) -> list[tuple[str, str]]:
    return [(problem.kind, problem.severity) for problem in check_dataset(open_dataset(root))]


def test_a_clean_set_has_no_problem(nnunet_set, write_cases):
    root = nnunet_set()
    write_cases(root, CLEAN_ROWS)
    problems = check_dataset(open_dataset(root))
    assert problems == ()
    raise_if_unusable(problems)


def test_every_fault_is_in_one_list(nnunet_set, write_cases, write_picture, make_grey, make_square):
    root = nnunet_set(train=6, labels={"background": 0, "heart": 1, "aorta": 4})
    write_cases(root, [f"a{i},a{i},p{i}," for i in range(6)] + ["t0,t0,p0,", "t1,t1,p9,"])
    (root / "imagesTr/a0_0000.png").write_bytes(b"")
    (root / "labelsTr/a1.png").write_bytes((root / "labelsTr/a1.png").read_bytes()[:40])
    write_picture(root / "labelsTr/a2.png", make_square(shape=(8, 6)))
    write_picture(root / "labelsTr/a3.png", make_square(7))
    write_picture(root / "imagesTr/a4_0000.png", make_grey(100))
    problems = check_dataset(open_dataset(root))
    assert [(problem.kind, problem.severity) for problem in problems] == [
        ("patients", "error"),
        ("file", "error"),
        ("file", "error"),
        ("grid", "error"),
        ("file", "error"),
        ("duplicate", "error"),
        ("empty", "warning"),
    ]
    subjects = [problem.subject for problem in problems]
    assert subjects[0] == "patient p0"
    assert [subject.rsplit("/", 1)[-1] for subject in subjects[1:6]] == [
        "a0_0000.png",
        "a1.png",
        "a2.png",
        "a3.png",
        "a4_0000.png",
    ]
    assert subjects[6] == "class aorta"
    with pytest.raises(
        DataError, match=r"^patient p0: .*\(and 5 more problems in the data set\)\.$"
    ) as caught:
        raise_if_unusable(problems)
    assert caught.value.problems == problems[:6]
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("listed_patients", [True, False])
def test_a_missing_file_hides_no_other_fault(
    nnunet_set, write_cases, write_picture, make_square, listed_patients
):
    root = nnunet_set(train=4, test=1)
    if listed_patients:
        write_cases(root, [*(f"a{i},a{i},p{i}," for i in range(4)), "t0,t0,p9,"])
    (root / "labelsTr/a3.png").unlink()
    write_picture(root / "labelsTr/a1.png", make_square(shape=(8, 6)))
    write_picture(root / "labelsTr/a2.png", make_square(7))
    with pytest.raises(DataError, match=r"and \d more problems") as caught:
        open_or_list_all(root)
    told = "\n".join(caught.value.details)
    assert [name for name in ("no mask for a3", "a1.png", "a2.png") if name not in told] == []


@pytest.mark.parametrize("layout", ["paired", "isic"])
def test_a_missing_mask_hides_no_damaged_image_in_other_layouts(tmp_path, layout, write_picture):
    names = ("ISIC_0000001", "ISIC_0000002", "ISIC_0000003")
    images, masks = ("images", "masks") if layout == "paired" else ("", "")
    suffix, mask_suffix = (".png", ".png") if layout == "paired" else (".jpg", "_segmentation.png")
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8)
    for name in names:
        write_picture(tmp_path / "set" / images / f"{name}{suffix}", np.stack([grey] * 3, -1))
        write_picture(
            tmp_path / "set" / masks / f"{name}{mask_suffix}", (grey > 40) * np.uint8(255)
        )
    (tmp_path / "set" / masks / f"{names[0]}{mask_suffix}").unlink()
    (tmp_path / "set" / images / f"{names[1]}{suffix}").write_bytes(b"")
    with pytest.raises(DataError) as caught:
        open_or_list_all(tmp_path / "set")
    told = "\n".join(caught.value.details)
    assert names[0] in told
    assert f"{names[1]}{suffix}" in told


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_none_are_reported(tmp_path, write_volume, write_cases, value):
    root = tmp_path / "set"
    voxels = np.zeros((3, 3, 3), np.float32)
    voxels[1, 1, 1] = value
    write_volume(root / "images/v.nii.gz", voxels)
    write_volume(root / "masks/v.nii.gz", np.ones((3, 3, 3), np.uint8))
    write_volume(root / "images/w.nii.gz", np.arange(27, dtype=np.float32).reshape(3, 3, 3))
    write_volume(root / "masks/w.nii.gz", np.ones((3, 3, 3), np.uint8))
    (problem,) = check_dataset(open_dataset(root))
    assert problem.severity == "error"
    assert problem.subject.endswith("v.nii.gz")
    assert "1 of 27 voxels that are not finite" in problem.found


def test_copies_under_two_patients_are_a_warning(nnunet_set, write_cases, write_picture, make_grey):
    root = nnunet_set()
    write_cases(root, CLEAN_ROWS)
    write_picture(root / "imagesTr/a1_0000.png", make_grey(0))
    assert kinds(root) == [("duplicate", "warning")]
    raise_if_unusable(check_dataset(open_dataset(root)))


def test_copies_under_one_patient_are_no_problem(nnunet_set, write_cases, write_picture, make_grey):
    root = nnunet_set()
    write_cases(root, ["a0,a0,p1,", "a1,a1,p1,", *CLEAN_ROWS[2:]])
    write_picture(root / "imagesTr/a1_0000.png", make_grey(0))
    assert kinds(root) == []


def test_copies_are_found_across_formats(tmp_path, write_picture, make_grey, make_square):
    root = tmp_path / "set"
    for part, ending in (("train", "png"), ("test", "tif")):
        write_picture(root / part / f"images/{part}.{ending}", make_grey(1))
        write_picture(root / part / f"masks/{part}.png", make_square())
    assert kinds(root) == [("duplicate", "error")]


def test_masks_without_labels_are_reported(nnunet_set, write_picture, make_square):
    root = nnunet_set(train=2, test=1)
    for index in range(2):
        write_picture(root / f"labelsTr/a{index}.png", make_square(0))
    (problem,) = check_dataset(open_dataset(root))
    assert (problem.kind, problem.severity) == ("empty", "error")
    assert "without a single labelled pixel" in problem.found


def test_a_single_empty_mask_is_no_problem(nnunet_set, write_picture, make_square):
    root = nnunet_set()
    write_picture(root / "labelsTr/a0.png", make_square(0))
    assert kinds(root) == []


def test_no_training_image_is_reported(paired_set, tmp_path):
    paired_set(root="set/test")
    (problem,) = check_dataset(open_dataset(tmp_path / "set"))
    assert problem.found == "no training image"


def test_progress_reaches_the_end_and_a_request_to_stop_is_heard(nnunet_set):
    dataset = open_dataset(nnunet_set())
    fractions = []
    check_dataset(dataset, progress=lambda _, fraction: fractions.append(fraction))
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    stop = threading.Event()
    stop.set()
    with pytest.raises(CancelledError):
        check_dataset(dataset, cancel=stop)


def test_another_number_of_channels_is_reported(nnunet_set, write_picture, make_grey):
    root = nnunet_set()
    write_picture(root / "imagesTr/a2_0000.png", make_grey(5, (6, 8, 3)))
    assert kinds(root) == [("channels", "error")]


def test_a_warning_alone_does_not_refuse():
    raise_if_unusable([Problem("empty", "class x", "f", "e", "r", severity="warning")])


def test_long_lists_are_cut_and_counted():
    assert listed(range(7)) == "0, 1, 2, 3, 4 and 2 more"
    assert listed("abc") == "a, b, c"


def test_problems_are_json_ready(nnunet_set, write_picture, make_square):
    root = nnunet_set()
    write_picture(root / "labelsTr/a0.png", make_square(9))
    (problem,) = check_dataset(open_dataset(root))
    assert json.loads(json.dumps(problem.as_text())).startswith(str(root))


def test_images_that_show_nothing_are_named_in_one_warning(nnunet_set, write_picture):
    root = nnunet_set()
    for index in range(2):
        write_picture(root / f"imagesTr/a{index}_0000.png", np.full((6, 8), 9 + index))
    (problem,) = check_dataset(open_dataset(root))
    assert (problem.kind, problem.severity) == ("values", "warning")
    assert problem.found.startswith("2 images of one value")
    assert "a0" in problem.found
    raise_if_unusable([problem])


@pytest.mark.parametrize(("offset", "found"), [(0, []), (1100, [("values", "warning")])])
def test_ct_that_is_not_in_hounsfield_units_is_warned_of(
    nnunet_set, write_volume, make_square, offset, found
):
    root = nnunet_set(train=2, test=0, channel_names={"0": "CT"}, file_ending=".nii.gz")
    for folder in ("imagesTr", "labelsTr"):
        for path in (root / folder).iterdir():
            path.unlink()
    for index in range(2):
        values = np.random.default_rng(index).integers(-1000, 300, (6, 8, 2), np.int16)
        write_volume(root / f"imagesTr/a{index}_0000.nii.gz", values + np.int16(offset))
        mask = np.repeat(make_square()[..., None], 2, axis=2)
        write_volume(root / f"labelsTr/a{index}.nii.gz", mask)
    assert kinds(root) == found
