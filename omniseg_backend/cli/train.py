"""``omniseg train``: a labelled data set in, a verified bundle out."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from omniseg_backend.cli.options import Json, Overwrite, path_argument, path_option
from omniseg_backend.images.modality import Modality
from omniseg_backend.networks.architecture import Variant

if TYPE_CHECKING:
    from rich.console import RenderableType

    from omniseg_backend.bundles.store import Bundle
    from omniseg_backend.cli.result_documents import TrainDocument


def train(
    dataset: Annotated[
        Path,
        path_argument("nnU-Net v2 raw, paired image and mask folders, or the ISIC layout."),
    ],
    output: Annotated[
        Path,
        path_option("--output", "-o", text="The bundle: NAME.omniseg, or a folder."),
    ],
    variant: Annotated[
        Variant | None,
        typer.Option("--variant", show_default=False, help="By default compact."),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option("--epochs", show_default=False, help="By default 100, with early stopping."),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", show_default=False, help="Turned into steps by a probe."),
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", show_default=False, help="Optimiser steps.")
    ] = None,
    init: Annotated[
        str | None,
        typer.Option("--init", show_default=False, help="Bundle or model id to fine-tune from."),
    ] = None,
    fold: Annotated[
        str | None,
        typer.Option("--fold", metavar="K/N", show_default=False, help="Validate on this fold."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", show_default=False, help="By default 0.")
    ] = None,
    recipe: Annotated[
        Path | None,
        path_option("--recipe", text="JSON with settings; options win."),
    ] = None,
    modality: Annotated[
        Modality | None,
        typer.Option("--modality", show_default=False, help="Where the data set is silent."),
    ] = None,
    neighbours: Annotated[
        int | None,
        typer.Option("--neighbours", show_default=False, help="Slices on each side as channels."),
    ] = None,
    input_size: Annotated[
        str | None,
        typer.Option("--input-size", metavar="N|HxW", show_default=False, help="By default 256."),
    ] = None,
    symmetric: Annotated[
        list[str] | None,
        typer.Option(
            "--symmetric",
            metavar="rows|columns",
            show_default=False,
            help="An axis along which the anatomy may be mirrored; repeat for both.",
        ),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", show_default=False, help="By default 8.")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option("--learning-rate", show_default=False, help="By default 3e-4.")
    ] = None,
    augmentation: Annotated[
        str | None,
        typer.Option("--augmentation", metavar="online|doubled", show_default=False),
    ] = None,
    negatives: Annotated[
        list[Path] | None,
        path_option("--negatives", text="Data set without the structure; repeatable."),
    ] = None,
    empty_share: Annotated[
        float | None,
        typer.Option(
            "--empty-share", show_default=False, help="Share of crops without the structure."
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option("--threads", show_default=False, help="By default all that may be used."),
    ] = None,
    devices: Annotated[
        int | None,
        typer.Option("--devices", show_default=False, help="Processes of data-parallel training."),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option("--precision", metavar="auto|fp32|bf16", show_default=False),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Train a network on a labelled data set.

    The same command with the same output goes on with a run that was stopped or killed.
    """
    from omniseg_backend.cli.terminal import command

    with command(json=json, log_level=logging.INFO) as terminal:
        from omniseg_backend.cli.bundle_choice import bundle_path
        from omniseg_backend.cli.training_options import budget, training_settings
        from omniseg_backend.cli.training_options import input_size as parsed_size
        from omniseg_backend.common.progress import no_progress

        started = time.perf_counter()
        settings = training_settings(
            dataset,
            recipe,
            {
                "variant": variant,
                "budget": budget(epochs, minutes, steps),
                "initial_bundle": None if init is None else bundle_path(init),
                "fold": fold,
                "seed": seed,
                "modality": modality,
                "neighbours": neighbours,
                "input_size": parsed_size(input_size),
                "symmetric_axes": symmetric or None,
                "batch_size": batch_size,
                "learning_rate": learning_rate,
                "augmentation": augmentation,
                "negatives": negatives or None,
                "empty_share": empty_share,
                "threads": threads,
                "devices": devices,
                "precision": precision,
            },
        )
        bundle = _train_bundle()(
            settings,
            output,
            overwrite=overwrite,
            progress=no_progress if _is_follower() else terminal.progress,
            cancel=terminal.cancel,
        )
        if _is_follower():
            return
        terminal.answer(_document(bundle, output, time.perf_counter() - started), _tables)


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


def _document(bundle: Bundle, output: Path, seconds: float) -> TrainDocument:
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


def _tables(document: TrainDocument) -> Sequence[RenderableType]:
    from omniseg_backend.cli.tables import decimals, table

    headings = ("class", "validation Dice")
    rows = [(name, decimals(dice)) for name, dice in document.classes.items()]
    return [
        table(headings, rows, numbers=headings[1:]),
        f"{document.output}: {document.bundle} {document.version}, {document.variant}, "
        f"{document.parameters / 1e6:.2f} M parameters, {document.steps} steps, "
        f"{document.seconds / 60:.1f} min. The card inside says what was measured.",
    ]
