"""A box for a whole number that tells what it could not take, instead of dropping letters."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtGui import QValidator
from qtpy.QtWidgets import QSpinBox, QWidget


class WholeNumberBox(QSpinBox):
    """Anything can be typed; what is no number of the range becomes the nearest one, and is told.

    Qt's own box swallows signs that it does not expect: ``2.5`` would become 25.

    Args:
        low: The lowest number.
        high: The highest.
        parent: As of every widget.

    Signals:
        corrected: What was typed and could not be taken, when the keyboard leaves the box.
    """

    corrected = Signal(str)

    def __init__(self, low: int, high: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setRange(low, high)

    def validate(self, text: str, place: int) -> tuple[QValidator.State, str, int]:
        """Whatever may be typed, only whole numbers of the range are taken."""
        good = self._taken(text) is not None
        state = QValidator.State.Acceptable if good else QValidator.State.Intermediate
        return state, text, place

    def valueFromText(self, text: str) -> int:
        """The number; the nearest, or the one before, where the text is none of the range."""
        taken = self._taken(text)
        return self._nearest(text) if taken is None else taken

    def fixup(self, text: str) -> str:
        """Called with what is not acceptable, when typing has ended."""
        number = self._nearest(text)
        self.corrected.emit(text)
        return str(number)

    def _taken(self, text: str) -> int | None:
        text = text.strip()
        if not (text.isascii() and text.isdigit()):
            return None
        number = int(text[:20])
        return number if self.minimum() <= number <= self.maximum() else None

    def _nearest(self, text: str) -> int:
        try:
            number = float(text.strip().replace(",", "."))
        except ValueError:
            return self.value()
        if number != number:
            return self.value()
        return round(min(max(number, self.minimum()), self.maximum()))
