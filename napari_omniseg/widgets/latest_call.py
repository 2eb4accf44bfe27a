"""Calls of which only the last one asked for matters: a count, a flight."""

from __future__ import annotations

from typing import Generic, TypeVar

from qtpy.QtCore import QObject, Signal

from napari_omniseg.widgets.background import Background, Work

Result = TypeVar("Result")


class LatestCall(QObject, Generic[Result]):
    """Runs one call beside the main thread; a newer one stops it and takes its place.

    Signals:
        returned: What the last call that was asked for returned.
        failed: The sentence of the last call that was asked for.
        settled: No call runs or waits any more.
    """

    returned = Signal(object)
    failed = Signal(str)
    settled = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background: Background[Result] = Background(self)
        self._waiting: Work[Result] | None = None
        self._background.returned.connect(self._on_returned)
        self._background.failed.connect(self._on_failed)
        self._background.cancelled.connect(self._next)

    @property
    def busy(self) -> bool:
        """Whether a call runs or waits."""
        return self._background.busy

    def ask(self, work: Work[Result]) -> None:
        """Run ``work``, as soon as a call that runs has stopped."""
        if self._background.busy:
            self._waiting = work
            self._background.cancel()
        else:
            self._background.start(work)

    def cancel(self) -> None:
        """Stop, and run nothing that waits."""
        self._waiting = None
        self._background.cancel()

    def _on_returned(self, result: Result) -> None:
        if self._waiting is None:
            self.returned.emit(result)
        self._next()

    def _on_failed(self, sentence: str) -> None:
        if self._waiting is None:
            self.failed.emit(sentence)
        self._next()

    def _next(self) -> None:
        work, self._waiting = self._waiting, None
        if work is not None and not self._background.busy:
            self._background.start(work)
        elif not self._background.busy:
            self.settled.emit()
