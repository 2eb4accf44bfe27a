"""Softmax with a temperature, and the choice of a class."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from omniseg_backend.inference.probabilities import softmax, strongest


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_softmax_is_that_of_the_divided_logits(classes: int, temperature: float) -> None:
    logits = np.random.default_rng(0).normal(0, 6, (2, classes, 9, 11)).astype(np.float32)
    expected = special.softmax(logits.astype(np.float64) / temperature, axis=1)
    np.testing.assert_allclose(softmax(logits, temperature), expected, atol=1e-6)


def test_huge_logits_neither_overflow_nor_vanish() -> None:
    logits = np.array([3e38, -3e38, 0], np.float32).reshape(1, 3, 1, 1)
    with np.errstate(over="ignore"):  # the difference of the two may be infinite, and is meant
        found = softmax(logits, 1.0)
    np.testing.assert_array_equal(found.ravel(), [1, 0, 0])


def test_logits_are_not_written_to() -> None:
    logits = np.random.default_rng(1).normal(size=(1, 2, 4, 4)).astype(np.float32)
    before = logits.copy()
    softmax(logits, 2.0)
    np.testing.assert_array_equal(logits, before)


@settings(max_examples=30)
@given(temperature=st.floats(0.05, 20))
def test_temperature_never_changes_the_choice(temperature: float) -> None:
    order = np.tile(np.arange(4.0)[:, np.newaxis, np.newaxis], (1, 16, 16))
    logits = np.random.default_rng(2).permuted(order, axis=0)[np.newaxis].astype(np.float32)
    calm, plain = softmax(logits, temperature)[0], softmax(logits, 1.0)[0]
    np.testing.assert_array_equal(strongest(calm)[0], strongest(plain)[0])
    sharper = strongest(calm)[1].mean() - strongest(plain)[1].mean()
    assert sharper * (1 - temperature) >= -1e-6


def test_the_strongest_class_and_its_probability() -> None:
    probabilities = np.random.default_rng(3).random((6, 20, 30)).astype(np.float32)
    classes, certainty = strongest(probabilities)
    np.testing.assert_array_equal(classes, probabilities.argmax(axis=0))
    np.testing.assert_array_equal(certainty, probabilities.max(axis=0))
    assert classes.dtype == np.uint8


def test_a_tie_goes_to_the_background() -> None:
    classes, _ = strongest(np.full((3, 2, 2), 1 / 3, np.float32))
    assert (classes == 0).all()
