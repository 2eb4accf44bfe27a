"""``omniseg benchmark int8``: 8-bit against 32-bit arithmetic, in turns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from omniseg_backend.cli.options import Json, Threads
from omniseg_backend.common.wording import counted

if TYPE_CHECKING:
    from rich.console import RenderableType

    from omniseg_backend.bundles.store import Bundle
    from omniseg_backend.cli.benchmark_documents import BenchmarkInt8Document
    from omniseg_backend.cli.terminal import Terminal


def int8(
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            show_default=False,
            help="A bundle's path or id; repeatable. By default one per variant.",
        ),
    ] = None,
    size: Annotated[
        list[str] | None,
        typer.Option("--size", metavar="N,N", show_default=False, help="By default 256,512."),
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Timed runs of each.")] = 20,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Time models in 32-bit and in 8-bit arithmetic, in turns.

    Models without activation ranges have no 8-bit form and are left out.
    """
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.bundles.models import available_models
        from omniseg_backend.cli.benchmark import one_per_variant
        from omniseg_backend.cli.benchmark_machine import strided, whole_numbers
        from omniseg_backend.cli.bundle_choice import named_bundle
        from omniseg_backend.common.errors import ResourceError

        sizes = whole_numbers(size, "--size") or (256, 512)
        strided(sizes)
        if model:
            bundles = [named_bundle(name) for name in model]
        else:
            able = [one for one in available_models() if one.manifest.int8 is not None]
            bundles = [entry.load() for entry in one_per_variant(able)]
        if not bundles:
            raise ResourceError(
                "benchmark int8",
                found="no model with activation ranges",
                expected="at least one to time",
                remedy="name one with --model, or export one again with its training images",
            )
        terminal.answer(_measured(bundles, sizes, threads, rounds, terminal), _tables)


def _measured(
    bundles: Sequence[Bundle],
    sizes: tuple[int, ...],
    threads: int | None,
    rounds: int,
    terminal: Terminal,
) -> BenchmarkInt8Document:
    from omniseg_backend.cli.benchmark_documents import BenchmarkInt8Document, Int8Timing
    from omniseg_backend.cli.benchmark_machine import benchmark_machine
    from omniseg_backend.common.platform import usable_cpus
    from omniseg_backend.inference.int8_cache import int8_record
    from omniseg_backend.inference.int8_speed import measure_bundle

    count = threads or usable_cpus()
    rows = []
    for bundle in bundles:
        record = int8_record(bundle)
        pairs = measure_bundle(
            bundle, sizes, count, rounds, progress=terminal.progress, cancel=terminal.cancel
        )
        rows += [
            Int8Timing(
                model=bundle.manifest.id,
                variant=bundle.manifest.variant,
                size=side,
                fp32_min_ms=floats.min_ms,
                int8_min_ms=integers.min_ms,
                fp32_median_ms=floats.median_ms,
                int8_median_ms=integers.median_ms,
                fp32_cpu_ms=floats.min_cpu_ms,
                int8_cpu_ms=integers.min_cpu_ms,
                speedup=floats.min_ms / integers.min_ms,
                cpu_speedup=(
                    floats.min_cpu_ms / integers.min_cpu_ms if integers.min_cpu_ms else None
                ),
                dice_lost=record.loss_points,
            )
            for side, (floats, integers) in zip(sizes, pairs, strict=True)
        ]
    return BenchmarkInt8Document(machine=benchmark_machine(count), rounds=rounds, rows=tuple(rows))


def _tables(document: BenchmarkInt8Document) -> Sequence[RenderableType]:
    from omniseg_backend.cli.benchmark_machine import machine_sentence
    from omniseg_backend.cli.tables import decimals, table

    headings = (
        "model",
        "size",
        "fp32 ms",
        "int8 ms",
        "times as fast",
        "fp32 CPU ms",
        "int8 CPU ms",
        "times",
        "Dice points lost",
    )
    rows = [
        (
            row.model,
            str(row.size),
            f"{row.fp32_min_ms:.1f}",
            f"{row.int8_min_ms:.1f}",
            f"{row.speedup:.2f}",
            f"{row.fp32_cpu_ms:.1f}",
            f"{row.int8_cpu_ms:.1f}",
            decimals(row.cpu_speedup, 2),
            f"{row.dice_lost:+.2f}",
        )
        for row in document.rows
    ]
    return [
        table(headings, rows, numbers=headings[1:]),
        f"{machine_sentence(document.machine)} Fastest of {counted(document.rounds, 'run')} in "
        "turns, one image at a time; on a busy machine go by the processor's (CPU) times.",
    ]
