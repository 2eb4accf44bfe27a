"""``omniseg models add``, ``remove`` and ``history``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from omniseg_backend.cli.options import Json, OnlyTask, OnlyVariant, path_argument

if TYPE_CHECKING:
    from rich.console import RenderableType

    from omniseg_backend.cli.model_documents import (
        EventReport,
        ModelsAddDocument,
        ModelsHistoryDocument,
        ModelsRemoveDocument,
    )


def add(
    bundle: Annotated[Path, path_argument("A bundle: NAME.omniseg, or a folder.")],
    json: Json = False,
) -> None:
    """Check a bundle and list it as a candidate."""
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.cli.model_changes import added

        terminal.answer(added(bundle), _added)


def remove(
    model: Annotated[str, typer.Argument(help="A model's id or hash in `omniseg models`.")],
    json: Json = False,
) -> None:
    """Remove one of your own models; the one before it is current again."""
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.cli.model_changes import removed

        terminal.answer(removed(model), _removed)


def history(
    task: OnlyTask = None,
    variant: OnlyVariant = None,
    json: Json = False,
) -> None:
    """Show what was added, promoted, taken back and removed, and why."""
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.cli import model_changes

        terminal.answer(model_changes.history(task, variant), _events)


def _added(document: ModelsAddDocument) -> Sequence[RenderableType]:
    model = document.model
    listed = "was listed already" if document.listed_before else "is listed"
    return [
        f"{model.id} {model.version} ({model.manifest_hash[:12]}) {listed}, {model.status} for "
        f"{model.task}, {model.variant}."
    ]


def _removed(document: ModelsRemoveDocument) -> Sequence[RenderableType]:
    gone, current = document.removed, document.current
    now = (
        "No other was promoted or shipped."
        if current is None
        else f"{current.id} {current.version} ({current.manifest_hash[:12]}) is the current model."
    )
    return [f"{gone.id} {gone.version} ({gone.manifest_hash[:12]}) was removed. {now}"]


def _events(document: ModelsHistoryDocument) -> Sequence[RenderableType]:
    from omniseg_backend.cli.tables import table

    if not document.events:
        return ["Nothing was added or promoted yet."]
    headings = ("when", "event", "task", "variant", "model", "hash", "grounds")
    return [table(headings, map(_row, document.events))]


def _row(event: EventReport) -> tuple[str, ...]:
    from omniseg_backend.cli.tables import MISSING

    grounds = event.grounds
    if grounds is None:
        why = MISSING
    elif grounds.verdict is None:
        why = "the first of its kind"
    else:
        why = grounds.verdict + (", accepted" if grounds.confirmed else "")
    return (
        event.when,
        event.event,
        event.task,
        event.variant,
        f"{event.model} {event.version}",
        event.manifest_hash[:12],
        why,
    )
