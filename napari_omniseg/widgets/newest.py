"""Answers to the newest of several questions: what was asked before it is dropped."""

from __future__ import annotations

from qtpy.QtCore import QObject, Signal

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
        self._background.progressed.connect(self.progressed)
        self._background.returned.connect(self._on_returned)
        self._background.failed.connect(self._on_failed)
        self._background.cancelled.connect(self._go_on)

    @property
    def busy(self) -> bool:
        """Whether a call is running."""
        return self._background.busy

    def ask(self, work: Work[object]) -> None:
        """Run ``work``, at once or as soon as what runs has ended."""
        if self._background.busy:
            self._next = work
            self._background.cancel()
        else:
            self._background.start(work)

    def cancel(self) -> None:
        """End what runs and forget what waits."""
        self._next = None
        self._background.cancel()

    def _on_returned(self, result: object) -> None:
        if not self._go_on():
            self.returned.emit(result)

    def _on_failed(self, sentence: str) -> None:
        if not self._go_on():
            self.failed.emit(sentence)

    def _go_on(self) -> bool:
        """Begin what waits; gives whether there was anything."""
        work, self._next = self._next, None
        if work is not None:
            self._background.start(work)
        return work is not None
