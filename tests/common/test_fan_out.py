"""No more under way than workers and memory bear."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest

from omniseg_backend.common.errors import CancelledError
from omniseg_backend.common.fan_out import Piece, fan_out
from omniseg_backend.common.task_message import Task
from tests.common import executor_tasks as tasks


class Recording:
    """An executor whose tasks end when the test says so, the oldest first."""

    def __init__(self, capacity: int, memory: int | None) -> None:
        self.capacity, self.memory = capacity, memory
        self.under_way: list[tuple[str, Future[str]]] = []
        self.seen: list[set[str]] = []

    def submit(self, task: Task, spec: str) -> Future[str]:
        future: Future[str] = Future()
        self.under_way.append((spec, future))
        self.seen.append({spec for spec, _ in self.under_way})
        # The oldest ends as soon as whoever submitted waits.
        threading.Timer(0.0, self._end_oldest).start()
        return future

    def _end_oldest(self) -> None:
        spec, future = self.under_way.pop(0)
        future.set_result(spec)

    def close(self, *, at_once: bool = False) -> None:
        return None


def run(executor: Recording, sizes: list[int]) -> list[int]:
    pieces = [Piece(n, str(n), size) for n, size in enumerate(sizes)]
    return sorted(piece.number for piece, _ in fan_out(executor, tasks.double, pieces))


def test_all_are_done() -> None:
    assert run(Recording(2, None), [1] * 7) == list(range(7))


def test_large_ones_run_alone() -> None:
    executor = Recording(4, 100)
    assert run(executor, [60, 60, 500, 10]) == [0, 1, 2, 3]
    assert not any({"0", "1"} <= at_once for at_once in executor.seen)
    assert not any("2" in at_once and len(at_once) > 1 for at_once in executor.seen)


def test_a_request_to_stop_submits_no_more() -> None:
    stop = threading.Event()
    done = []

    def stop_at_the_first() -> None:
        pieces = (Piece(n, str(n)) for n in range(100))
        for piece, _ in fan_out(Recording(2, None), tasks.double, pieces, cancel=stop):
            done.append(piece.number)
            stop.set()

    with pytest.raises(CancelledError):
        stop_at_the_first()
    assert 1 <= len(done) <= 2
