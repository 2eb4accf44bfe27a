"""Locks between processes that a dead process does not hold."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from omniseg_backend.common.atomic import writing_errors
from omniseg_backend.common.platform import try_lock

_PAUSE = 0.01


@contextlib.contextmanager
def held(path: Path, *, patience: float = 0.0) -> Iterator[bool]:
    """Hold the lock of a file while the block runs, if it can be had.

    Args:
        path: The file; made if needed, in a folder that exists.
        patience: Seconds to wait for another holder; 0 asks once.

    Yields:
        Whether it is ours; the block runs either way.

    Raises:
        DataError: The file cannot be made.
    """
    with writing_errors(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        until = time.monotonic() + patience
        ours = try_lock(descriptor)
        while not ours and time.monotonic() < until:
            time.sleep(_PAUSE)
            ours = try_lock(descriptor)
        yield ours
    finally:
        os.close(descriptor)
