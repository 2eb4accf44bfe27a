"""``omniseg compare``: whether a new bundle is better than the one in use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from omniseg_backend.cli.model_options import with_options
from omniseg_backend.cli.options import Json, Overwrite, path_argument, path_option
from omniseg_backend.common.wording import counted
from omniseg_backend.evaluation.compare_settings import CompareSettings

if TYPE_CHECKING:
    from rich.console import RenderableType

    from omniseg_backend.cli.compare_documents import CompareDocument
    from omniseg_backend.evaluation.comparison import ClassComparison, ComparedBundle


@with_options(CompareSettings, leave_out={"old", "new", "dataset"})
def compare(
    old: Annotated[str, typer.Argument(help="The bundle in use: a path, or a model's id.")],
    new: Annotated[str, typer.Argument(help="The bundle that may replace it.")],
    dataset: Annotated[Path, path_argument("A site data set, or any data set with a test part.")],
    output: Annotated[
        Path | None,
        path_option(
            "--output",
            "-o",
            text="A new folder for the comparison and pictures of the worst cases.",
        ),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
    **options: object,
) -> None:
    """Compare two bundles on reserved cases: better, worse, or too few to tell.

    Dice and HD95 by class, paired by patient, with a 95 % interval of the difference. Better and
    worse are said from six patients on, where the interval does not contain zero. The comparison
    is recorded: `omniseg promote` asks for it.
    """  # fmt: skip
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.cli.compare_run import run_compare
        from omniseg_backend.cli.model_values import model_values

        fixed = {"old": old, "new": new, "dataset": dataset}
        settings = model_values(CompareSettings, options, fixed=fixed)
        terminal.answer(run_compare(settings, output, terminal, overwrite=overwrite), _tables)


def _tables(document: CompareDocument) -> Sequence[RenderableType]:
    from omniseg_backend.cli.tables import decimals, table
    from omniseg_backend.evaluation.verdict import why

    found = document.comparison
    headings = ("class", "old Dice", "new Dice", "difference", "old HD95", "new HD95", "unit",
                "missed", "invented")  # fmt: skip
    rows = [
        (
            entry.name,
            decimals(entry.old_dice),
            decimals(entry.new_dice),
            entry.dice.as_text(),
            decimals(entry.old_hd95, 1),
            decimals(entry.new_hd95, 1),
            entry.unit or "-",
            *_counts(entry),
        )
        for entry in found.classes
    ]
    new, old = _names(found.new, found.old)
    p_value = "" if found.overall.p_value is None else f", p = {found.overall.p_value:.3g}"
    lines: list[RenderableType] = [
        table(headings, rows, numbers=headings[1:3]),
        f"{new} against {old} on "
        f"{counted(len(found.cases), 'case')} of {counted(found.overall.patients, 'patient')} of "
        f"{found.dataset}: Dice "
        f"{found.overall.as_text()}{p_value}.",
        f"Verdict: {found.verdict} ({why(found.overall)}).",
    ]
    if document.pictures:
        lines.append(f"Worst cases: {', '.join(document.pictures)}")
    return lines


def _names(new: ComparedBundle, old: ComparedBundle) -> tuple[str, ...]:
    """Ids and versions, with hashes where these alone tell the two apart."""
    names = tuple(f"{one.id} {one.version}" for one in (new, old))
    if names[0] != names[1]:
        return names
    return tuple(f"{one.id} {one.version} ({one.manifest_hash[:12]})" for one in (new, old))


def _counts(entry: ClassComparison) -> tuple[str, str]:
    return (
        f"{entry.old_missed} to {entry.new_missed}",
        f"{entry.old_invented} to {entry.new_invented}",
    )
