"""One long call beside the main thread, with progress and cancelling."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from napari.qt.threading import FunctionWorker, create_worker
from qtpy.QtCore import QObject, QThreadPool, Signal

from omniseg_backend.common.errors import CancelledError, OmniSegError
from omniseg_backend.common.progress import Cancel, Progress

Result = TypeVar("Result")
Work = Callable[[Progress, Cancel], Result]

_log = logging.getLogger(__name__)

#: Progress told to the main thread at most so often: what it cannot draw only delays clicks.
_SECONDS_BETWEEN_PROGRESS = 0.05


class Background(QObject, Generic[Result]):
    """Runs one call at a time on a thread of napari's pool; all signals come on the main thread.

    napari ends the thread's call when it quits; the owner calls ``cancel`` when its panel closes.

    Signals:
        progressed: What is being done, and the fraction of it from 0 to 1.
        returned: What the call returned.
        failed: The sentence that the user must see.
        cancelled: The call ended because it was asked to.
        busy_changed: Whether a call is running.
    """

    progressed = Signal(str, float)
    returned = Signal(object)
    failed = Signal(str)
    cancelled = Signal()
    busy_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker: FunctionWorker | None = None
        self._cancel = threading.Event()
        self._told = 0.0

    @property
    def busy(self) -> bool:
        """Whether a call is running."""
        return self._worker is not None

    def start(self, work: Work[Result]) -> None:
        """Run ``work``; nothing may be running.

        Args:
            work: Called on the other thread with a progress to tell and a cancel to look at. It
                must not touch layers, widgets or the viewer.
        """
        assert self._worker is None, "one call at a time"
        self._cancel = threading.Event()
        self._worker = create_worker(
            work, self._tell, self._cancel, _start_thread=False, _ignore_errors=True
        )
        self._worker.returned.connect(self._on_returned)
        self._worker.errored.connect(self._on_errored)
        self.busy_changed.emit(True)
        # Not worker.start(), which asks a timer to do this a millisecond later: where the window
        # closes meanwhile, napari has already waited for the pool, and the process aborts.
        QThreadPool.globalInstance().start(self._worker)

    def cancel(self) -> None:
        """Ask the call to end; it answers at its next look, within a batch of the network."""
        self._cancel.set()

    def _tell(self, stage: str, fraction: float) -> None:
        """On the other thread: hand progress over, not more often than it can be drawn."""
        now = time.monotonic()
        if fraction in (0.0, 1.0) or now - self._told >= _SECONDS_BETWEEN_PROGRESS:
            self._told = now
            self.progressed.emit(stage, fraction)

    def _on_returned(self, result: Result) -> None:
        asked_to_end = self._cancel.is_set()
        self._end()
        if asked_to_end:
            self.cancelled.emit()
        else:
            self.returned.emit(result)

    def _on_errored(self, error: Exception) -> None:
        self._end()
        if isinstance(error, CancelledError):
            self.cancelled.emit()
        elif isinstance(error, OmniSegError):
            self.failed.emit(str(error))
        else:
            _log.error("unforeseen", exc_info=error)
            self.failed.emit(
                f"Something went wrong that OmniSeg did not foresee ({type(error).__name__}: "
                f"{error}); the log tells where."
            )

    def _end(self) -> None:
        self._worker = None
        self.busy_changed.emit(False)
