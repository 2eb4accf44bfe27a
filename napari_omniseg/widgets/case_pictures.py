"""Pictures one after the other, and each in a window of its own."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_omniseg.widgets.controls import button
from napari_omniseg.widgets.preview_picture import PreviewPicture


class CasePictures(QWidget):
    """Turns over pictures; hidden while there are none.

    Args:
        heading: What they show.
        parent: As of every widget.
    """

    def __init__(self, heading: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._heading = heading
        self._paths: tuple[Path, ...] = ()
        self._place = 0
        self.picture = PreviewPicture()
        self.before = button("◀", "Show the picture before this one.")
        self.after = button("▶", "Show the next picture.")
        self.enlarge = button("Enlarge", "Show this picture in a window of its own.")
        self.before.clicked.connect(lambda: self._turn(-1))
        self.after.clicked.connect(lambda: self._turn(1))
        self.enlarge.clicked.connect(self._enlarge)
        row = QHBoxLayout()
        for one in (self.before, self.enlarge, self.after):
            row.addWidget(one)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.picture)
        column.addLayout(row)
        self.hide()

    def show_pictures(self, paths: tuple[Path, ...]) -> None:
        """Show these, beginning with the first."""
        self._paths, self._place = paths, 0
        self.setVisible(bool(paths))
        self.picture.clear()
        self._turn(0)

    def _turn(self, by: int) -> None:
        if not self._paths:
            return
        self._place = min(max(self._place + by, 0), len(self._paths) - 1)
        self.picture.show_picture(self._paths[self._place], self._caption())
        self.before.setEnabled(self._place > 0)
        self.after.setEnabled(self._place < len(self._paths) - 1)

    def _caption(self) -> str:
        return f"{self._heading}, {self._place + 1} of {len(self._paths)}"

    def _enlarge(self) -> None:
        window = QDialog(self.window())
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        window.setWindowTitle(self._caption())
        picture = PreviewPicture()
        column = QVBoxLayout(window)
        column.addWidget(picture)
        column.addWidget(QLabel(self._paths[self._place].name))
        picture.show_picture(self._paths[self._place], self._caption())
        screen = self.screen().availableGeometry()
        window.resize(int(0.9 * screen.width()), int(0.5 * screen.height()))
        window.show()
