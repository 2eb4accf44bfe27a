"""How long the main thread was busy at a stretch: what a user feels as a window that hangs."""

from __future__ import annotations

import time

from qtpy.QtCore import QObject, Qt, QTimer

#: A tick of the watch; a block is what a tick comes late by.
TICK_MS = 5


class MainThreadWatch(QObject):
    """Measures the longest time between two ticks of a timer, less the tick itself."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._last = 0.0
        self._longest = 0.0

    def start(self) -> None:
        """Begin to watch."""
        self._longest = 0.0
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self) -> float:
        """End, and return the longest block in milliseconds."""
        self._tick()
        self._timer.stop()
        return self._longest

    def _tick(self) -> None:
        now = time.perf_counter()
        self._longest = max(self._longest, (now - self._last) * 1000 - TICK_MS)
        self._last = now
