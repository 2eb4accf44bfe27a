"""Comparing two really trained networks on reserved patients."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from omniseg_backend.bundles.manifest import Manifest
from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.errors import CancelledError, DataError
from omniseg_backend.common.hashing import sha256_voxels
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.datasets.loading import load_record
from omniseg_backend.datasets.records import Dataset
from omniseg_backend.evaluation.compare import compare
from omniseg_backend.evaluation.comparison import (
    Comparison,
    latest_comparison,
    record_comparison,
)
from omniseg_backend.evaluation.evaluate import evaluate_bundle
from omniseg_backend.evaluation.shared_classes import shared_classes
from omniseg_backend.evaluation.worst_cases import worst_cases, worst_first
from omniseg_backend.images.classes import ClassTable
from tests.evaluation.conftest import RESERVED
from tests.inference.conftest import convolution_model


@pytest.fixture(scope="module")
def improved(untrained: Bundle, trained: Bundle, held_out: Dataset) -> Comparison:
    """What training brought."""
    return compare(untrained, trained, held_out)


def test_figures_are_those_of_evaluating_each(
    improved: Comparison, untrained: Bundle, trained: Bundle, held_out: Dataset
) -> None:
    for bundle, of_class, of_case in (
        (untrained, "old_dice", "old_dice"),
        (trained, "new_dice", "new_dice"),
    ):
        alone = evaluate_bundle(bundle, held_out)
        for entry, summary in zip(improved.classes, alone.score.classes, strict=True):
            assert entry.name == summary.name
            assert getattr(entry, of_class) == pytest.approx(summary.dice.mean)
        for case, score in zip(improved.cases, alone.cases, strict=True):
            assert case.case == score.case
            assert getattr(case, of_case) == pytest.approx(score.mean_dice)
    assert {entry.unit for entry in improved.classes} == {"px"}
    assert all(entry.hd95.mean is not None for entry in improved.classes)


def test_a_trained_network_is_better_and_the_other_way_round_worse(
    improved: Comparison, untrained: Bundle, trained: Bundle, held_out: Dataset
) -> None:
    assert improved.verdict == "better"
    assert improved.overall.patients == RESERVED
    assert improved.overall.low > 0
    assert improved.overall.p_value < 0.05
    assert improved.trained_on == ()
    back = compare(trained, untrained, held_out)
    assert back.verdict == "worse"
    assert back.overall.mean == pytest.approx(-improved.overall.mean)
    assert back.dataset_hash == improved.dataset_hash


def test_two_patients_are_too_few(untrained: Bundle, trained: Bundle, toy_dataset: Path) -> None:
    found = compare(untrained, trained, open_dataset(toy_dataset))
    assert found.verdict == "too few to tell"
    assert found.overall.patients == 2
    assert found.overall.mean > 0


def test_the_document_says_which_bundles_data_and_voxels(
    improved: Comparison, untrained: Bundle, trained: Bundle, held_out: Dataset, home: Path
) -> None:
    assert improved.old.manifest_hash == untrained.manifest_hash
    assert improved.new.manifest_hash == trained.manifest_hash
    record = held_out.part("test")[0]
    image, _ = load_record(record, held_out)
    assert improved.cases[0].case_hash == sha256_voxels(image.array)
    assert latest_comparison(untrained.manifest_hash, trained.manifest_hash) is None
    path = record_comparison(improved)
    assert path.is_relative_to(home)
    again = latest_comparison(untrained.manifest_hash, trained.manifest_hash)
    assert again == improved
    assert latest_comparison(trained.manifest_hash, untrained.manifest_hash) is None
    later = improved.model_copy(update={"when": "2999-01-01T00:00:00+00:00", "id": (
        f"{improved.id[:25]}-29990101000000"
    )})  # fmt: skip
    record_comparison(later)
    found = latest_comparison(untrained.manifest_hash, trained.manifest_hash)
    assert found is not None
    assert found.when == later.when


def test_a_verdict_that_the_figures_do_not_give_counts_for_nothing(
    improved: Comparison, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = record_comparison(improved)
    content = json.loads(path.read_text())
    content["verdict"] = "worse"
    path.write_text(json.dumps(content))
    assert latest_comparison(improved.old.manifest_hash, improved.new.manifest_hash) is None
    assert str(path) in caplog.text


def test_cases_that_were_trained_on_are_named(
    untrained: Bundle, trained: Bundle, leaky: Dataset
) -> None:
    found = compare(untrained, trained, leaky)
    assert set(found.trained_on) == {f"seen{seed:03d}" for seed in range(8)}


def test_the_worst_cases_are_drawn_with_four_panels(
    improved: Comparison, untrained: Bundle, trained: Bundle, held_out: Dataset
) -> None:
    ranked = worst_first(improved.cases)
    assert [case.new_dice for case in ranked] == sorted(c.new_dice for c in improved.cases)
    drawn = list(worst_cases(improved, untrained, trained, held_out, 2))
    assert [picture.case for picture in drawn] == [case.case for case in ranked[:2]]
    assert drawn[0].file_name == f"01-{ranked[0].case}.png"
    pixels = np.array(drawn[0].picture)
    # Four panels of one width: the first shows no contour, the second the truth's.
    quarter = pixels.shape[1] // 4
    colours = [np.array(entry.colour) for entry in held_out.classes]

    def coloured(column: int) -> int:
        part = pixels[:-60, column * quarter : (column + 1) * quarter]
        return sum(int(np.all(part == colour, axis=-1).sum()) for colour in colours)

    assert coloured(0) == 0
    assert coloured(1) > 100


def test_one_bundle_an_empty_part_and_a_cancel_end_it(
    untrained: Bundle, trained: Bundle, held_out: Dataset
) -> None:
    class Set:
        def is_set(self) -> bool:
            return True

    with pytest.raises(DataError, match="same bundle twice"):
        compare(trained, trained, held_out)
    only = dataclasses.replace(held_out, records=held_out.part("train"))
    with pytest.raises(DataError, match="no reserved case"):
        compare(untrained, trained, only)
    with pytest.raises(CancelledError):
        compare(untrained, trained, held_out, cancel=Set())


def of_classes(make_bundle, *names: str) -> Manifest:
    count = len(names) + 1
    model = convolution_model(np.zeros((count, 1, 1, 1), np.float32), np.zeros(count, np.float32))
    return make_bundle(model, classes=tuple(enumerate(names, start=1))).manifest


@pytest.mark.parametrize(
    ("old", "new", "data", "common", "only_old", "only_new"),
    [
        (("a", "b"), ("B", "A"), ("b", "a"), ("b", "a"), (), ()),
        (("a", "b"), ("a", "c"), ("a", "b", "c"), ("a",), ("b",), ("c",)),
        (("a", "b"), ("a",), ("a",), ("a",), ("b",), ()),
        (("a",), ("a",), ("polyp",), ("polyp",), (), ()),
    ],
)
def test_common_classes_are_compared(
    make_bundle, held_out: Dataset, old, new, data, common, only_old, only_new
) -> None:
    dataset = dataclasses.replace(held_out, classes=ClassTable.from_names(data))
    found = shared_classes(of_classes(make_bundle, *old), of_classes(make_bundle, *new), dataset)
    assert found.table.names == common
    assert (found.only_old, found.only_new) == (only_old, only_new)
    assert set(found.old.values()) == set(found.new.values()) == set(found.table.values)


@pytest.mark.parametrize(
    ("old", "new", "data", "found"),
    [
        (("a",), ("b",), ("a", "b"), "at least one class that both have"),
        (("a",), ("b",), ("polyp",), "at least one class that both have"),
        (("a", "b"), ("a", "b"), ("a",), "no class b"),
        (("a", "b"), ("c", "d"), ("a", "b"), "no class c, d"),
    ],
)
def test_classes_that_cannot_be_compared_are_refused(
    make_bundle, held_out: Dataset, old, new, data, found
) -> None:
    dataset = dataclasses.replace(held_out, classes=ClassTable.from_names(data))
    with pytest.raises(DataError, match=found):
        shared_classes(of_classes(make_bundle, *old), of_classes(make_bundle, *new), dataset)
