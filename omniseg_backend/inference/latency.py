"""How long networks take on this machine, fairly compared."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import UsageError
from omniseg_backend.common.progress import Cancel, Progress, check_cancel, no_progress
from omniseg_backend.inference.session import NetworkSession

#: Runs that are not timed: the first allocates, and clocks of an idle processor rise late.
WARM_UPS = 2
#: Of the seeded input. Convolutions take equally long on any finite values but subnormal ones.
_SEED = 0


@dataclasses.dataclass(frozen=True)
class LatencyFigures:
    """Wall-clock times of one network on one input shape, in milliseconds.

    Attributes:
        median_ms: Median of the timed runs.
        min_ms: Fastest of them: what the machine can do when nothing else wants it.
        spread_ms: Between the first and the third quartile: how disturbed the machine was.
        runs: How many were timed.
        min_cpu_ms: Least processor time of a run, over all threads: what is left to compare by
            where other programs take the processor in turns.
    """

    median_ms: float
    min_ms: float
    spread_ms: float
    runs: int
    min_cpu_ms: float


class Runnable(Protocol):
    """What can be timed: a session of a network, or a computation to compare it with."""

    def run(self, inputs: NDArray[np.float32], /) -> object:
        """Compute once; the result is not looked at."""


@dataclasses.dataclass(frozen=True, eq=False)
class LatencyCandidate:
    """A network and the shape of its input.

    Attributes:
        session: The loaded network.
        input_shape: (N, C, H, W).
    """

    session: Runnable
    input_shape: tuple[int, int, int, int]


def measure_latency(
    session: NetworkSession,
    input_shape: tuple[int, int, int, int],
    runs: int = 20,
    *,
    cancel: Cancel | None = None,
) -> LatencyFigures:
    """Time one network.

    Args:
        session: The loaded network.
        input_shape: (N, C, H, W).
        runs: Timed runs, at least 1.
        cancel: Looked at before every run.

    Raises:
        UsageError: ``runs`` is below 1.
        BundleError: The network refuses the shape.
        CancelledError: The user cancelled.
    """
    (figures,) = measure_interleaved([LatencyCandidate(session, input_shape)], runs, cancel=cancel)
    return figures


def measure_interleaved(
    candidates: Sequence[LatencyCandidate],
    runs: int = 20,
    *,
    progress: Progress = no_progress,
    cancel: Cancel | None = None,
) -> tuple[LatencyFigures, ...]:
    """Time several networks in turns, so that they meet the same machine.

    One after the other would credit whichever ran while the processor was cool or another
    program paused; in turns, each round holds every network once.

    Args:
        candidates: What to time.
        runs: Timed runs of each, at least 1.
        progress: Told about every round.
        cancel: Looked at before every run.

    Returns:
        The figures, in the order of ``candidates``.

    Raises:
        UsageError: ``runs`` is below 1.
        BundleError: A network refuses its shape.
        CancelledError: The user cancelled.
    """
    if runs < 1:
        raise UsageError(
            "runs", found=str(runs), expected="at least 1", remedy="time at least one run"
        )
    random = np.random.default_rng(_SEED)
    inputs = [random.standard_normal(one.input_shape, np.float32) for one in candidates]
    times: list[list[float]] = [[] for _ in candidates]
    processor: list[list[float]] = [[] for _ in candidates]
    for turn in range(WARM_UPS + runs):
        progress("measuring latency", turn / (WARM_UPS + runs))
        for place, (candidate, source) in enumerate(zip(candidates, inputs, strict=True)):
            check_cancel(cancel, "the measurement")
            start, used = time.perf_counter(), time.process_time()
            candidate.session.run(source)
            times[place].append((time.perf_counter() - start) * 1000.0)
            processor[place].append((time.process_time() - used) * 1000.0)
    return tuple(
        _figures(taken[WARM_UPS:], used[WARM_UPS:])
        for taken, used in zip(times, processor, strict=True)
    )


def _figures(taken: Sequence[float], processor: Sequence[float]) -> LatencyFigures:
    first, third = np.percentile(taken, (25, 75))
    return LatencyFigures(
        statistics.median(taken), min(taken), float(third - first), len(taken), min(processor)
    )
