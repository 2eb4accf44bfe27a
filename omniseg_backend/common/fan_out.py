"""Many tasks through an executor: no more under way than its workers and memory bear."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait

from omniseg_backend.common.executor import Executor
from omniseg_backend.common.progress import Cancel, check_cancel
from omniseg_backend.common.task_message import Task

#: Seconds between two looks at whether to stop.
_LOOK_EVERY = 0.2


@dataclasses.dataclass(frozen=True)
class Piece:
    """One call of the task.

    Attributes:
        number: Its place among all.
        spec: What the task is given.
        bytes: Memory that it takes, about.
    """

    number: int
    spec: str
    bytes: int = 0


def fan_out(
    executor: Executor, task: Task, pieces: Iterable[Piece], *, cancel: Cancel | None = None
) -> Iterator[tuple[Piece, Future[str]]]:
    """Submit pieces in their order and give each back when it is done.

    A piece that would take more memory than there is runs alone.

    Args:
        executor: Does them.
        task: What is called with each piece's spec.
        pieces: Read only as far as there is room for more.
        cancel: Looked at several times a second.

    Yields:
        Each piece with its settled future, in the order in which they are done.

    Raises:
        CancelledError: The user cancelled; tasks under way are for ``executor.close`` to end.
    """
    waiting = iter(pieces)
    held: collections.deque[Piece] = collections.deque()
    under_way: dict[Future[str], Piece] = {}
    while True:
        check_cancel(cancel)
        room = executor.capacity
        while len(under_way) < room:
            piece = held.popleft() if held else next(waiting, None)
            if piece is None:
                break
            if under_way and not _fits(executor, piece, under_way.values()):
                held.append(piece)
                break
            under_way[executor.submit(task, piece.spec)] = piece
        if not under_way:
            return
        done, _ = wait(under_way, timeout=_LOOK_EVERY, return_when=FIRST_COMPLETED)
        for future in done:
            yield under_way.pop(future), future


def _fits(executor: Executor, piece: Piece, others: Iterable[Piece]) -> bool:
    memory = executor.memory
    return memory is None or piece.bytes + sum(other.bytes for other in others) <= memory
