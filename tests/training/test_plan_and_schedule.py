from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from omniseg_backend.training.plan import learning_rate_at, steps_of
from omniseg_backend.training.settings import Budget, TrainingSettings


def settings(**changes) -> TrainingSettings:
    return TrainingSettings(dataset=Path("data"), **changes)


def test_the_defaults_are_the_papers():
    default = settings()
    assert (default.learning_rate, default.weight_decay) == (3e-4, 1e-2)
    assert (default.batch_size, default.budget.epochs, default.input_size) == (8, 100, (256, 256))


def test_the_rate_rises_to_its_peak_and_falls_to_zero():
    run = settings(warmup=0.1)
    rates = [learning_rate_at(step, 100, run) for step in range(101)]
    assert rates[9] == pytest.approx(3e-4)
    assert max(rates) == pytest.approx(3e-4)
    assert rates[:10] == sorted(rates[:10])
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert rates[100] == pytest.approx(0.0, abs=1e-12)


@given(step=st.integers(0, 500), warmup=st.floats(0, 0.9))
def test_the_rate_stays_within_its_bounds(step, warmup):
    assert 0.0 <= learning_rate_at(step, 500, settings(warmup=warmup)) <= 3e-4


def test_epochs_are_steps_over_the_foreground_planes():
    assert steps_of(settings(budget=Budget(epochs=3)), 20, 1.0) == 9
    assert steps_of(settings(budget=Budget(steps=7)), 20, 1.0) == 7


def test_minutes_become_steps_by_the_probe_alone():
    assert steps_of(settings(budget=Budget(minutes=2)), 20, 0.5) == 240


@pytest.mark.parametrize("budget", [{}, {"epochs": 1, "minutes": 1.0}, {"steps": 0}])
def test_a_budget_is_stated_in_exactly_one_way(budget):
    with pytest.raises(ValidationError):
        Budget(**budget)


def test_an_input_size_that_cannot_be_halved_four_times_is_refused():
    with pytest.raises(ValidationError, match="multiples of 16"):
        settings(input_size=(250, 256))
