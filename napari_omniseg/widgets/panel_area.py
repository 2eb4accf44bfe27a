"""The scrolled part of a panel: up and down only, and never narrower than what stands in it."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, QSize, Qt
from qtpy.QtWidgets import QFrame, QScrollArea, QWidget

#: Lines that stay in sight, unless there are fewer, when napari puts docks above one another.
_FEWEST_LINES = 10


class PanelArea(QScrollArea):
    """Shows a widget at the dock's width; a dock cannot be made narrower than its controls need.

    A plain scroll area asks for a few pixels only, and napari's docks then cut the controls off.

    Args:
        inside: What is scrolled; None where it is set later.
        parent: Its owner.
    """

    def __init__(self, inside: QWidget | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        # What stands inside is reached, and scrolled to, by its own controls.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        if inside is not None:
            self.setWidget(inside)

    def setWidget(self, inside: QWidget) -> None:
        """Scroll a widget."""
        super().setWidget(inside)
        inside.installEventFilter(self)
        self.updateGeometry()

    def minimumSizeHint(self) -> QSize:
        """As wide as the widget must be, with the bar beside it, and some lines high."""
        inside = self.widget()
        whole = 0 if inside is None else inside.sizeHint().height()
        lines = min(_FEWEST_LINES * self.fontMetrics().lineSpacing(), whole)
        return QSize(self._needed(), max(super().minimumSizeHint().height(), lines))

    def sizeHint(self) -> QSize:
        """At least as wide as the widget must be."""
        hint = super().sizeHint()
        return QSize(max(hint.width(), self._needed()), hint.height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ask for another width when what stands inside does."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return bool(super().eventFilter(watched, event))

    def _needed(self) -> int:
        inside = self.widget()
        bar = self.verticalScrollBar()
        width = 0 if bar is None else bar.sizeHint().width()
        if inside is None:
            return width
        return width + max(inside.minimumSizeHint().width(), inside.minimumWidth())
