"""A heading that opens and closes what belongs to it."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_omniseg.widgets.controls import described


class Fold(QWidget):
    """Closed at first. Its height is that of its content, whatever that grows to.

    superqt's QCollapsible gives its content the height that it had when it was opened, which cuts
    off text that wraps when the panel becomes narrower.

    Args:
        title: The heading.
        tooltip: What it holds, a sentence.
        parent: As of every widget.

    Signals:
        opened: Just before the content is shown for the first time: it may be made then.

    Attributes:
        is_open: Whether the content is shown.
    """

    opened = Signal()

    def __init__(self, title: str, tooltip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._was_open = self.is_open = False
        self.toggle = described(QPushButton(), title, tooltip)
        self.toggle.setFlat(True)
        self.toggle.setStyleSheet("QPushButton { text-align: left; padding: 2px; }")
        self.toggle.clicked.connect(lambda: self._show(not self.is_open))
        self.content = QWidget()
        self.body = QVBoxLayout(self.content)
        self.body.setContentsMargins(0, 0, 0, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.toggle)
        column.addWidget(self.content)
        self._show(False)

    def open(self) -> None:
        """Show the content."""
        self._show(True)

    def _show(self, shown: bool) -> None:
        self.is_open = shown
        self.toggle.setText(f"{'▾' if shown else '▸'}  {self._title}")
        if shown and not self._was_open:
            self._was_open = True
            self.opened.emit()
        self.content.setVisible(shown)
