"""``omniseg models``: what can be segmented, and by which models; its commands change that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from omniseg_backend.cli.lazy_commands import plain_typer
from omniseg_backend.cli.models_commands import add, history, remove
from omniseg_backend.cli.options import Json, OnlyTask, OnlyVariant
from omniseg_backend.cli.rollback import rollback
from omniseg_backend.images.modality import Modality

if TYPE_CHECKING:
    from rich.console import RenderableType

    from omniseg_backend.bundles.models import ModelEntry
    from omniseg_backend.cli.documents import ModelDescription, ModelsDocument

_COLUMNS = ("id", "hash", "status", "task", "variant", "modality", "Dice", "licence of the data")

commands = plain_typer("models")
for function in (add, remove, history, rollback):
    commands.command()(function)


@commands.callback(invoke_without_command=True)
def models(
    context: typer.Context,
    task: OnlyTask = None,
    variant: OnlyVariant = None,
    modality: Annotated[
        Modality | None, typer.Option("--modality", show_default=False, help="Only for these.")
    ] = None,
    json: Json = False,
) -> None:
    """List the models at hand: the shipped ones and your own.

    Of each task and variant one is current: `omniseg segment` and every viewer take it. A new
    bundle is a candidate until it is promoted.
    """
    if context.invoked_subcommand is not None:
        return
    from omniseg_backend.cli.documents import ModelsDocument
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.bundles.models import find_models

        entries = find_models(task, variant, modality)
        terminal.answer(ModelsDocument(models=tuple(map(_described, entries))), _tables)


def _described(entry: ModelEntry) -> ModelDescription:
    from omniseg_backend.cli.documents import ModelDescription

    manifest = entry.manifest
    evaluations = entry.card().evaluations
    # A test part, which nothing was chosen on, says more than the validation part before it.
    measured = evaluations[-1] if evaluations else None
    return ModelDescription(
        id=manifest.id,
        version=manifest.version,
        task=manifest.task.id,
        title=manifest.task.title,
        variant=manifest.variant,
        modality=manifest.preprocessing.modality,
        classes=tuple(description.name for description in manifest.classes),
        synthetic=manifest.synthetic,
        dice=None if measured is None else measured.mean_dice,
        dice_part=None if measured is None else measured.part,
        licence=manifest.task.licence,
        origin=entry.origin,
        status=entry.status,
        manifest_hash=entry.manifest_hash,
        path=str(entry.path),
    )


def _tables(document: ModelsDocument) -> Sequence[RenderableType]:
    from omniseg_backend.cli.tables import table

    if not document.models:
        return ["No model fits. `omniseg train` makes one."]
    real = [model for model in document.models if not model.synthetic]
    demo = [model for model in document.models if model.synthetic]
    parts: list[RenderableType] = []
    if real:
        parts.append(table(_COLUMNS, map(_row, real), title="Models"))
    if demo:
        title = "Demo: trained on phantoms, no patient was seen"
        parts.append(table(_COLUMNS, map(_row, demo), title=title))
    return parts


def _row(model: ModelDescription) -> tuple[str, ...]:
    from omniseg_backend.cli.tables import MISSING

    dice = MISSING if model.dice is None else f"{model.dice:.3f} ({model.dice_part})"
    return (
        model.id,
        model.manifest_hash[:12],
        model.status,
        model.task,
        model.variant,
        model.modality,
        dice,
        model.licence,
    )
