"""``omniseg study fine-tuning``: what starting from a bundle gives over starting from nothing."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omniseg_backend.cli.options import Json, Threads, path_argument, path_option

if TYPE_CHECKING:
    from rich.console import RenderableType

    from omniseg_backend.cli.study_documents import FineTuningDocument, PairedDifference
    from omniseg_backend.metrics.statistics import PairedComparison
    from omniseg_backend.studies.fine_tuning import FineTuningResult
    from omniseg_backend.studies.settings import Arm, FineTuningSettings


def fine_tuning(
    dataset: Annotated[Path, path_argument("An nnU-Net v2 raw data set.")],
    arm: Annotated[
        list[str],
        typer.Option(
            "--arm",
            metavar="NAME=START[,FIELD=VALUE...]",
            help="START is a bundle, a model id or 'scratch'; fields are those of `omniseg "
            "train`. Repeat it; the others are compared with the first.",
        ),
    ],
    folder: Annotated[
        Path, path_option("--output", "-o", text="Folder of the runs; a study goes on there.")
    ],
    recipe: Annotated[
        Path | None,
        path_option("--recipe", text="JSON with settings of all arms."),
    ] = None,
    folds: Annotated[int, typer.Option("--folds", min=2, max=20, help="Of patients.")] = 4,
    seed: Annotated[
        list[int] | None,
        typer.Option("--seed", show_default=False, help="Repeatable; by default 0."),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", show_default=False, help="Each; by default 5.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", show_default=False, help="Each, instead of minutes.")
    ] = None,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Compare ways of training on patients that no run has seen.

    The patients of both parts of the data set are parted into folds; every arm trains on the
    other folds and is measured on the one that is held out.
    """
    from omniseg_backend.cli.terminal import command, contradiction

    with command(json=json, log_level=logging.WARNING) as terminal:
        from omniseg_backend.cli.model_values import model_values
        from omniseg_backend.cli.training_extra import training_extra
        from omniseg_backend.cli.training_options import read_recipe
        from omniseg_backend.studies.settings import FineTuningSettings

        if minutes is not None and steps is not None:
            raise contradiction("--minutes", "--steps")
        settings = model_values(
            FineTuningSettings,
            {},
            fixed={
                "dataset": dataset,
                "arms": [parsed_arm(text) for text in arm],
                "folds": folds,
                "seeds": tuple(seed or (0,)),
                "budget": {"steps": steps} if steps else {"minutes": minutes or 5.0},
                "shared": {} if recipe is None else read_recipe(recipe),
                "threads": threads or 0,
            },
        )
        _require_trainable(settings, recipe)
        with training_extra("the study"):
            from omniseg_backend.studies.fine_tuning import study_fine_tuning
        found = study_fine_tuning(
            settings, folder, progress=terminal.progress, cancel=terminal.cancel
        )
        terminal.answer(_document(found, settings), _tables)


def _require_trainable(settings: FineTuningSettings, recipe: Path | None) -> None:
    """Refuse wrong training settings before the first hour rather than at the last arm."""
    from pydantic import ValidationError

    from omniseg_backend.cli.model_values import explained
    from omniseg_backend.training.settings import TrainingSettings

    for arm in settings.arms:
        try:
            settings.training(arm, settings.seeds[0], settings.dataset)
        except ValidationError as error:
            raise explained(error, TrainingSettings, recipe, set(arm.settings)) from error


def parsed_arm(text: str) -> Arm:
    """``frozen=cardiac-mri-compact,trunk_rate=0`` as an arm.

    Raises:
        UsageError: It is not of that form, or the bundle does not exist.
    """
    from omniseg_backend.cli.bundle_choice import bundle_path
    from omniseg_backend.common.errors import UsageError
    from omniseg_backend.studies.settings import Arm

    name, equals, rest = text.partition("=")
    start, *pairs = rest.split(",")
    if not (name and equals and start) or not all("=" in pair for pair in pairs):
        raise UsageError(
            "--arm",
            found=text,
            expected="NAME=START, then FIELD=VALUE pairs, parted by commas",
            remedy="write it like frozen=cardiac-mri-compact,trunk_rate=0",
        )
    stated: dict[str, Any] = dict(pair.split("=", 1) for pair in pairs)
    if start != "scratch":
        stated["initial_bundle"] = bundle_path(start)
    return Arm(name=name, settings=stated)


def _document(found: FineTuningResult, settings: FineTuningSettings) -> FineTuningDocument:
    from omniseg_backend.cli.study_documents import FineTuningDocument, StudyArm
    from omniseg_backend.common.platform import cpu_model

    return FineTuningDocument(
        dataset=settings.dataset.name,
        patients=len(found.patients),
        folds=found.folds,
        seeds=list(settings.seeds),
        cpu=cpu_model(),
        arms=[
            StudyArm(
                name=arm.name,
                mean_dice=arm.mean,
                deviation=arm.deviation,
                steps=arm.steps,
                against_first=_difference(arm.against_first),
            )
            for arm in found.arms
        ],
    )


def _difference(compared: PairedComparison | None) -> PairedDifference | None:
    from omniseg_backend.cli.study_documents import PairedDifference

    if compared is None:
        return None
    interval = compared.interval
    return PairedDifference(
        mean=compared.mean_difference,
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        p_value=compared.t_test.p_value,
        reason=compared.reason,
    )


def _tables(document: FineTuningDocument) -> Sequence[RenderableType]:
    from omniseg_backend.cli.tables import decimals, table
    from omniseg_backend.common.wording import counted

    headings = ("arm", "Dice", "SD", "steps", "less the first", "95 % interval", "p")
    rows = []
    for arm in document.arms:
        less = arm.against_first
        interval = "-"
        if less is not None and less.low is not None and less.high is not None:
            interval = f"{less.low:+.3f} to {less.high:+.3f}"
        rows.append(
            (
                arm.name,
                decimals(arm.mean_dice),
                decimals(arm.deviation),
                f"{arm.steps:.0f}",
                "-" if less is None or less.mean is None else f"{less.mean:+.3f}",
                interval,
                "-" if less is None else decimals(less.p_value),
            )
        )
    return [
        table(headings, rows, numbers=headings[1:]),
        f"{document.dataset}: {counted(document.patients, 'patient')} in "
        f"{counted(document.folds, 'fold')}, seeds {', '.join(map(str, document.seeds))}; "
        "Dice by patient, on held-out patients. "
        f"{document.cpu}.",
    ]
