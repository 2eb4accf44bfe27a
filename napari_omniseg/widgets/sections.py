"""Parts of a panel under headings, and lines of text that wrap."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_omniseg.widgets.wrapping_label import WrappingLabel


class Section(QWidget):
    """A heading with what belongs to it below.

    Args:
        title: The heading.
        parent: As of every widget.

    Signals:
        said: A sentence for the user, and its kind.
    """

    said = Signal(str, str)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(0, 0, 0, 0)
        heading = QLabel(title)
        font = heading.font()
        font.setBold(True)
        heading.setFont(font)
        self.body.addWidget(heading)
        self.setAccessibleName(title)

    def wake(self) -> None:
        """Look again at what others may have changed: the panel is shown."""

    def rest(self) -> None:
        """Look no longer: the panel is hidden, perhaps behind another one."""

    def cancel_all(self) -> None:
        """End what runs in this program: the panel was closed."""

    @property
    def busy(self) -> bool:
        """Whether something is still being looked up or done."""
        return False

    def fail(self, sentence: str) -> None:
        """Tell the user what went wrong."""
        self.said.emit(sentence, "error")


class TextLine(WrappingLabel):
    """Plain text that wraps and can be copied; hidden while it is empty.

    Args:
        name: What a screen reader calls it.
        most: Characters that are shown of it; see ``WrappingLabel``.
        parent: As of every widget.
    """

    def __init__(
        self, name: str, *, most: int | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(most=most, parent=parent)
        self.setAccessibleName(name)
        self.show_text("")

    def show_text(self, text: str) -> None:
        """Show a text in place of the last one."""
        self.setText(text)
        self.setAccessibleDescription(text)
        self.setVisible(bool(text))
