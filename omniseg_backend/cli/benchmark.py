"""``omniseg benchmark``: how long the models take here; its commands measure more than that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from omniseg_backend.cli.benchmark_batch import batch
from omniseg_backend.cli.benchmark_int8 import int8
from omniseg_backend.cli.benchmark_latency import latency
from omniseg_backend.cli.benchmark_training import training
from omniseg_backend.cli.benchmark_ui import ui
from omniseg_backend.cli.benchmark_volume import volume
from omniseg_backend.cli.lazy_commands import plain_typer
from omniseg_backend.cli.options import Json, Threads
from omniseg_backend.common.wording import counted

if TYPE_CHECKING:
    from rich.console import RenderableType

    from omniseg_backend.bundles.models import ModelEntry
    from omniseg_backend.cli.result_documents import BenchmarkDocument
    from omniseg_backend.cli.terminal import Terminal

_SIZES = (256, 512)

commands = plain_typer("benchmark")
for function in (int8, latency, training, volume, batch, ui):
    commands.command()(function)


@commands.callback(invoke_without_command=True)
def benchmark(
    context: typer.Context,
    size: Annotated[
        list[int] | None,
        typer.Option("--size", show_default=False, help="Side of the input; by default 256, 512."),
    ] = None,
    threads: Threads = None,
    runs: Annotated[int, typer.Option("--runs", min=1, help="Timed runs of each network.")] = 20,
    json: Json = False,
) -> None:
    """Time one model per variant, in turns; its commands measure peers, training and scans.

    Each takes one image at a time. Networks of one variant differ in two layers only, so that
    one model stands for all.
    """
    if context.invoked_subcommand is not None:
        return
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.bundles.models import available_models
        from omniseg_backend.cli.benchmark_machine import strided
        from omniseg_backend.common.errors import ResourceError

        sizes = tuple(dict.fromkeys(size or _SIZES))
        strided(sizes)
        chosen = one_per_variant(available_models())
        if not chosen:
            raise ResourceError(
                "benchmark",
                found="no model",
                expected="at least one to time",
                remedy="add a bundle, see `omniseg models`",
            )
        terminal.answer(_measured(chosen, sizes, threads, runs, terminal), _tables)


def one_per_variant(entries: Sequence[ModelEntry]) -> tuple[ModelEntry, ...]:
    """The first model of each variant, cheapest first; models on patients before phantoms'.

    Networks of one variant differ in their first and last layer only.
    """
    from omniseg_backend.networks.architecture import Variant

    best: dict[Variant, ModelEntry] = {}
    for entry in sorted(entries, key=lambda one: one.manifest.synthetic):
        best.setdefault(entry.manifest.variant, entry)
    return tuple(best[variant] for variant in Variant if variant in best)


def _measured(
    entries: Sequence[ModelEntry],
    sizes: Sequence[int],
    threads: int | None,
    runs: int,
    terminal: Terminal,
) -> BenchmarkDocument:
    from omniseg_backend.cli.result_documents import BenchmarkDocument, NetworkLatency
    from omniseg_backend.common.platform import cpu_model, usable_cpus
    from omniseg_backend.inference.latency import LatencyCandidate, measure_interleaved
    from omniseg_backend.inference.session import NetworkSession

    count = threads or usable_cpus()
    named, candidates = [], []
    for entry in entries:
        bundle = entry.load()
        session = NetworkSession(bundle.model_bytes(), threads=count, subject=bundle.path)
        channels = entry.manifest.architecture.in_channels
        for side in sizes:
            named.append((entry.manifest, side))
            candidates.append(LatencyCandidate(session, (1, channels, side, side)))
    figures = measure_interleaved(
        candidates, runs, progress=terminal.progress, cancel=terminal.cancel
    )
    return BenchmarkDocument(
        cpu=cpu_model(),
        threads=count,
        runs=runs,
        latency=tuple(
            NetworkLatency(
                variant=manifest.variant,
                model=manifest.id,
                size=side,
                median_ms=one.median_ms,
                min_ms=one.min_ms,
            )
            for (manifest, side), one in zip(named, figures, strict=True)
        ),
    )


def _tables(document: BenchmarkDocument) -> Sequence[RenderableType]:
    from omniseg_backend.cli.tables import table

    headings = ("variant", "model", "size", "median ms", "fastest ms")
    rows = [
        (one.variant, one.model, str(one.size), f"{one.median_ms:.1f}", f"{one.min_ms:.1f}")
        for one in document.latency
    ]
    return [
        table(headings, rows, numbers=headings[2:]),
        f"{document.cpu}, {counted(document.threads, 'thread')}, "
        f"{counted(document.runs, 'run')} in turns, one image at a time.",
    ]
