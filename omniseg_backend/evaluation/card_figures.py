"""An evaluation as a model card states it."""

from __future__ import annotations

from collections.abc import Sequence

from omniseg_backend.bundles.card import ClassResult, Evaluation, Spread
from omniseg_backend.datasets.records import Dataset
from omniseg_backend.evaluation.evaluate import BundleEvaluation
from omniseg_backend.metrics.scores import CaseScore
from omniseg_backend.metrics.statistics import bootstrap_interval

_SEED = 20_240_101


def card_evaluation(
    evaluation: BundleEvaluation, dataset: Dataset, *, synthetic: bool
) -> Evaluation:
    """Means, spreads and intervals of an evaluation; intervals go by patient.

    Args:
        evaluation: Of the validation or the test part.
        dataset: What it was measured on.
        synthetic: Whether that holds phantoms.
    """
    score = evaluation.score
    return Evaluation(
        data=dataset.name,
        part="test" if evaluation.part == "test" else "validation",
        synthetic=synthetic,
        cases=score.n_cases,
        patients=score.n_patients if dataset.patients_stated else None,
        mean_dice=score.mean_dice,
        classes=tuple(_class_result(summary.name, evaluation.cases) for summary in score.classes),
    )


def _class_result(name: str, cases: Sequence[CaseScore]) -> ClassResult:
    scores = [(case.score(name), case.patient) for case in cases]
    dice = [(one.dice, patient) for one, patient in scores if one.dice is not None]
    hd95 = [(one.hd95, patient) for one, patient in scores if one.hd95 is not None]
    units = {measure.unit for measure, _ in hd95}
    outcomes = [one.outcome for one, _ in scores]
    return ClassResult(
        class_name=name,
        dice=_spread(dice),
        hd95=_spread([(measure.value, patient) for measure, patient in hd95])
        if len(units) == 1
        else None,
        unit="mm" if units == {"mm"} else "px",
        both_empty=outcomes.count("both_empty"),
        missed=outcomes.count("missed"),
        invented=outcomes.count("false_positive"),
    )


def _spread(values: Sequence[tuple[float, str]]) -> Spread | None:
    if not values:
        return None
    numbers = [value for value, _ in values]
    n = len(numbers)
    mean = sum(numbers) / n
    deviation = (sum((x - mean) ** 2 for x in numbers) / (n - 1)) ** 0.5 if n > 1 else None
    interval = bootstrap_interval(numbers, [patient for _, patient in values], seed=_SEED)
    return Spread(
        n=n,
        mean=mean,
        sd=deviation,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
    )
