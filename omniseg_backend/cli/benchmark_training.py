"""``omniseg benchmark training``: training steps beside a U-Net's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from omniseg_backend.cli.options import Json, Threads
from omniseg_backend.common.wording import counted
from omniseg_backend.studies.settings import NetworkName

if TYPE_CHECKING:
    from rich.console import RenderableType

    from omniseg_backend.cli.benchmark_documents import BenchmarkTrainingDocument
    from omniseg_backend.cli.terminal import Terminal
    from omniseg_backend.studies.settings import TrainingSpeedSettings

_DEFAULTS = (NetworkName.COMPACT, NetworkName.BALANCED, NetworkName.ACCURATE, NetworkName.UNET)


def training(
    network: Annotated[
        list[NetworkName] | None,
        typer.Option(
            "--network", show_default=False, help="By default our variants and unet; repeatable."
        ),
    ] = None,
    size: Annotated[int, typer.Option("--size", help="Side of the crops.")] = 256,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Crops in a step.")] = 8,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Timed steps of each.")] = 5,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Time training steps of our variants and of MONAI's U-Net, in turns.

    Steps are whole: forward, loss, backward and AdamW, in float32 on random crops.
    """
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.cli.benchmark_machine import strided
        from omniseg_backend.common.platform import usable_cpus
        from omniseg_backend.studies.settings import TrainingSpeedSettings

        strided((size,))
        settings = TrainingSpeedSettings(
            networks=tuple(dict.fromkeys(network or _DEFAULTS)),
            size=size,
            batch_size=batch_size,
            rounds=rounds,
            threads=threads or usable_cpus(),
        )
        terminal.answer(_measured(settings, terminal), _tables)


def _measured(settings: TrainingSpeedSettings, terminal: Terminal) -> BenchmarkTrainingDocument:
    from omniseg_backend.cli.benchmark_documents import BenchmarkTrainingDocument, TrainingTiming
    from omniseg_backend.cli.benchmark_machine import benchmark_machine
    from omniseg_backend.cli.training_extra import training_extra

    with training_extra("the training benchmark"):
        from omniseg_backend.studies.training_speed import measure_training

    speeds = measure_training(settings, progress=terminal.progress, cancel=terminal.cancel)
    unet = next((one.min_s for one in speeds if one.model == NetworkName.UNET), None)
    return BenchmarkTrainingDocument(
        machine=benchmark_machine(settings.threads),
        size=settings.size,
        batch_size=settings.batch_size,
        rounds=settings.rounds,
        rows=tuple(
            TrainingTiming(
                model=one.model,
                parameters=one.parameters,
                steps_per_minute=one.steps_per_minute,
                median_s=one.median_s,
                min_s=one.min_s,
                times_unet=None if unet is None else unet / one.min_s,
            )
            for one in speeds
        ),
    )


def _tables(document: BenchmarkTrainingDocument) -> Sequence[RenderableType]:
    from omniseg_backend.cli.benchmark_machine import machine_sentence
    from omniseg_backend.cli.tables import decimals, table

    headings = ("model", "M parameters", "steps a minute", "median s", "fastest s", "times U-Net")
    rows = [
        (
            row.model,
            f"{row.parameters / 1e6:.2f}",
            f"{row.steps_per_minute:.1f}",
            f"{row.median_s:.2f}",
            f"{row.min_s:.2f}",
            decimals(row.times_unet, 1),
        )
        for row in document.rows
    ]
    return [
        table(headings, rows, numbers=headings[1:]),
        f"{machine_sentence(document.machine)} {counted(document.rounds, 'step')} in turns, "
        f"{document.batch_size} crops of {document.size} x {document.size}; 'times U-Net' by "
        "the fastest steps.",
    ]
