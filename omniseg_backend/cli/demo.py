"""``omniseg demo``: the samples through the shipped models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from omniseg_backend.cli.options import Json, Threads, path_option

if TYPE_CHECKING:
    from rich.console import RenderableType

    from omniseg_backend.cli.result_documents import DemoDocument, DemoRow


def demo(
    output: Annotated[
        Path,
        path_option("--output", "-o", text="Folder of masks and pictures, by default demo_output."),
    ] = Path("demo_output"),
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Segment the samples with the shipped models.

    Masks and one picture per sample are written. The samples are computer-made phantoms, not
    patients: their Dice shows that the software works here, and says nothing about patients.
    """
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.bundles.models import available_models
        from omniseg_backend.cli.demo_run import run_demo
        from omniseg_backend.common.atomic import refuse_unwritable
        from omniseg_sample_data.samples import samples

        refuse_unwritable(output / "mask.png")
        document = run_demo(
            samples(),
            [entry for entry in available_models() if entry.origin == "shipped"],
            output,
            threads=threads,
            progress=terminal.progress,
            cancel=terminal.cancel,
        )
        terminal.answer(document, _tables)


def _tables(document: DemoDocument) -> Sequence[RenderableType]:
    from omniseg_backend.cli.tables import MISSING, table
    from omniseg_backend.common.provenance import NOTICE

    headings = ("sample", "task", "variant", "class", "area or volume", "Dice", "seconds")
    rows = [_row(row) for row in document.rows]
    rows += [(sample, "no model shipped", *[MISSING] * 5) for sample in document.no_model_shipped]
    told: list[RenderableType] = [table(headings, rows, numbers=headings[4:])]
    notes = {row.bundle: row.note for row in document.rows if row.note}
    told += [f"* {bundle}: {note}." for bundle, note in notes.items()]
    if any(row.synthetic for row in document.rows):
        told.append("DEMO: the model was trained on phantoms alone and never saw a patient.")
    if document.rows:
        told.append(f"Masks and pictures are in {document.output}; {NOTICE}.")
    return told


def _row(row: DemoRow) -> tuple[str, ...]:
    from omniseg_backend.cli.tables import decimals
    from omniseg_backend.inference.measurements import Measurement

    return (
        row.sample,
        f"{row.task}{' (DEMO)' if row.synthetic else ' *' if row.note else ''}",
        row.variant,
        row.class_name,
        Measurement(row.measurement.value, row.measurement.unit).as_text(),
        decimals(row.dice),
        f"{row.seconds:.2f}",
    )
