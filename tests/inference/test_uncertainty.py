"""Altered looks and the entropy of their mean."""

from __future__ import annotations

import numpy as np
import pytest

from omniseg_backend.inference.uncertainty import View, entropy_levels, mean_over_views, views_for


@pytest.fixture
def inputs() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(2, 3, 24, 20)).astype(np.float32)


@pytest.mark.parametrize(
    ("axes", "flips"),
    [
        ((), []),
        (("columns",), [("columns",)]),
        (("rows", "columns"), [("rows",), ("columns",), ("rows", "columns")]),
    ],
)
def test_only_symmetric_axes_are_flipped(axes: tuple, flips: list) -> None:
    views = views_for(axes)
    assert [view.flips for view in views if view.flips] == flips
    assert sum(view.shift != (0, 0) for view in views) == 2
    assert sum(view.gain != 1.0 for view in views) == 2


def test_flips_turn_the_axis_they_name(inputs: np.ndarray) -> None:
    np.testing.assert_array_equal(View(flips=("rows",)).apply(inputs), inputs[:, :, ::-1])
    np.testing.assert_array_equal(View(flips=("columns",)).apply(inputs), inputs[..., ::-1])


def test_shifts_move_content_and_repeat_the_edge(inputs: np.ndarray) -> None:
    moved = View(shift=(3, -5)).apply(inputs)
    np.testing.assert_array_equal(moved[:, :, 3:, :-5], inputs[:, :, :-3, 5:])
    np.testing.assert_array_equal(moved[:, :, 0, :-5], inputs[:, :, 0, 5:])
    np.testing.assert_array_equal(moved[:, :, 3:, -1], inputs[:, :, :-3, -1])


@pytest.mark.parametrize("view", views_for(("rows", "columns")), ids=repr)
def test_every_look_comes_back_to_its_pixels(view: View, inputs: np.ndarray) -> None:
    back = (view.undo(view.apply(inputs)) - view.offset) / view.gain
    inner = (slice(None), slice(None), slice(6, -6), slice(6, -6))
    np.testing.assert_allclose(back[inner], inputs[inner], atol=1e-5)


def test_a_network_that_sees_pixels_alone_agrees_with_itself(inputs: np.ndarray) -> None:
    def predict(values: np.ndarray) -> np.ndarray:
        bright = 1 / (1 + np.exp(-values[:, :1]))
        return np.concatenate([1 - bright, bright], axis=1)

    flips_only = [View(flips=("rows",)), View(flips=("columns",))]
    mean = mean_over_views(inputs, predict(inputs), flips_only, predict)
    np.testing.assert_allclose(mean, predict(inputs), atol=1e-6)


def test_the_mean_counts_every_look_once() -> None:
    answers = iter([0.2, 0.5, 0.8])
    inputs = np.zeros((1, 1, 4, 4), np.float32)
    views = [View(flips=("rows",)), View(flips=("columns",)), View(gain=2.0)]
    mean = mean_over_views(
        inputs,
        np.full((1, 1, 4, 4), 0.1, np.float32),
        views,
        lambda values: np.full(values.shape, next(answers), np.float32),
    )
    np.testing.assert_allclose(mean, 0.4, atol=1e-6)


@pytest.mark.parametrize("classes", [2, 3, 9])
def test_entropy_runs_from_certain_to_undecided(classes: int) -> None:
    certain = np.zeros((classes, 1, 1), np.float32)
    certain[1] = 1
    undecided = np.full((classes, 1, 1), 1 / classes, np.float32)
    assert entropy_levels(certain).item() == 0
    assert entropy_levels(undecided).item() == 255


def test_entropy_of_two_classes_is_in_bits() -> None:
    plane = np.array([0.11, 0.89], np.float32).reshape(2, 1, 1)
    assert entropy_levels(plane).item() == round(0.4999 * 255)
