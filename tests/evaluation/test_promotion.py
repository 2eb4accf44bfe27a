"""Promotion: what it asks for, what it refuses, what it records."""

from __future__ import annotations

from pathlib import Path

import pytest

from omniseg_backend.bundles import models
from omniseg_backend.bundles.current import current_model, roll_back
from omniseg_backend.bundles.history import read_history
from omniseg_backend.bundles.models import add_model
from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.datasets.records import Dataset
from omniseg_backend.evaluation.compare import compare
from omniseg_backend.evaluation.comparison import Comparison, record_comparison
from omniseg_backend.evaluation.promotion import promote

pytestmark = pytest.mark.usefixtures("home")

KIND = ("toy", "compact")


@pytest.fixture(scope="module")
def better(untrained: Bundle, trained: Bundle, held_out: Dataset) -> Comparison:
    return compare(untrained, trained, held_out)


def test_the_first_of_its_kind_needs_no_comparison(untrained: Bundle, home: Path) -> None:
    done = promote(untrained)
    assert (done.replaced, done.comparison) == (None, None)
    assert done.model.status == "current"
    assert models.model(*KIND).manifest_hash == untrained.manifest_hash
    with pytest.raises(UsageError, match="the current model"):
        promote(untrained)
    assert [event.event for event in read_history(home / "models")] == ["added", "promoted"]


def test_a_better_one_is_promoted_and_rolled_back(
    untrained: Bundle, trained: Bundle, better: Comparison, home: Path
) -> None:
    promote(untrained)
    candidate = add_model(trained.path)
    with pytest.raises(DataError, match=r"no comparison.*omniseg compare"):
        promote(trained)
    assert current_model(*KIND).manifest_hash == untrained.manifest_hash
    record_comparison(better)
    done = promote(candidate.load())
    assert done.comparison == better
    assert done.replaced.manifest_hash == untrained.manifest_hash
    assert models.model(*KIND).manifest_hash == trained.manifest_hash
    event = read_history(home / "models")[-1]
    assert event.grounds.comparison == better.id
    assert (event.grounds.verdict, event.grounds.confirmed) == ("better", False)
    assert event.previous == untrained.manifest_hash
    assert roll_back(*KIND).restored.manifest_hash == untrained.manifest_hash
    assert models.model(*KIND).manifest_hash == untrained.manifest_hash


def test_a_worse_one_is_refused_whatever_is_accepted(
    untrained: Bundle, trained: Bundle, held_out: Dataset
) -> None:
    promote(trained)
    record_comparison(compare(trained, untrained, held_out))
    for accept in (False, True):
        with pytest.raises(DataError, match="a worse model: Dice -0"):
            promote(untrained, accept_uncertain=accept)
    assert current_model(*KIND).manifest_hash == trained.manifest_hash


def test_too_few_to_tell_needs_a_confirmation_which_is_recorded(
    untrained: Bundle, trained: Bundle, toy_dataset: Path, home: Path
) -> None:
    promote(untrained)
    record_comparison(compare(untrained, trained, open_dataset(toy_dataset)))
    with pytest.raises(UsageError, match=r"95 % interval.*2 held-out patients.*accept-uncertain"):
        promote(trained)
    promote(trained, accept_uncertain=True)
    grounds = read_history(home / "models")[-1].grounds
    assert (grounds.verdict, grounds.confirmed) == ("too few to tell", True)


def test_cases_that_were_trained_on_prove_nothing(
    untrained: Bundle, trained: Bundle, leaky: Dataset
) -> None:
    promote(untrained)
    comparison = compare(untrained, trained, leaky)
    assert comparison.verdict == "better"
    record_comparison(comparison)
    with pytest.raises(DataError, match=r"trained or validated on.*seen000"):
        promote(trained, accept_uncertain=True)


def test_a_confirmation_is_recorded_only_where_it_was_needed(
    untrained: Bundle, trained: Bundle, better: Comparison, home: Path
) -> None:
    promote(untrained)
    record_comparison(better)
    promote(trained, accept_uncertain=True)
    assert read_history(home / "models")[-1].grounds.confirmed is False


def test_a_comparison_with_another_model_than_the_current_one_does_not_count(
    untrained: Bundle, trained: Bundle, better: Comparison
) -> None:
    promote(untrained)
    record_comparison(better)
    promote(trained)
    with pytest.raises(DataError, match="no comparison"):
        promote(untrained)
