"""``omniseg benchmark latency``: our variants beside their peers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from omniseg_backend.cli.options import Json, Threads, path_option
from omniseg_backend.common.wording import counted
from omniseg_backend.studies.settings import NetworkName

if TYPE_CHECKING:
    from rich.console import RenderableType

    from omniseg_backend.cli.benchmark_documents import BenchmarkLatencyDocument
    from omniseg_backend.cli.terminal import Terminal
    from omniseg_backend.studies.settings import LatencySettings

#: Each variant and the peer of its price.
_PAIRS = (
    (NetworkName.COMPACT, NetworkName.CMUNEXT_S),
    (NetworkName.BALANCED, NetworkName.CMUNEXT),
    (NetworkName.ACCURATE, NetworkName.CMUNEXT_L),
)


def latency(
    peer: Annotated[
        list[Path] | None,
        path_option("--peer", text="An ONNX file to run too; repeatable."),
    ] = None,
    network: Annotated[
        list[NetworkName] | None,
        typer.Option("--network", show_default=False, help="By default all; repeatable."),
    ] = None,
    size: Annotated[
        list[str] | None,
        typer.Option("--size", metavar="N,N", show_default=False, help="By default 256,512."),
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Timed runs of each.")] = 20,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Time our variants and their peers in turns.

    All are exported and run alike, with random weights: speed does not depend on them.
    """
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.cli.benchmark_machine import strided, whole_numbers
        from omniseg_backend.common.platform import usable_cpus
        from omniseg_backend.studies.settings import LatencySettings

        sizes = whole_numbers(size, "--size") or (256, 512)
        strided(sizes)
        settings = LatencySettings(
            networks=tuple(dict.fromkeys(network or NetworkName)),
            sizes=sizes,
            peers=tuple(peer or ()),
            rounds=rounds,
            threads=threads or usable_cpus(),
        )
        terminal.answer(_measured(settings, terminal), _tables)


def _measured(settings: LatencySettings, terminal: Terminal) -> BenchmarkLatencyDocument:
    from omniseg_backend.cli.benchmark_documents import BenchmarkLatencyDocument, LatencyTiming
    from omniseg_backend.cli.benchmark_machine import latency_machine
    from omniseg_backend.cli.training_extra import training_extra

    with training_extra("the latency benchmark"):
        from omniseg_backend.studies.latency import measure_latencies

    study = measure_latencies(settings, progress=terminal.progress, cancel=terminal.cancel)
    return BenchmarkLatencyDocument(
        machine=latency_machine(settings.threads, study.matmul_gflops),
        rounds=settings.rounds,
        rows=tuple(
            LatencyTiming(
                model=row.model,
                size=row.size,
                parameters=row.parameters,
                flops=row.flops,
                median_ms=row.figures.median_ms,
                min_ms=row.figures.min_ms,
                spread_ms=row.figures.spread_ms,
                peak_share=row.peak_share,
            )
            for row in study.rows
        ),
    )


def _tables(document: BenchmarkLatencyDocument) -> Sequence[RenderableType]:
    from omniseg_backend.cli.benchmark_machine import machine_sentence
    from omniseg_backend.cli.tables import table

    headings = (
        "model",
        "size",
        "M parameters",
        "GFLOP",
        "median ms",
        "fastest ms",
        "spread ms",
        "of peak",
    )
    rows = [
        (
            row.model,
            str(row.size),
            f"{row.parameters / 1e6:.2f}",
            f"{row.flops / 1e9:.1f}",
            f"{row.median_ms:.1f}",
            f"{row.min_ms:.1f}",
            f"{row.spread_ms:.1f}",
            f"{row.peak_share:.0%}",
        )
        for row in document.rows
    ]
    return [
        table(headings, rows, numbers=headings[1:]),
        *ratios(document),
        f"{machine_sentence(document.machine)} {counted(document.rounds, 'run')} in turns, one "
        f"image at a time, random weights; peak: {document.machine.matmul_gflops:.0f} GFLOP/s in a "
        "matrix product.",
    ]


def ratios(document: BenchmarkLatencyDocument) -> Iterator[str]:
    """Each variant's fastest run over its peer's, where both were measured."""
    fastest = {(row.model, row.size): row.min_ms for row in document.rows}
    for size in dict.fromkeys(row.size for row in document.rows):
        for ours, peer in _PAIRS:
            if (ours, size) in fastest and (peer, size) in fastest:
                ratio = fastest[ours, size] / fastest[peer, size]
                yield f"{ours} at {size}: {ratio:.2f} of {peer}'s time, fastest runs."
