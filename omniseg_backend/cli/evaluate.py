"""``omniseg evaluate``: a bundle against a labelled data set."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from omniseg_backend.cli.options import Json, Overwrite, Threads, path_argument, path_option


class Part(enum.StrEnum):
    """Which part of a data set is measured on."""

    TEST = "test"
    TRAIN = "train"


def evaluate(
    bundle: Annotated[
        str, typer.Argument(help="A bundle's path, or a model's id in `omniseg models`.")
    ],
    dataset: Annotated[
        Path,
        path_argument("nnU-Net v2 raw, paired image and mask folders, or the ISIC layout."),
    ],
    split: Annotated[Part, typer.Option("--split", help="Which part.")] = Part.TEST,
    csv: Annotated[
        Path | None,
        path_option("--csv", text="Also write one row per case and class."),
    ] = None,
    threads: Threads = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Measure a bundle on a labelled data set.

    Dice per class and case, then the mean over cases, then over classes. Cases where neither
    truth nor result holds a class are left out of its mean; where only one does, Dice is 0.
    """
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.cli.bundle_choice import named_bundle
        from omniseg_backend.cli.evaluation_report import evaluate_document, evaluate_tables
        from omniseg_backend.common.atomic import (
            refuse_existing,
            refuse_unwritable,
            write_text_atomic,
        )
        from omniseg_backend.datasets.layouts import open_dataset
        from omniseg_backend.evaluation.case_table import rows_as_csv
        from omniseg_backend.evaluation.evaluate import evaluate_bundle

        if csv is not None:
            refuse_existing(csv, overwrite=overwrite)
            refuse_unwritable(csv)
        loaded = named_bundle(bundle)
        opened = open_dataset(dataset)
        for warning in opened.warnings:
            terminal.say(warning)
        found = evaluate_bundle(
            loaded,
            opened,
            split.value,
            threads=threads,
            progress=terminal.progress,
            cancel=terminal.cancel,
        )
        if csv is not None:
            write_text_atomic(csv, rows_as_csv(found.cases))
        document = evaluate_document(found, loaded, split.value)
        terminal.answer(document, lambda told: evaluate_tables(told, found.score))
