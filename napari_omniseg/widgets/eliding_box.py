"""A list to choose from whose chosen entry is cut in its middle, where names differ least."""

from __future__ import annotations

import html

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QHelpEvent, QPaintEvent, QPalette
from qtpy.QtWidgets import (
    QComboBox,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolTip,
    QWidget,
)

#: Left free beside the words, which styles draw a little narrower than their field.
_MARGIN = 4
#: Of the width, for the end of the text: "MRI phantoms" is read whole at 300 pixels.
_SHARE_OF_END = 0.6


class ElidingBox(QComboBox):
    """Qt cuts what is too long at the end, with no sign of it: "in CT" and "in MRI" read alike.

    The tooltip of an entry that is cut begins with all of it, and the list shows entries in full.

    Args:
        parent: Its owner.
        letters: So many it is wide at the least, however long its entries are.
    """

    def __init__(self, parent: QWidget | None = None, *, letters: int = 8) -> None:
        super().__init__(parent)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(letters)

    def shown_text(self) -> str:
        """The chosen entry as it is drawn, or what stands there while there is none."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox,
            option,
            QStyle.SubControl.SC_ComboBoxEditField,
            self,
        )
        return self._cut(self._whole_text(), field.width() - _MARGIN)

    def paintEvent(self, event: QPaintEvent) -> None:
        """As Qt draws it, with the text cut."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        option.currentText = self.shown_text()
        if self.currentIndex() < 0:
            faint = option.palette.brush(QPalette.ColorRole.PlaceholderText)
            option.palette.setBrush(QPalette.ColorRole.ButtonText, faint)
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        painter.end()

    def event(self, event: QEvent) -> bool:
        """Tell all of a text that is cut; a tooltip of its own, such as a model card, has it."""
        if isinstance(event, QHelpEvent) and not Qt.mightBeRichText(self.toolTip()):
            whole = self._whole_text()
            if whole != self.shown_text():
                tip = f"<p>{html.escape(whole)}</p><p>{html.escape(self.toolTip())}</p>"
                QToolTip.showText(event.globalPos(), tip, self)
                return True
        return bool(super().event(event))

    def _cut(self, text: str, width: int) -> str:
        """The text with "…" in place of what does not fit, nearer to its beginning."""
        metrics = self.fontMetrics()
        if metrics.horizontalAdvance(text) <= width:
            return text
        end = text
        while end and metrics.horizontalAdvance(f"…{end}") > width * _SHARE_OF_END:
            end = end[1:]
        start = text[: len(text) - len(end)]
        while start and metrics.horizontalAdvance(f"{start}…{end}") > width:
            start = start[:-1]
        return f"{start}…{end}"

    def _whole_text(self) -> str:
        return self.currentText() if self.currentIndex() >= 0 else self.placeholderText()
