"""``omniseg promote``: make a bundle the current one of its task and variant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from omniseg_backend.cli.options import Json

if TYPE_CHECKING:
    from rich.console import RenderableType

    from omniseg_backend.cli.model_documents import PromoteDocument


def promote(
    bundle: Annotated[
        str,
        typer.Argument(help="A path, or the id or hash of a candidate in `omniseg models`."),
    ],
    accept_uncertain: Annotated[
        bool,
        typer.Option(
            "--accept-uncertain",
            help="Go on where the comparison could not tell; this is recorded.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Make a bundle the current one of its task and variant, for every front end.

    It must have been compared with the current one (`omniseg compare`), on cases that were not
    trained on, and not be worse. `omniseg rollback` takes it back.
    """
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.cli.model_changes import promoted

        terminal.answer(promoted(bundle, accept_uncertain=accept_uncertain), _told)


def _told(document: PromoteDocument) -> Sequence[RenderableType]:
    model, replaced = document.model, document.replaced
    instead = (
        "the first of its kind"
        if replaced is None
        else f"in the place of {replaced.id} {replaced.version} ({replaced.manifest_hash[:12]})"
    )
    lines = [
        f"{model.id} {model.version} ({model.manifest_hash[:12]}) is the current model for "
        f"{model.task}, {model.variant}, {instead}."
    ]
    if replaced is not None:
        lines.append(f"`omniseg rollback {model.task} {model.variant}` takes it back.")
    return lines
