"""The same call for several things at once, on threads; results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Pixels of a plane that take longer than starting a thread.
_WORTH_A_THREAD = 256 * 256


def worthwhile_threads(plane_shape: tuple[int, int], threads: int) -> int:
    """How many threads to work on planes of so many rows and columns with, of those allowed."""
    return threads if plane_shape[0] * plane_shape[1] >= _WORTH_A_THREAD else 1


def in_order(
    call: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Iterator[Result]:
    """Call a function for every item, on threads; for what lets go of Python's lock.

    numpy's and scipy's loops do, and Pillow's. No more than ``threads`` results are made ahead of
    the one in hand, so that memory stays bounded.

    Args:
        call: Must not touch what another call writes.
        items: One thread if there is but one.
        threads: At most so many calls run at once.

    Yields:
        The results, in the order of ``items``; an error is raised where its result would be.
    """
    source = iter(items)
    first = list(islice(source, 2))
    if threads == 1 or len(first) < 2:
        yield from map(call, first)
        yield from map(call, source)
        return
    with ThreadPoolExecutor(threads) as pool:
        running: deque[Future[Result]] = deque(pool.submit(call, item) for item in first)
        running.extend(pool.submit(call, item) for item in islice(source, threads - 2))
        while running:
            result = running.popleft().result()
            running.extend(pool.submit(call, item) for item in islice(source, 1))
            yield result
