"""A yes or no question that stands in the panel: nothing is blocked while it waits."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from napari_omniseg.widgets.controls import button
from napari_omniseg.widgets.sections import TextLine


class Question(QFrame):
    """Asks one question at a time; hidden while there is none.

    The keyboard is taken to its No, and back where it was; Escape is a no as well.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._then: Callable[[], None] | None = None
        self._before: QWidget | None = None
        self.text = TextLine("question")
        self.yes = button("Yes", "Do it.")
        self.no = button("No", "Leave everything as it is.")
        self.yes.clicked.connect(self._on_yes)
        self.no.clicked.connect(self.withdraw)
        row = QHBoxLayout()
        row.addWidget(self.yes)
        row.addWidget(self.no)
        column = QVBoxLayout(self)
        column.addWidget(self.text)
        column.addLayout(row)
        self.hide()

    def ask(self, text: str, then: Callable[[], None], *, yes: str = "Yes") -> None:
        """Ask in place of what was asked before.

        Args:
            text: The question, with all that happens on a yes.
            then: Called on a yes.
            yes: What its button says.
        """
        self._then = then
        self.text.show_text(text)
        self.yes.setText(yes)
        self.yes.setAccessibleName(yes)
        for one in (self.yes, self.no):
            # What is read when the keyboard comes to it.
            one.setAccessibleDescription(text)
        if not self._focused:
            self._before = self.window().focusWidget()
        self.show()
        self.no.setFocus()

    def withdraw(self) -> None:
        """Ask no more; nothing is done."""
        self._then = None
        self._leave()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape leaves everything as it is."""
        if event.key() == Qt.Key.Key_Escape:
            self.withdraw()
        else:
            super().keyPressEvent(event)

    @property
    def _focused(self) -> bool:
        return self.yes.hasFocus() or self.no.hasFocus()

    def _leave(self) -> None:
        """Hide; the keyboard goes back if it was here, not if its user has gone elsewhere."""
        before, self._before = self._before, None
        if self._focused and before is not None:
            before.setFocus()
        self.hide()

    def _on_yes(self) -> None:
        then, self._then = self._then, None
        self._leave()
        if then is not None:
            then()
