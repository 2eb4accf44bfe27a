from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from omniseg_backend.common.errors import DataError
from omniseg_backend.metrics.overlap import Overlap, dice, iou

PAIRS = hnp.array_shapes(min_dims=1, max_dims=3, max_side=5).flatmap(
    lambda shape: st.tuples(hnp.arrays(bool, shape), hnp.arrays(bool, shape))
)


def test_golden_values():
    truth = np.array([1, 1, 1, 1, 0, 0], bool)
    prediction = np.array([0, 0, 1, 1, 1, 0], bool)
    assert dice(truth, prediction) == pytest.approx(2 * 2 / (4 + 3))
    assert iou(truth, prediction) == pytest.approx(2 / 5)


def test_shifted_cubes():
    truth, prediction = np.zeros((2, 12, 12, 12), bool)
    truth[2:8, 2:8, 2:8] = True
    prediction[4:10, 2:8, 2:8] = True
    assert dice(truth, prediction) == pytest.approx(4 / 6)
    assert iou(truth, prediction) == pytest.approx(4 / 8)


@pytest.mark.parametrize(
    ("truth_holds", "prediction_holds", "outcome", "value"),
    [
        (True, True, "both_present", 1.0),
        (True, False, "missed", 0.0),
        (False, True, "false_positive", 0.0),
        (False, False, "both_empty", None),
    ],
)
def test_empty_rules(truth_holds, prediction_holds, outcome, value):
    truth = np.full((3, 3), truth_holds)
    prediction = np.full((3, 3), prediction_holds)
    assert Overlap.of(truth, prediction).outcome == outcome
    assert dice(truth, prediction) == value
    assert iou(truth, prediction) == value


def test_masks_that_do_not_touch_are_present_with_zero():
    truth = np.array([True, False])
    assert Overlap.of(truth, ~truth).outcome == "both_present"
    assert dice(truth, ~truth) == 0.0


@given(PAIRS)
@settings(max_examples=50, deadline=None)
def test_symmetry_bounds_and_relation(pair):
    truth, prediction = pair
    value, ratio = dice(truth, prediction), iou(truth, prediction)
    assert value == dice(prediction, truth)
    assert ratio == iou(prediction, truth)
    if value is None:
        assert ratio is None
        assert not (truth | prediction).any()
        return
    assert 0.0 <= ratio <= value <= 1.0
    assert value == pytest.approx(2 * ratio / (1 + ratio))
    assert (value == 1.0) == bool((truth == prediction).all())


@given(PAIRS, PAIRS)
@settings(max_examples=50, deadline=None)
def test_counts_of_parts_add_up_to_those_of_the_stack(first, second):
    together = Overlap.of(*first) + Overlap.of(*second)
    stacked = [
        np.concatenate([one.ravel(), other.ravel()])
        for one, other in zip(first, second, strict=True)
    ]
    assert together == Overlap.of(*stacked)


def test_refuses_other_shapes_and_types():
    with pytest.raises(DataError, match=r"\(2, 2\).*\(2, 3\)"):
        dice(np.zeros((2, 2), bool), np.zeros((2, 3), bool))
    with pytest.raises(DataError, match="float64"):
        iou(np.zeros(3, bool), np.full(3, 0.7))


def test_agrees_with_monai():
    torch = pytest.importorskip("torch")
    metrics = pytest.importorskip("monai.metrics")
    generator = np.random.default_rng(3)
    for share in (0.05, 0.5, 0.9):
        truth, prediction = generator.random((2, 9, 8, 7)) < share
        tensors = [torch.from_numpy(mask)[None, None].float() for mask in (prediction, truth)]
        theirs = metrics.compute_dice(*tensors, include_background=True).item()
        assert dice(truth, prediction) == pytest.approx(theirs, rel=1e-6)
        theirs = metrics.compute_iou(*tensors, include_background=True).item()
        assert iou(truth, prediction) == pytest.approx(theirs, rel=1e-6)
