"""How much faster 8-bit arithmetic is than 32-bit on this host."""

from __future__ import annotations

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.progress import Cancel, Progress, no_progress
from omniseg_backend.inference.int8_cache import cached_int8_model
from omniseg_backend.inference.int8_probe import PROBE_SHAPE, probe_model
from omniseg_backend.inference.latency import (
    LatencyCandidate,
    LatencyFigures,
    measure_interleaved,
)
from omniseg_backend.inference.session import NetworkSession

_SIDE = 256


def int8_speedup(
    bundle: Bundle | None, threads: int, runs: int = 20, *, cancel: Cancel | None = None
) -> float:
    """Time in 32 bits over time in 8 bits, in turns, by the fastest runs.

    Medians would tell about the other programs of a busy machine.

    Args:
        bundle: What to measure with; a few layers of Balanced's middle where it is None or its
            manifest has no activation ranges. Activations are unsigned and weights signed in
            both, what processors with VNNI have instructions for; without VNNI 8 bits often lose.
        threads: Threads within an operation.
        runs: Timed runs of each.
        cancel: Looked at before every run.

    Raises:
        BundleError: The bundle cannot be run in 8 bits.
        CancelledError: The user cancelled.
    """
    if bundle is None or bundle.manifest.int8 is None:
        sessions = [
            NetworkSession(probe_model(quantised=eight), threads=threads, subject="int8 probe")
            for eight in (False, True)
        ]
        shape = PROBE_SHAPE
        candidates = [LatencyCandidate(session, shape) for session in sessions]
        floats, integers = measure_interleaved(candidates, runs, cancel=cancel)
    else:
        ((floats, integers),) = measure_bundle(bundle, (_SIDE,), threads, runs, cancel=cancel)
    return floats.min_ms / integers.min_ms


def measure_bundle(
    bundle: Bundle,
    sides: tuple[int, ...],
    threads: int,
    runs: int,
    *,
    progress: Progress = no_progress,
    cancel: Cancel | None = None,
) -> list[tuple[LatencyFigures, LatencyFigures]]:
    """Time a bundle in 32 and in 8 bits, in turns.

    Args:
        bundle: A bundle whose manifest has ranges; what its Dice loses is not asked.
        sides: Sides of the input.
        threads: Threads within an operation.
        runs: Timed runs of each.
        progress: Told about every round.
        cancel: Looked at before every run.

    Returns:
        A pair for each side, 32 bits first.

    Raises:
        BundleError: The bundle cannot be run in 8 bits.
        CancelledError: The user cancelled.
    """
    sessions = [
        NetworkSession(model, threads=threads, subject=bundle.path)
        for model in (bundle.model_bytes(), cached_int8_model(bundle))
    ]
    channels = bundle.manifest.architecture.in_channels
    figures = measure_interleaved(
        [
            LatencyCandidate(session, (1, channels, side, side))
            for side in sides
            for session in sessions
        ],
        runs,
        progress=progress,
        cancel=cancel,
    )
    return list(zip(figures[::2], figures[1::2], strict=True))
