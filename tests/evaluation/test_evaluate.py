from __future__ import annotations

import numpy as np
import pytest

from omniseg_backend.bundles.rules import Tolerance
from omniseg_backend.bundles.store import load_bundle
from omniseg_backend.common.errors import CancelledError, DataError
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.datasets.loading import load_record
from omniseg_backend.datasets.records import Case
from omniseg_backend.evaluation.card_figures import card_evaluation
from omniseg_backend.evaluation.evaluate import (
    evaluate_bundle,
    score_labels,
    tolerance_on,
)
from omniseg_backend.evaluation.judgement import false_positives, judge, judge_strangers
from omniseg_backend.evaluation.shared_classes import match_classes
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.inference.segment import segment
from omniseg_backend.metrics.overlap import dice


@pytest.fixture(scope="module")
def bundle(toy_bundle):
    return load_bundle(toy_bundle)


@pytest.fixture(scope="module")
def dataset(toy_dataset):
    return open_dataset(toy_dataset)


def test_scores_are_those_of_segmenting_each_image(bundle, dataset):
    evaluation = evaluate_bundle(bundle, dataset, "test")
    assert [case.case for case in evaluation.cases] == ["toypatient100", "toypatient101"]
    record = dataset.part("test")[0]
    image, truth = load_record(record, dataset)
    labels = segment(image, bundle).segmentation.labels
    for value, name in ((2, "square"), (5, "disc")):
        expected = dice(truth.labels == value, labels == value)
        assert evaluation.cases[0].score(name).dice == pytest.approx(expected)
    means = [summary.dice.mean for summary in evaluation.score.classes]
    assert evaluation.score.mean_dice == pytest.approx(np.mean(means))
    assert evaluation.score.classes[0].hd95.unit == "px"


def test_an_empty_part_and_foreign_classes_are_refused(bundle, dataset, tmp_path):
    import dataclasses

    with pytest.raises(DataError, match="no labelled image"):
        evaluate_bundle(bundle, dataclasses.replace(dataset, records=()), "test")
    foreign = dataclasses.replace(dataset, classes=ClassTable.from_names(["liver", "disc"]))
    with pytest.raises(DataError, match="liver"):
        evaluate_bundle(bundle, foreign, "test")


def test_classes_are_matched_by_name_whatever_their_values(bundle):
    table = ClassTable.from_names(["Disc", "square"], [1, 9])
    assert match_classes(bundle.manifest, table, "data") == {2: 9, 5: 1}


def test_cancel_ends_between_cases(bundle, dataset):
    class Set:
        def is_set(self):
            return True

    with pytest.raises(CancelledError):
        evaluate_bundle(bundle, dataset, "test", cancel=Set())


def test_tolerance_is_never_millimetres_on_unspaced_images():
    picture = Geometry.of_picture(8, 8)
    spaced = Geometry.of_picture(8, 8, (0.5, 0.5))
    assert tolerance_on(Tolerance(value=3.0, unit="px"), picture) == 3.0
    assert tolerance_on(Tolerance(value=3.0, unit="px"), spaced) == 1.5
    assert tolerance_on(Tolerance(value=3.0, unit="mm"), spaced) == 3.0
    assert tolerance_on(Tolerance(value=3.0, unit="mm"), picture) == 1.0


def stack(slices):
    return [
        Segmentation(
            labels=plane[np.newaxis, :, :, np.newaxis].astype(np.uint8),
            geometry=Geometry.of_picture(*plane.shape),
            classes=ClassTable.from_names(["ventricle"]),
        )
        for plane in slices
    ]


def test_the_slices_of_a_case_are_stacked_before_dice():
    full, none = np.ones((8, 8)), np.zeros((8, 8))
    truths = stack([full, none])
    predictions = [full[np.newaxis, :, :, np.newaxis], full[np.newaxis, :, :, np.newaxis]]
    score = score_labels(Case("a", "p", ()), truths, predictions, Tolerance(value=1, unit="px"))
    assert score.mean_dice == pytest.approx(2 * 64 / (64 + 128))


def test_the_card_counts_what_was_missed_and_gives_no_interval_for_few_patients(bundle, dataset):
    evaluation = evaluate_bundle(bundle, dataset, "test")
    figures = card_evaluation(evaluation, dataset, synthetic=False)
    assert figures.patients == 2
    for entry, summary in zip(figures.classes, evaluation.score.classes, strict=True):
        assert entry.dice.mean == pytest.approx(summary.dice.mean)
        assert entry.dice.sd == pytest.approx(summary.dice.deviation)
        assert entry.missed == summary.n_missed


def test_every_image_is_judged_plain_and_under_each_corruption(bundle, dataset):
    images = [load_record(record, dataset) for record in dataset.part("test")]
    judged = judge(bundle, images, seed=0, progress=lambda *_: None, cancel=None)
    assert len(judged) == 8
    again = judge(bundle, images, seed=0, progress=lambda *_: None, cancel=None)
    assert judged == again
    assert judged[0].dice > np.mean([result.dice for result in judged[1:4]]) - 0.2


def test_whatever_is_found_on_strangers_is_wrong(bundle):
    noise = np.random.default_rng(0).integers(0, 60, (32, 32)).astype(np.uint8)
    disc = noise.copy()
    disc[10:20, 10:20] = 220
    images = [Image.from_picture(noise), Image.from_picture(disc)]
    assert all(result.dice == 0.0 for result in judge_strangers(bundle, images))
    figures = false_positives(bundle, images, "drawn noise")
    assert figures.images == 2
    assert figures.unit == "px"
    assert false_positives(bundle, [], "") is None
