"""``omniseg rollback``: go back to the model before the current one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from omniseg_backend.cli.options import Json
from omniseg_backend.networks.architecture import Variant

if TYPE_CHECKING:
    from rich.console import RenderableType

    from omniseg_backend.cli.model_documents import RollbackDocument


def rollback(
    task: Annotated[str, typer.Argument(help="The task's id.")],
    variant: Annotated[Variant, typer.Argument(help="Which variant of it.")],
    json: Json = False,
) -> None:
    """Make the model before the current one current again.

    That is the one promoted before it, or else the shipped one. The model that was left stays
    among the candidates.
    """
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.cli.model_changes import rolled_back

        terminal.answer(rolled_back(task, variant), _told)


def _told(document: RollbackDocument) -> Sequence[RenderableType]:
    left, restored = document.left, document.restored
    return [
        f"{restored.id} {restored.version} ({restored.manifest_hash[:12]}) is the current model "
        f"for {restored.task}, {restored.variant} again, in the place of {left.id} {left.version} "
        f"({left.manifest_hash[:12]})."
    ]
