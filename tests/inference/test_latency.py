"""Latency figures: every run is counted, and networks take turns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.errors import CancelledError, UsageError
from omniseg_backend.inference.latency import (
    WARM_UPS,
    LatencyCandidate,
    measure_interleaved,
    measure_latency,
)
from omniseg_backend.inference.session import NetworkSession

SHAPE = (1, 1, 32, 32)


class RecordedSession(NetworkSession):
    """A real session that also notes who ran when."""

    def __init__(self, bundle: Bundle, name: str, turns: list[str]) -> None:
        super().__init__(bundle.model_bytes(), threads=1, subject=Path(name))
        self._name, self._turns = name, turns

    def run(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        self._turns.append(self._name)
        return super().run(inputs)


class StopAfter:
    """A cancel that is set from its n-th look on."""

    def __init__(self, looks: int) -> None:
        self._left = looks

    def is_set(self) -> bool:
        self._left -= 1
        return self._left < 0


def test_the_fastest_run_is_no_slower_than_the_median(make_bundle: Callable[..., Bundle]) -> None:
    session = NetworkSession(make_bundle().model_bytes(), threads=1)
    figures = measure_latency(session, SHAPE, runs=5)
    assert figures.runs == 5
    assert 0 < figures.min_ms <= figures.median_ms


def test_networks_run_in_turns(make_bundle: Callable[..., Bundle]) -> None:
    turns: list[str] = []
    bundle = make_bundle()
    candidates = [
        LatencyCandidate(RecordedSession(bundle, name, turns), SHAPE) for name in ("a", "b", "c")
    ]
    figures = measure_interleaved(candidates, runs=2)
    assert turns == ["a", "b", "c"] * (WARM_UPS + 2)
    assert [one.runs for one in figures] == [2, 2, 2]


def test_no_run_at_all_is_refused(make_bundle: Callable[..., Bundle]) -> None:
    session = NetworkSession(make_bundle().model_bytes(), threads=1)
    with pytest.raises(UsageError, match="at least 1"):
        measure_latency(session, SHAPE, runs=0)


def test_cancelling_ends_between_runs(make_bundle: Callable[..., Bundle]) -> None:
    turns: list[str] = []
    session = RecordedSession(make_bundle(), "a", turns)
    with pytest.raises(CancelledError):
        measure_latency(session, SHAPE, runs=50, cancel=StopAfter(3))
    assert turns == ["a"] * 3
