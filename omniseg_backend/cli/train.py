"""``omniseg train``: a labelled data set in, a verified bundle out."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from omniseg_backend.cli.model_options import with_options
from omniseg_backend.cli.options import Json, Overwrite, path_argument, path_option
from omniseg_backend.training.settings import TrainingSettings

if TYPE_CHECKING:
    from rich.console import RenderableType

    from omniseg_backend.bundles.store import Bundle
    from omniseg_backend.cli.result_documents import TrainDocument


@with_options(TrainingSettings, leave_out={"dataset"})
def train(
    dataset: Annotated[
        Path,
        path_argument("nnU-Net v2 raw, paired image and mask folders, or the ISIC layout."),
    ],
    output: Annotated[
        Path,
        path_option("--output", "-o", text="The bundle: NAME.omniseg, or a folder."),
    ],
    recipe: Annotated[
        Path | None,
        path_option("--recipe", text="JSON with settings; options win."),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
    **options: object,
) -> None:
    """Train a network on a labelled data set.

    The same command with the same output goes on with a run that was stopped or killed. The
    bundle is listed as a candidate; `omniseg compare` and `omniseg promote` come next.
    """
    from omniseg_backend.cli.terminal import command

    with command(json=json, log_level=logging.INFO) as terminal:
        from omniseg_backend.cli.model_changes import listed_as_candidate
        from omniseg_backend.cli.training_options import training_settings
        from omniseg_backend.common.atomic import refuse_existing
        from omniseg_backend.common.progress import no_progress

        started = time.perf_counter()
        settings = training_settings(dataset, recipe, options)
        refuse_existing(output, overwrite=overwrite)  # before torch takes its seconds
        bundle = _train_bundle()(
            settings,
            output,
            overwrite=overwrite,
            progress=no_progress if _is_follower() else terminal.progress,
            cancel=terminal.cancel,
        )
        if _is_follower():
            return
        terminal.say(listed_as_candidate(output))
        terminal.answer(train_document(bundle, output, time.perf_counter() - started), train_tables)


def _train_bundle() -> Callable[..., Bundle]:
    """The trainer, imported here since only it needs torch.

    Raises:
        ResourceError: What training needs is not installed.
    """
    from omniseg_backend.cli.training_extra import training_extra

    with training_extra("training"):
        from omniseg_backend.training.bundle_run import train_bundle
    return train_bundle


def _is_follower() -> bool:
    """Whether this process only helps another one that runs the same command.

    Lightning Fabric starts a process per device and tells each its place in this variable.
    """
    return os.environ.get("LOCAL_RANK", "0") != "0"


def train_document(bundle: Bundle, output: Path, seconds: float) -> TrainDocument:
    """The document of a bundle that was trained or exported to ``output``."""
    from omniseg_backend.cli.result_documents import TrainDocument

    manifest = bundle.manifest
    validation = next((e for e in bundle.card.evaluations if e.part == "validation"), None)
    return TrainDocument(
        output=str(output),
        bundle=manifest.id,
        version=manifest.version,
        task=manifest.task.id,
        variant=manifest.variant,
        parameters=bundle.card.parameters,
        steps=manifest.training.steps,
        validation_dice=None if validation is None else validation.mean_dice,
        classes={
            result.class_name: None if result.dice is None else result.dice.mean
            for result in (() if validation is None else validation.classes)
        },
        seconds=seconds,
    )


def train_tables(document: TrainDocument) -> Sequence[RenderableType]:
    """What a person reads of it."""
    from omniseg_backend.cli.tables import decimals, table
    from omniseg_backend.common.wording import counted

    headings = ("class", "validation Dice")
    rows = [(name, decimals(dice)) for name, dice in document.classes.items()]
    return [
        table(headings, rows, numbers=headings[1:]),
        f"{document.output}: {document.bundle} {document.version}, {document.variant}, "
        f"{document.parameters / 1e6:.2f} M parameters, {counted(document.steps, 'step')}, "
        f"{document.seconds / 60:.1f} min. The card inside says what was measured.",
    ]
