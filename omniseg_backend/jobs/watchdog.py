"""Ends a job whose work does not heed a request to cancel."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from omniseg_backend.jobs.context import Flags

#: Seconds that the work has to stop by itself.
GRACE = 2.0
_LOOK_EVERY = 0.05


class Watchdog:
    """A thread of the runner: looks for the request to cancel while the work goes on.

    Args:
        flags: The requests.
        end: Called once, in this thread, when the work had its time; ends the process.
    """

    def __init__(self, flags: Flags, end: Callable[[], None]) -> None:
        self._flags = flags
        self._end = end
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """The work has ended by itself."""
        self._over.set()

    def _watch(self) -> None:
        while not self._flags.cancelled:
            if self._over.wait(_LOOK_EVERY):
                return
        asked = time.monotonic()
        if not self._over.wait(max(0.0, GRACE - (time.monotonic() - asked))):
            self._end()
