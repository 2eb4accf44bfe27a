"""Questions that replace one another: only the newest is answered."""

from __future__ import annotations

from typing import Generic, TypeVar

from qtpy.QtCore import QObject, QTimer, Signal

from napari_omniseg.widgets.background import Background, Work

Result = TypeVar("Result")


class Latest(QObject, Generic[Result]):
    """Asks on another thread, one question at a time; answers to replaced ones are dropped.

    A panel's user changes three controls in a second: each change asks anew, and what would be
    stale when it comes is never told.

    Signals:
        answered: What the newest question's call returned.
        failed: The sentence that the user must see.
    """

    answered = Signal(object)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._next: Work[Result] | None = None
        self._dropped = False
        self._background: Background[Result] = Background(self)
        self._background.returned.connect(self._on_returned)
        self._background.failed.connect(self._on_failed)
        self._background.cancelled.connect(self._start)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._start)

    @property
    def waiting(self) -> bool:
        """Whether an answer is still to come."""
        running = self._background.busy and not self._dropped
        return running or self._next is not None

    def ask(self, work: Work[Result], wait_ms: int = 0) -> None:
        """Ask in place of what was asked before.

        Args:
            work: See ``Background.start``.
            wait_ms: How long it waits for a newer question.
        """
        self.drop()
        self._next = work
        self._timer.start(wait_ms)

    def drop(self) -> None:
        """Forget what was asked; nothing will be answered."""
        self._next = None
        self._timer.stop()
        self._dropped = True
        self._background.cancel()

    def _start(self) -> None:
        if self._next is None or self._background.busy or self._timer.isActive():
            return
        work, self._next = self._next, None
        self._dropped = False
        self._background.start(work)

    def _on_returned(self, result: Result) -> None:
        if not self._dropped:
            self.answered.emit(result)
        self._start()

    def _on_failed(self, sentence: str) -> None:
        if not self._dropped:
            self.failed.emit(sentence)
        self._start()
