"""Cleaning up and counting at once: what single rules and a fresh count give."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from scipy import ndimage

from omniseg_backend.bundles.rules import CleanUpRule
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.inference.cleanup import clean_up
from omniseg_backend.inference.components import count_classes
from omniseg_backend.inference.counting import clean_and_count
from omniseg_backend.inference.threaded import in_order

GRID = Geometry((24, 20, 12), np.eye(4), "mm", 3)
RULES = (
    {},
    {"keep_largest": True},
    {"fill_holes": True},
    {"min_size": 4},
    {"keep_largest": True, "fill_holes": True},
    {"min_size": 9, "fill_holes": True},
)


def rule(**fields: object) -> CleanUpRule:
    return CleanUpRule.model_validate({"class_name": "x", **fields})


def noise(seed: int) -> np.ndarray:
    """Five classes in blobs with holes, islands and one another inside."""
    random = np.random.default_rng(seed)
    fields = ndimage.gaussian_filter(random.standard_normal((6, 12, 20, 24)), (0, 1, 1, 1))
    return fields.argmax(axis=0).astype(np.uint8)


def one_after_the_other(labels: np.ndarray, rules: dict[int, CleanUpRule]) -> list[tuple[int, int]]:
    for index, one in rules.items():
        clean_up(labels, index, one, GRID)
    return count_classes(labels, 5)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_same_as_rule_after_rule_and_a_count(seed: int, threads: int) -> None:
    random = np.random.default_rng(seed)
    order = random.permutation([1, 2, 3, 4])  # class 5 has no rule
    rules = {int(index): rule(**RULES[random.integers(len(RULES))]) for index in order}
    expected, found = noise(seed), noise(seed)
    counts = one_after_the_other(expected, rules)
    assert clean_and_count(found, rules, 5, GRID, threads) == counts
    np.testing.assert_array_equal(found, expected)


def test_a_hole_round_another_class_is_counted_apart() -> None:
    """A shell of 1 holds a shell of 2 that holds background, which joins 1 without touching it."""
    labels = np.zeros((9, 9, 9), np.uint8)
    labels[1:8, 1:8, 1:8] = 1
    labels[2:7, 2:7, 2:7] = 2
    labels[4, 4, 4] = 0
    counts = clean_and_count(labels, {1: rule(keep_largest=True, fill_holes=True)}, 2, GRID, 2)
    assert labels[4, 4, 4] == 1
    assert counts == [(7**3 - 5**3 + 1, 2), (5**3 - 1, 1)]


def test_a_filled_hole_can_join_components() -> None:
    labels = np.zeros((9, 9, 9), np.uint8)
    labels[:, :, :] = 1
    labels[1:8, 1:8, 1:8] = 0
    labels[3:6, 3:6, 3:6] = 1
    assert clean_and_count(labels, {1: rule(fill_holes=True)}, 1, GRID, 1) == [(9**3, 1)]


def test_classes_that_are_absent_count_nothing() -> None:
    labels = np.zeros((2, 4, 4), np.uint8)
    assert clean_and_count(labels, {2: rule(keep_largest=True)}, 3, GRID, 2) == [(0, 0)] * 3


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_order(threads: int) -> None:
    assert list(in_order(lambda n: n * n, iter(range(20)), threads)) == [n * n for n in range(20)]
    assert list(in_order(str, [7], threads)) == ["7"]
    assert list(in_order(str, [], threads)) == []


def test_two_calls_run_at_once() -> None:
    """Each waits for the other, which one thread alone never gets past."""
    meeting = threading.Barrier(2, timeout=10)
    assert sorted(in_order(lambda _: meeting.wait(), range(2), 2)) == [0, 1]


def test_an_error_comes_where_the_result_would() -> None:
    results = in_order(lambda n: 6 // n, [3, 2, 0, 1], 2)
    assert [next(results), next(results)] == [2, 3]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_no_more_than_so_many_are_made_ahead() -> None:
    taken: list[int] = []
    results = in_order(lambda n: n, (taken.append(n) or n for n in range(10)), 2)
    assert next(results) == 0
    assert len(taken) == 3
