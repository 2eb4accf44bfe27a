"""Plain text that never asks for more width than a panel has, and is copied as it was."""

from __future__ import annotations

import html

from qtpy.QtCore import Qt
from qtpy.QtGui import QContextMenuEvent, QGuiApplication, QKeyEvent, QKeySequence
from qtpy.QtWidgets import QLabel, QMenu, QWidget

from napari_omniseg.models.wrapping import breakable, cut, unbroken


class WrappingLabel(QLabel):
    """Wraps anywhere in long words; can be selected and copied.

    Args:
        text: What it shows at first.
        most: Of a longer text, that many characters are shown and the rest is in the tooltip;
            None for all of any text.
        parent: As of every widget.
    """

    def __init__(
        self, text: str = "", *, most: int | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._most = most
        self._text = ""
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setText(text)

    def text(self) -> str:
        """The whole text, as it was given."""
        return self._text

    def setText(self, text: str) -> None:
        """Show a text in place of the last one."""
        self._text = text
        shown = text if self._most is None else cut(text, self._most)
        super().setText(breakable(shown))
        if self._most is not None:
            # Rich text, which alone wraps in a tooltip.
            whole = f"<p>{html.escape(breakable(text))}</p>"
            self.setToolTip(whole if shown != text else "")

    def selectedText(self) -> str:
        """What is selected, as it was given."""
        return unbroken(super().selectedText())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copying takes the text without the places to break it."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
            event.accept()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Qt's own menu would copy the places to break as well."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Copy", self.copy).setEnabled(self.hasSelectedText())
        menu.addAction("Select All", lambda: self.setSelection(0, len(QLabel.text(self))))
        menu.popup(event.globalPos())

    def copy(self) -> None:
        """Put what is selected into the clipboard."""
        if self.hasSelectedText():
            QGuiApplication.clipboard().setText(self.selectedText())
