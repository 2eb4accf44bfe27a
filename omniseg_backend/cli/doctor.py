"""``omniseg doctor``: what this machine can do, for reports and for choosing a variant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from omniseg_backend.cli.options import Json

if TYPE_CHECKING:
    from rich.console import RenderableType

    from omniseg_backend.bundles.models import ModelEntry
    from omniseg_backend.bundles.store import Bundle
    from omniseg_backend.cli.result_documents import DoctorDocument, ReferenceLatency
    from omniseg_backend.cli.terminal import Terminal

_RUNS = 10


def doctor(json: Json = False) -> None:
    """Say what this machine is and how fast it is.

    For reports and for choosing a variant. Names neither the machine nor you. Whether 8-bit
    arithmetic is faster here is kept, and `omniseg segment` goes by it.
    """
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.bundles.models import available_models
        from omniseg_backend.cli.host import host, matmul_gflops
        from omniseg_backend.cli.result_documents import DoctorDocument
        from omniseg_backend.common.errors import DataError
        from omniseg_backend.common.platform import usable_cpus
        from omniseg_backend.inference.host_speed import keep_host_speed
        from omniseg_backend.inference.int8_speed import int8_speedup
        from omniseg_backend.jobs.interpreters import training_interpreter, training_problem

        terminal.progress("looking at the machine", 0.0)
        problem = training_problem()
        entry = reference_model(available_models())
        bundle = None if entry is None else entry.load()
        speedup = int8_speedup(bundle, usable_cpus(), cancel=terminal.cancel)
        try:
            keep_host_speed(speedup)
        except DataError as error:
            terminal.say(f"What was measured is not kept, and int8 not chosen by itself: {error}")
        document = DoctorDocument(
            host=host(),
            matmul_gflops=matmul_gflops(),
            reference_ms=_reference(bundle, terminal),
            int8_faster=speedup > 1.0,
            int8_speedup=speedup,
            training_interpreter=str(training_interpreter()) if problem is None else None,
            training_problem=problem,
        )
        terminal.answer(document, _tables)


def reference_model(entries: Sequence[ModelEntry]) -> ModelEntry | None:
    """The shipped Compact that machines are compared by; rather one for patients' images."""
    from omniseg_backend.networks.architecture import Variant

    shipped = [
        entry
        for entry in entries
        if entry.origin == "shipped" and entry.manifest.variant is Variant.COMPACT
    ]
    return min(shipped, key=lambda entry: entry.manifest.synthetic, default=None)


def _reference(bundle: Bundle | None, terminal: Terminal) -> ReferenceLatency:
    from omniseg_backend.cli.result_documents import ReferenceLatency
    from omniseg_backend.common.platform import usable_cpus
    from omniseg_backend.inference.latency import LatencyCandidate, measure_interleaved
    from omniseg_backend.inference.session import NetworkSession

    if bundle is None:
        return ReferenceLatency(compact_256=None, compact_512=None)
    session = NetworkSession(bundle.model_bytes(), threads=usable_cpus(), subject=bundle.path)
    channels = bundle.manifest.architecture.in_channels
    small, large = measure_interleaved(
        [LatencyCandidate(session, (1, channels, side, side)) for side in (256, 512)],
        _RUNS,
        progress=terminal.progress,
        cancel=terminal.cancel,
    )
    return ReferenceLatency(compact_256=small.median_ms, compact_512=large.median_ms)


def _tables(document: DoctorDocument) -> Sequence[RenderableType]:
    from omniseg_backend.cli.tables import table

    return [table(("", ""), _rows(document))]


def _rows(document: DoctorDocument) -> Iterator[tuple[str, str]]:
    from omniseg_backend.cli.tables import decimals

    machine = document.host
    flags = machine.cpu_flags
    has = "unknown" if flags is None else ", ".join(k for k, v in flags.items() if v) or "none"
    yield "system", f"{machine.os}, Python {machine.python}"
    yield "processor", f"{machine.cpu}; {machine.usable_cores} usable cores; {has}"
    yield "memory available", f"{machine.memory_available / 2**30:.1f} GiB"
    yield "versions", ", ".join(f"{k} {v or 'missing'}" for k, v in machine.versions.items())
    yield "providers", ", ".join(machine.providers)
    yield "start method", machine.start_method
    yield "OMNISEG_HOME", "can be written" if machine.home_writable else "cannot be written"
    yield "network use", machine.network
    yield "matrix product", f"{document.matmul_gflops:.0f} GFLOP/s"
    reference = document.reference_ms
    yield "Compact at 256", f"{decimals(reference.compact_256, 1)} ms"
    yield "Compact at 512", f"{decimals(reference.compact_512, 1)} ms"
    yield "int8 against fp32", f"{decimals(document.int8_speedup, 2)} times as fast"
    yield "training", document.training_interpreter or document.training_problem or "unknown"
