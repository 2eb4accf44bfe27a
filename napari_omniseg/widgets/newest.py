"""Answers to the newest of several questions: what was asked before it is dropped."""

from __future__ import annotations

from qtpy.QtCore import QObject, QTimer, Signal

from napari_omniseg.widgets.background import Background, Work


class Newest(QObject):
    """Runs calls beside the main thread, the newest alone: for fields that a user still edits.

    Signals:
        progressed: As of ``Background``.
        returned: What the newest call returned.
        failed: The sentence that the user must see.
    """

    progressed = Signal(str, float)
    returned = Signal(object)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background: Background[object] = Background(self)
        self._next: Work[object] | None = None
        self._dropped = False
        self._background.progressed.connect(self.progressed)
        self._background.returned.connect(self._on_returned)
        self._background.failed.connect(self._on_failed)
        self._background.cancelled.connect(self._go_on)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._go_on)

    @property
    def busy(self) -> bool:
        """Whether a call is running."""
        return self._background.busy

    @property
    def waiting(self) -> bool:
        """Whether an answer is still to come."""
        return self._next is not None or (self._background.busy and not self._dropped)

    def ask(self, work: Work[object], wait_ms: int = 0) -> None:
        """Run ``work``, at once or as soon as what runs has ended.

        Args:
            work: See ``Background.start``.
            wait_ms: How long it waits for a newer question, where asking costs much.
        """
        self.cancel()
        self._next = work
        if wait_ms:
            self._timer.start(wait_ms)
        else:
            self._go_on()

    def cancel(self) -> None:
        """End what runs and forget what waits."""
        self._next = None
        self._timer.stop()
        self._dropped = True
        self._background.cancel()

    def _on_returned(self, result: object) -> None:
        self._tell_or_go_on(self.returned, result)

    def _on_failed(self, sentence: str) -> None:
        self._tell_or_go_on(self.failed, sentence)

    def _tell_or_go_on(self, signal: Signal, what: object) -> None:
        if self._dropped:
            self._go_on()
        else:
            signal.emit(what)

    def _go_on(self) -> None:
        """Begin what waits, once nothing runs and it has waited long enough."""
        if self._next is None or self._background.busy or self._timer.isActive():
            return
        work, self._next = self._next, None
        self._dropped = False
        self._background.start(work)
