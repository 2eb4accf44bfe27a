"""The one place of a panel where it speaks to its user: plain sentences, never a dialog."""

from __future__ import annotations

from typing import Literal

from qtpy.QtCore import QEvent
from qtpy.QtGui import QPalette
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_omniseg.models.plot_colours import text_colour
from napari_omniseg.widgets.wrapping_label import WrappingLabel
from omniseg_backend.images.classes import Colour

Kind = Literal["information", "warning", "error"]

#: A sign as well as a colour, for those who do not tell colours apart.
_SIGNS: dict[Kind, str] = {"information": "", "warning": "⚠ ", "error": "✖ "}
#: Before they are shifted until they are read on the theme's background.
_COLOURS: dict[Kind, Colour] = {"warning": (184, 134, 11), "error": (224, 82, 77)}


class MessageLine(WrappingLabel):
    """Shows a sentence, which can be selected and copied; hidden while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self.kind: Kind = "information"  # asked for by events of the widget being made
        super().__init__(parent=parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self.setAccessibleName("message")
        self.clear()

    def say(self, sentence: str, kind: Kind = "information") -> None:
        """Show a sentence in place of the last one."""
        self.kind = kind
        self._colour()
        self.setText(f"{_SIGNS[kind]}{sentence}" if sentence else "")
        self.setAccessibleDescription(sentence)
        self.setVisible(bool(sentence))

    def clear(self) -> None:
        """Show nothing."""
        self.say("")

    def changeEvent(self, event: QEvent) -> None:
        """Another theme has another background."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._colour()

    def _colour(self) -> None:
        colour = _COLOURS.get(self.kind)
        sheet = "" if colour is None else f"color: rgb{text_colour(colour, self._background())};"
        if sheet != self.styleSheet():  # which is itself a change of style
            self.setStyleSheet(sheet)

    def _background(self) -> Colour:
        red, green, blue, _ = self.palette().color(QPalette.ColorRole.Window).getRgb()
        return red, green, blue
