"""Ctrl-C: the first asks the running work to stop cleanly, the second ends it."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


class Interrupt:
    """Set by the first Ctrl-C; a ``Cancel`` for every long call.

    Args:
        on_first: Called once, when the first Ctrl-C arrives.
    """

    def __init__(self, on_first: Callable[[], None]) -> None:
        self._event = threading.Event()
        self._on_first = on_first

    def is_set(self) -> bool:
        """Whether the user asked to stop."""
        return self._event.is_set()

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Take Ctrl-C while the block runs; elsewhere than in the main thread, do nothing."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._first)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Let Ctrl-C raise KeyboardInterrupt at once, as a question to the user needs it."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _first(self, number: int, frame: FrameType | None) -> None:
        # Before anything that might raise: the next Ctrl-C must always end the program.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._event.set()
        self._on_first()
