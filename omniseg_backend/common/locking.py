"""One writer at a time, among threads and processes of one machine."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from omniseg_backend.common.atomic import writing_errors
from omniseg_backend.common.errors import ResourceError
from omniseg_backend.common.platform import try_lock

#: Writers hold a lock for the time of a few small files and one image, some seconds at most.
_LONGEST_WAIT = 60.0
_PAUSE = 0.02


@contextlib.contextmanager
def exclusive(lock: Path, *, longest_wait: float = _LONGEST_WAIT) -> Iterator[None]:
    """Hold ``lock`` alone while the block runs; wait while another holds it.

    A process that dies lets go of it: the file stays, the lock does not.

    Args:
        lock: A file of its own, made if it is missing. Its folder is made too.
        longest_wait: Seconds after which waiting is given up.

    Raises:
        ResourceError: Another process held it all the while.
        DataError: The file cannot be made.
    """
    with writing_errors(lock):
        lock.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _wait(descriptor, lock, longest_wait)
        yield
    finally:
        os.close(descriptor)


def _wait(descriptor: int, lock: Path, longest_wait: float) -> None:
    given_up = time.monotonic() + longest_wait
    while not try_lock(descriptor):
        if time.monotonic() >= given_up:
            raise ResourceError(
                lock.parent,
                found=f"another program that has been writing for {longest_wait:.0f} s",
                expected="one writer at a time",
                remedy="wait until it is done, or end it, and try again",
            )
        time.sleep(_PAUSE)
