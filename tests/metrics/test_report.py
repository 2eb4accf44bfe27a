from __future__ import annotations

import csv
import dataclasses
import math
import statistics
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image as Picture

from omniseg_backend.common.errors import DataError
from omniseg_backend.metrics.report import Measure, score_case, score_slices, summarise
from omniseg_backend.metrics.surface import hausdorff95, surface_dice

CLASSES = [(1, "liver"), (4, "spleen")]


def score(truth, prediction, **changes):
    settings = {
        "classes": CLASSES,
        "spacing": (1.0, 1.0, 1.0),
        "unit": "mm",
        "dimensions": 3,
        "tolerance": 1.0,
        "case": "c1",
        "patient": "p1",
    }
    return score_case(truth, prediction, **(settings | changes))


def slices(truths, predictions, **changes):
    settings = {
        "classes": [(1, "cavity")],
        "spacings": [(1.0, 1.0, 1.0)] * len(truths),
        "unit": "px",
        "tolerance": 1.0,
        "case": "c1",
        "patient": "p1",
    }
    return score_slices(truths, predictions, **(settings | changes))


@pytest.fixture
def volumes():
    truth, prediction = np.zeros((2, 12, 14, 6), np.uint8)
    truth[2:8, 2:8, 1:5] = 1
    prediction[3:9, 2:8, 1:5] = 1
    truth[9:11, 10:12, 2:4] = 4
    return truth, prediction


def test_each_class_is_measured_on_its_own(volumes):
    truth, prediction = volumes
    spacing = (0.5, 0.5, 3.0)
    case = score(truth, prediction, spacing=spacing)
    liver, spleen = case.classes
    assert liver.outcome == "both_present"
    assert liver.dice == pytest.approx(5 / 6)
    assert liver.iou == pytest.approx(5 / 7)
    masks = truth == 1, prediction == 1
    assert liver.hd95 == Measure(hausdorff95(*masks, spacing), "mm")
    assert liver.surface_dice == surface_dice(*masks, spacing, 1.0)
    assert liver.volume_error.truth == pytest.approx(6 * 6 * 4 * 0.75)
    assert liver.volume_error.signed == 0.0
    assert (spleen.outcome, spleen.dice, spleen.iou, spleen.surface_dice) == ("missed", 0, 0, 0)
    assert spleen.hd95.value == pytest.approx(math.hypot(6.0, 7.0, 18.0))
    assert spleen.volume_error.relative == -1.0
    assert case.score("spleen") is spleen
    assert case.mean_dice == pytest.approx(5 / 12)
    assert case.size_unit == "mm3"


def test_unspaced_images_are_measured_in_pixels(volumes):
    case = score(*volumes, unit="px")
    assert {entry.hd95.unit for entry in case.classes} == {"px"}
    assert (case.tolerance.unit, case.size_unit) == ("px", "px")
    assert "mm" not in repr(case)


def test_other_labels_count_as_background(volumes):
    truth, prediction = volumes
    noisy = np.where(truth == 0, 9, truth)
    assert score(noisy, prediction) == score(truth, prediction)


def test_classes_that_neither_holds_are_none():
    empty = np.zeros((4, 4, 4), np.uint8)
    case = score(empty, empty)
    assert {entry.outcome for entry in case.classes} == {"both_empty"}
    assert {entry.dice for entry in case.classes} == {None}
    assert {entry.hd95 for entry in case.classes} == {None}
    assert {entry.surface_dice for entry in case.classes} == {None}
    assert case.mean_dice is None


@pytest.mark.parametrize("dimensions", [2, 3])
def test_flat_images_have_two_dimensional_surfaces(dimensions):
    truth, prediction = np.zeros((2, 20, 30, 1), np.uint8)
    truth[2:14, 2:14] = 1
    prediction[6:18, 2:14] = 1
    case = score(truth, prediction, spacing=(0.5, 2.0, 7.0), dimensions=dimensions)
    liver = case.score("liver")
    flat = truth[..., 0] == 1, prediction[..., 0] == 1
    assert liver.hd95.value == hausdorff95(*flat, (0.5, 2.0))
    assert liver.surface_dice == surface_dice(*flat, (0.5, 2.0), 1.0)
    solid = surface_dice(truth == 1, prediction == 1, (0.5, 2.0, 7.0), 1.0)
    assert liver.surface_dice < solid
    size, unit = (1.0, "mm2") if dimensions == 2 else (7.0, "mm3")
    assert (liver.volume_error.truth, case.size_unit) == (144 * size, unit)


def test_diagonal_of_a_picture_has_no_depth():
    truth = np.zeros((30, 40, 1), np.uint8)
    truth[4, 4] = 1
    case = score(truth, np.zeros_like(truth), spacing=(1.0, 1.0, 99.0), dimensions=2)
    assert case.score("liver").hd95.value == pytest.approx(50.0)


def test_one_voxel_image_can_be_scored():
    voxel = np.ones((1, 1, 1), np.uint8)
    assert score(voxel, voxel).score("liver").hd95.value == 0.0


def test_dice_of_slices_is_that_of_the_stack():
    truths, predictions = np.zeros((2, 3, 10, 10, 1), np.uint8)
    truths[0, 1:9, 1:9] = 1
    predictions[0, 1:9, 1:9] = 1
    truths[1, 4, 4] = 1
    predictions[2, 4, 4] = 1
    case = slices(list(truths), list(predictions))
    cavity = case.score("cavity")
    # 64 of 65 voxels on each side agree; a mean over slices would say 1/3.
    assert cavity.dice == pytest.approx(64 / 65)
    assert cavity.outcome == "both_present"
    assert cavity.volume_error.truth == 65.0
    # 28 boundary pixels of the square lie at 0, one of 29 at the slice's diagonal: below 5 %.
    assert cavity.hd95 == Measure(0.0, "px")
    assert cavity.surface_dice == pytest.approx(56 / 58)


def test_distances_do_not_cross_slices():
    truths, predictions = np.zeros((2, 2, 10, 10, 1), np.uint8)
    truths[0, 4, 4] = 1
    predictions[1, 4, 4] = 1
    cavity = slices(list(truths), list(predictions)).score("cavity")
    assert cavity.hd95.value == pytest.approx(math.hypot(10, 10))
    assert cavity.surface_dice == 0.0


def test_one_slice_equals_one_picture():
    generator = np.random.default_rng(5)
    truth, prediction = generator.integers(0, 3, (2, 16, 12, 1)).astype(np.uint8)
    classes = [(1, "one"), (2, "two")]
    stacked = slices([truth], [prediction], classes=classes, spacings=[(2.0, 0.5, 1.0)])
    single = score(
        truth, prediction, classes=classes, spacing=(2.0, 0.5, 1.0), unit="px", dimensions=2
    )
    assert stacked == single


def test_slices_may_differ_in_shape_and_spacing():
    first = np.ones((4, 4, 1), np.uint8)
    second = np.ones((6, 2, 1), np.uint8)
    case = slices(
        [first, second],
        [first, second],
        spacings=[(1.0, 1.0, 1.0), (0.5, 0.5, 1.0)],
        unit="mm",
    )
    assert case.score("cavity").volume_error.truth == 16 * 1.0 + 12 * 0.25
    assert case.size_unit == "mm2"


def test_refuses_what_does_not_fit(volumes):
    truth, prediction = volumes
    with pytest.raises(DataError, match=r"c1.*\(12, 14, 6\).*\(12, 14, 5\)"):
        score(truth, prediction[..., :5])
    with pytest.raises(DataError, match="score slices of a stack as slices"):
        score(truth, prediction, dimensions=2)
    with pytest.raises(DataError, match="spacing"):
        score(truth, prediction, spacing=(1.0, 1.0))
    with pytest.raises(DataError, match="0 truths"):
        slices([], [])
    with pytest.raises(DataError, match="2 truths, 1 predictions"):
        slices([truth, truth], [truth])
    with pytest.raises(DataError, match="no class called 'kidney'"):
        score(truth, prediction).score("kidney")


# Data sets


def quick_case(case, patient, dices, **changes):
    """A case of one-row volumes of 10 voxels; each class is given by (truth, prediction)."""
    truth, prediction = np.zeros((2, 10, 2, 2), np.uint8)
    for row, ((value, _), (true, predicted)) in enumerate(zip(CLASSES, dices, strict=True)):
        truth[:true, row, 0] = value
        prediction[:predicted, row, 0] = value
    return score(truth, prediction, case=case, patient=patient, **changes)


def test_means_go_over_cases_and_then_over_classes():
    cases = [
        quick_case("a", "p1", [(5, 5), (0, 0)]),  # 1.0, left out
        quick_case("b", "p1", [(6, 2), (3, 1)]),  # 0.5, 0.5
        quick_case("c", "p2", [(4, 0), (0, 2)]),  # missed, false positive
    ]
    result = summarise(cases)
    liver, spleen = result.classes
    assert liver.dice.mean == pytest.approx(0.5)
    assert liver.dice.deviation == pytest.approx(0.5)
    assert (liver.n_both_present, liver.n_missed, liver.n_both_empty) == (2, 1, 0)
    assert spleen.dice.mean == pytest.approx(0.25)
    assert spleen.dice.n == 2
    assert (spleen.n_both_empty, spleen.n_false_positive) == (1, 1)
    # Over classes of means over cases: 0.375; over all five values it would be 0.4.
    assert result.mean_dice == pytest.approx(0.375)
    assert (result.n_both_empty, result.n_missed, result.n_false_positive) == (1, 1, 1)
    assert (result.n_cases, result.n_patients) == (3, 2)
    lengths = [case.classes[0].hd95.value for case in cases]
    assert liver.hd95.mean == pytest.approx(statistics.fmean(lengths))
    assert lengths[2] == pytest.approx(math.hypot(10, 2, 2))
    assert liver.hd95.unit == "mm"
    assert result.mean_hd95.value == pytest.approx((liver.hd95.mean + spleen.hd95.mean) / 2)
    assert liver.relative_volume_error.mean == pytest.approx((0 - 2 / 3 - 1) / 3)
    assert spleen.relative_volume_error.n == 1


def test_a_class_that_no_case_holds_does_not_lower_the_mean():
    result = summarise([quick_case("a", "p1", [(6, 2), (0, 0)])])
    assert result.classes[1].dice is None
    assert result.mean_dice == 0.5
    assert result.classes[0].dice.deviation is None


def test_nothing_to_average_is_none_and_not_zero():
    result = summarise([quick_case("a", "p1", [(0, 0), (0, 0)])])
    assert (result.mean_dice, result.mean_iou, result.mean_hd95) == (None, None, None)
    assert result.mean_surface_dice is None


def test_millimetres_and_pixels_are_not_averaged():
    cases = [
        quick_case("a", "p1", [(6, 2), (3, 3)]),
        quick_case("b", "p2", [(6, 2), (3, 3)], unit="px"),
    ]
    result = summarise(cases)
    assert result.mean_dice == pytest.approx(0.75)
    assert result.mean_hd95 is None
    assert result.tolerance is None
    assert result.mean_surface_dice is None
    assert summarise(cases[1:]).mean_hd95.unit == "px"


def test_other_tolerances_are_not_averaged():
    cases = [quick_case(str(mm), "p", [(6, 2), (3, 3)], tolerance=mm) for mm in (1.0, 2.0)]
    result = summarise(cases)
    assert result.mean_surface_dice is None
    assert result.mean_hd95.value > 0
    assert summarise(cases[:1]).tolerance == Measure(1.0, "mm")


def test_refuses_no_cases_and_other_classes(volumes):
    with pytest.raises(DataError, match="no case"):
        summarise([])
    with pytest.raises(DataError, match=r"c2: found the classes"):
        summarise([score(*volumes), score(*volumes, classes=[(1, "liver")], case="c2")])


def test_scores_are_plain_data(volumes):
    result = summarise([score(*volumes)])
    as_dict = dataclasses.asdict(result)
    assert as_dict["classes"][0]["dice"]["mean"] == pytest.approx(5 / 6)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.mean_dice = 1.0


def test_real_cardiac_case_against_itself_shifted(shared_data):
    folder = shared_data / "Dataset103_CardiacMRI"
    with (folder / "cases.csv").open(newline="") as stream:
        files = [row["file"] for row in csv.DictReader(stream) if row["case"] == "SC-HF-I-01"]
    paths = [folder / "labelsTs" / f"{file}.png" for file in files]
    truths = [np.asarray(Picture.open(path)).T[..., None] for path in paths]
    shifted = [np.roll(truth, 2, axis=0) for truth in truths]
    spacings = [(1.0, 1.0, 1.0)] * len(truths)
    cavity = slices(truths, shifted, spacings=spacings).score("cavity")
    assert len(truths) == 8
    assert 0.8 < cavity.dice < 1.0
    assert 1.0 <= cavity.hd95.value <= 2.0
    assert cavity.volume_error.signed == 0.0
    assert slices(truths, truths, spacings=spacings).score("cavity").dice == 1.0


def test_the_room_never_loads_torch():
    modules = ["report", "statistics", "folds"]
    code = ";".join(f"import omniseg_backend.metrics.{name}" for name in modules)
    code += ";import sys; sys.exit('torch' in sys.modules or 'monai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
