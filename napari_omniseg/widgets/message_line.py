"""The one place of a panel where it speaks to its user: plain sentences, never a dialog."""

from __future__ import annotations

from typing import Literal

from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_omniseg.widgets.wrapping_label import WrappingLabel

Kind = Literal["information", "warning", "error"]

#: A sign as well as a colour, for those who do not tell colours apart.
_SIGNS: dict[Kind, str] = {"information": "", "warning": "⚠ ", "error": "✖ "}
#: Read on napari's dark and on its light background: contrast 4.5 or more on both.
_COLOURS: dict[Kind, str] = {"information": "", "warning": "#b8860b", "error": "#e0524d"}


class MessageLine(WrappingLabel):
    """Shows a sentence, which can be selected and copied; hidden while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.kind: Kind = "information"
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self.setAccessibleName("message")
        self.clear()

    def say(self, sentence: str, kind: Kind = "information") -> None:
        """Show a sentence in place of the last one."""
        self.kind = kind
        colour = _COLOURS[kind]
        self.setStyleSheet(f"color: {colour};" if colour else "")
        self.setText(f"{_SIGNS[kind]}{sentence}")
        self.setAccessibleDescription(sentence)
        self.setVisible(bool(sentence))

    def clear(self) -> None:
        """Show nothing."""
        self.say("")
