"""``omniseg evaluate``: a bundle against a labelled data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from omniseg_backend.cli.model_options import with_options
from omniseg_backend.cli.options import Json, Overwrite, path_argument, path_option
from omniseg_backend.evaluation.settings import EvaluateSettings


@with_options(EvaluateSettings, leave_out={"bundle", "dataset"})
def evaluate(
    bundle: Annotated[
        str, typer.Argument(help="A bundle's path, or a model's id in `omniseg models`.")
    ],
    dataset: Annotated[
        Path,
        path_argument("nnU-Net v2 raw, paired image and mask folders, or the ISIC layout."),
    ],
    csv: Annotated[
        Path | None,
        path_option("--csv", text="Also write one row per case and class."),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
    **options: object,
) -> None:
    """Measure a bundle on a labelled data set.

    Dice per class and case, then the mean over cases, then over classes. Cases where neither
    truth nor result holds a class are left out of its mean; where only one does, Dice is 0.
    """
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.cli.bundle_choice import named_bundle
        from omniseg_backend.cli.evaluation_report import evaluate_document, evaluate_tables
        from omniseg_backend.cli.model_values import model_values
        from omniseg_backend.common.atomic import (
            refuse_existing,
            refuse_unwritable,
            write_text_atomic,
        )
        from omniseg_backend.datasets.layouts import open_dataset
        from omniseg_backend.evaluation.case_table import rows_as_csv
        from omniseg_backend.evaluation.evaluate import evaluate_bundle

        fixed = {"bundle": bundle, "dataset": dataset}
        settings = model_values(EvaluateSettings, options, fixed=fixed)
        if csv is not None:
            refuse_existing(csv, overwrite=overwrite)
            refuse_unwritable(csv)
        loaded = named_bundle(settings.bundle)
        opened = open_dataset(settings.dataset)
        for warning in opened.warnings:
            terminal.say(warning)
        found = evaluate_bundle(
            loaded,
            opened,
            settings.split.value,
            threads=settings.threads,
            progress=terminal.progress,
            cancel=terminal.cancel,
        )
        if csv is not None:
            write_text_atomic(csv, rows_as_csv(found.cases))
        document = evaluate_document(found, loaded, settings.split.value)
        terminal.answer(document, lambda told: evaluate_tables(told, found.score))
