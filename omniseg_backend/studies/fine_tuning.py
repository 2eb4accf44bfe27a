"""What fine-tuning gives over training from scratch, on patients that no run has seen.

Patients of both parts of the data set are parted into folds. Each arm trains on the other folds
and is measured on the held-out one, with each seed; arms are compared patient by patient.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from omniseg_backend.bundles.store import load_bundle
from omniseg_backend.common.atomic import write_text_atomic
from omniseg_backend.common.errors import DataError
from omniseg_backend.common.progress import Cancel, Progress, check_cancel, no_progress
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.evaluation.evaluate import evaluate_bundle
from omniseg_backend.metrics.folds import patient_folds
from omniseg_backend.metrics.statistics import PairedComparison, compare_paired
from omniseg_backend.studies.held_out import write_held_out
from omniseg_backend.studies.settings import Arm, FineTuningSettings
from omniseg_backend.training.bundle_run import train_bundle

_RESULT = "result.json"


class ArmRun(BaseModel):
    """One arm, fold and seed, as it is kept in the study's folder.

    Attributes:
        arm: Its name.
        fold: Which patients were held out, from 0.
        seed: Of the run.
        steps: Steps that the time allowed.
        dice: Mean Dice of every held-out patient.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    arm: str
    fold: int
    seed: int
    steps: int
    dice: Mapping[str, float]


@dataclasses.dataclass(frozen=True)
class ArmResult:
    """An arm over all folds and seeds.

    Attributes:
        name: Its name.
        dice: Each patient's Dice, mean over seeds, in the order of ``FineTuningResult.patients``.
        steps: Mean steps of its runs.
        against_first: Paired with the first arm; None for the first.
    """

    name: str
    dice: tuple[float, ...]
    steps: float
    against_first: PairedComparison | None

    @property
    def mean(self) -> float:
        """Over patients."""
        return float(np.mean(self.dice))

    @property
    def deviation(self) -> float:
        """Over patients."""
        return float(np.std(self.dice, ddof=1)) if len(self.dice) > 1 else 0.0


@dataclasses.dataclass(frozen=True)
class FineTuningResult:
    """What the study found.

    Attributes:
        patients: Held out once each.
        folds: Number of folds.
        arms: In the order asked for; the first is what the others are compared with.
    """

    patients: tuple[str, ...]
    folds: int
    arms: tuple[ArmResult, ...]


def study_fine_tuning(
    settings: FineTuningSettings,
    folder: Path,
    *,
    progress: Progress = no_progress,
    cancel: Cancel | None = None,
) -> FineTuningResult:
    """Run every arm on every fold with every seed, or go on with a study in ``folder``.

    Args:
        settings: Arms, folds, seeds, budget.
        folder: Where runs and results are kept; finished runs are not repeated.
        progress: Told about every stage.
        cancel: Looked at between steps.

    Raises:
        DataError: The data set cannot be used.
        CancelledError: The user cancelled; the same call goes on.
    """
    dataset = open_dataset(settings.dataset)
    if not (dataset.root / "dataset.json").exists():
        raise DataError(
            dataset.root,
            found="no dataset.json",
            expected="an nnU-Net v2 raw data set",
            remedy="make a site data set of the images with `omniseg dataset`",
        )
    cases = dataset.cases()
    folds = patient_folds([case.patient for case in cases], settings.folds, seed=0)
    plan = [
        (arm, seed, index)
        for seed in settings.seeds
        for index in range(folds.used)
        for arm in settings.arms
    ]
    runs: list[ArmRun] = []
    for done, (arm, seed, index) in enumerate(plan):
        check_cancel(cancel, "the study")
        progress(f"{arm.name}, fold {index + 1} of {folds.used}, seed {seed}", done / len(plan))
        held_out = {cases[place].patient for place in folds.splits[index].validation}
        data = folder / f"fold-{index}"
        write_held_out(dataset, held_out, data)
        runs.append(_run(settings, arm, seed, index, data, folder, progress, cancel))
    patients = sorted({case.patient for case in cases})
    return FineTuningResult(tuple(patients), folds.used, _arms(settings, runs, patients))


def _run(
    settings: FineTuningSettings,
    arm: Arm,
    seed: int,
    fold: int,
    data: Path,
    folder: Path,
    progress: Progress,
    cancel: Cancel | None,
) -> ArmRun:
    place = folder / f"{arm.name}-fold-{fold}-seed-{seed}"
    kept = place / _RESULT
    if kept.exists():
        return ArmRun.model_validate_json(kept.read_text("utf-8"))
    training = settings.training(arm, seed, data)
    target = place / "bundle.omniseg"
    if not target.exists():
        train_bundle(training, target, progress=progress, cancel=cancel)
    bundle = load_bundle(target)
    found = evaluate_bundle(bundle, open_dataset(data), progress=progress, cancel=cancel)
    by_patient: dict[str, list[float]] = {}
    for case in found.cases:
        if case.mean_dice is not None:
            by_patient.setdefault(case.patient, []).append(case.mean_dice)
    run = ArmRun(
        arm=arm.name,
        fold=fold,
        seed=seed,
        steps=_steps_of(place),
        dice={patient: float(np.mean(values)) for patient, values in by_patient.items()},
    )
    write_text_atomic(kept, run.model_dump_json(indent=1) + "\n")
    return run


def _steps_of(place: Path) -> int:
    plan = json.loads((place / "bundle.omniseg.run" / "run.json").read_text("utf-8"))
    return int(plan["steps"])


def _arms(
    settings: FineTuningSettings, runs: list[ArmRun], patients: list[str]
) -> tuple[ArmResult, ...]:
    results: list[ArmResult] = []
    for arm in settings.arms:
        own = [run for run in runs if run.arm == arm.name]
        dice = tuple(
            float(np.mean([run.dice[patient] for run in own if patient in run.dice] or [np.nan]))
            for patient in patients
        )
        compared = compare_paired(dice, results[0].dice, patients) if results else None
        steps = float(np.mean([run.steps for run in own]))
        results.append(ArmResult(arm.name, dice, steps, compared))
    return tuple(results)
