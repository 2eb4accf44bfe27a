"""A yes/no question inside a panel: nothing pops up, and the viewer stays usable."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_omniseg.widgets.controls import button


class QuestionLine(QWidget):
    """Shows a question with two buttons; hidden while there is none.

    Signals:
        agreed: The user agreed; with what was handed to ``ask``.
    """

    agreed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._subject: object = None
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setAccessibleName("question")
        self.yes: QPushButton = button("Yes", "Do what the question says.")
        self.no: QPushButton = button("Cancel", "Change nothing.")
        for one in (self.yes, self.no):
            one.setAutoDefault(True)  # Enter presses the button that has the keyboard
        buttons = QHBoxLayout()
        buttons.addWidget(self.yes)
        buttons.addWidget(self.no)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.sentence)
        layout.addLayout(buttons)
        self.yes.clicked.connect(self._on_yes)
        self.no.clicked.connect(self.withdraw)
        self.withdraw()

    def ask(self, sentence: str, yes: str, subject: object) -> None:
        """Show a question; the keyboard goes to the answer that changes nothing.

        Args:
            sentence: The question.
            yes: What agreeing does, the button's text.
            subject: Handed back with ``agreed``.
        """
        self._subject = subject
        self.sentence.setText(sentence)
        self.yes.setText(yes)
        self.yes.setAccessibleName(yes)
        self.setVisible(True)
        self.no.setFocus(Qt.FocusReason.OtherFocusReason)

    def withdraw(self) -> None:
        """Take the question back."""
        self._subject = None
        self.setVisible(False)

    def _on_yes(self) -> None:
        subject = self._subject
        self.withdraw()
        self.agreed.emit(subject)
