"""The big button, which cancels while a run is going on, and how far the run is."""

from __future__ import annotations

import time
from collections.abc import Callable

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtGui import QKeySequence, QMouseEvent
from qtpy.QtWidgets import QProgressBar, QPushButton, QShortcut, QVBoxLayout, QWidget

from napari_omniseg.models.figures import progress_text
from napari_omniseg.widgets.controls import described

#: napari 0.9 uses neither: Return alone ends a shape, Escape alone is taken only during a run.
SEGMENT_KEY = "Ctrl+Return"
CANCEL_KEY = "Esc"
#: A run that is over sooner shows no bar: it would only flicker, and drawing it delays the mask.
_BAR_AFTER_MS = 200


class _OncePressed(QPushButton):
    """The second press of a double click is none: it would cancel what the first one started."""

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        """Do nothing."""
        if event is not None:
            event.accept()


class RunBar(QWidget):
    """Starts and cancels; its keys work wherever the focus is in the viewer's window.

    Signals:
        wanted: The user wants the run.
        unwanted: The user wants it to end.
    """

    wanted = Signal()
    unwanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.button = _OncePressed()
        font = self.button.font()
        font.setBold(True)
        self.button.setFont(font)
        self.button.setMinimumHeight(round(2.6 * self.button.fontMetrics().height()))
        self.button.clicked.connect(self._on_clicked)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        described(self.bar, "progress", "How far the run is, and how long it will go on.")
        policy = self.bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(policy)
        layout.addWidget(self.button)
        layout.addWidget(self.bar)
        self._bar_due = QTimer(self)
        self._bar_due.setSingleShot(True)
        self._bar_due.setInterval(_BAR_AFTER_MS)
        self._bar_due.timeout.connect(self.bar.show)
        self.running = False
        self._stage, self._began = "", 0.0
        # Not the button's own: they go with its text, and cover neither both keys nor the keypad.
        for key in (SEGMENT_KEY, "Ctrl+Enter"):
            self._key(key, self._on_start_key)
        self._cancel_key = self._key(CANCEL_KEY, self._on_clicked)
        self.show_running(running=False)

    def show_running(self, *, running: bool) -> None:
        """Turn the button to what it does next."""
        self.running = running
        self._stage, self._began = "", time.monotonic()
        self.bar.setValue(0)
        self.bar.setFormat("")
        self.bar.hide()
        self._cancel_key.setEnabled(running)
        self.button.setEnabled(True)
        if running:
            self._bar_due.start()
            self._write("Cancel", CANCEL_KEY, "End the run; nothing of it is left.")
        else:
            self._bar_due.stop()
            self._write("Segment", SEGMENT_KEY, "Segment the image into a new Labels layer.")

    def show_progress(self, stage: str, fraction: float) -> None:
        """Show how far the run is.

        Args:
            stage: What is being done.
            fraction: Of it, 0 to 1.
        """
        if stage != self._stage:
            self._stage, self._began = stage, time.monotonic()
        self.bar.setValue(round(1000 * fraction))
        self.bar.setFormat(progress_text(stage, fraction, time.monotonic() - self._began))

    def show_cancelling(self) -> None:
        """Show that the run was asked to end."""
        self.button.setEnabled(False)
        self.bar.setFormat("cancelling")

    def _write(self, text: str, key: str, tooltip: str) -> None:
        native = QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
        self.button.setText(f"{text}  ({native})")
        described(self.button, text, tooltip)

    def _key(self, key: str, act: Callable[[], None]) -> QShortcut:
        shortcut = QShortcut(QKeySequence(key), self)
        shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        shortcut.setAutoRepeat(False)
        shortcut.activated.connect(act)
        return shortcut

    def _on_start_key(self) -> None:
        """Start only: pressed twice in haste, the key must not cancel what it started."""
        if not self.running:
            self.wanted.emit()

    def _on_clicked(self) -> None:
        if self.running:
            self.unwanted.emit()
        else:
            self.wanted.emit()
