"""Two models class by class."""

from __future__ import annotations

from collections.abc import Iterable

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from napari_omniseg.models.compared import ClassRow

_HEADINGS = (
    ("Class", "Name of the class."),
    ("Old", "Mean Dice of the old model over the reserved cases."),
    ("New", "Mean Dice of the new model over the reserved cases."),
    ("Difference", "New minus old by patient, and below it the 95 % interval."),
    ("Missed", "Cases in which the old and the new model miss it altogether."),
    ("Invented", "Cases in which the old and the new model find it where it is not."),
)


class ComparisonTable(QTableWidget):
    """A row per class; as high as its rows, so that the panel scrolls and not the table."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(_HEADINGS), parent)
        self.setAccessibleName("comparison by class")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        for column, (name, tooltip) in enumerate(_HEADINGS):
            item = QTableWidgetItem(name)
            item.setToolTip(tooltip)
            self.setHorizontalHeaderItem(column, item)

    def show_rows(self, rows: Iterable[ClassRow]) -> None:
        """Show these rows in place of the last ones."""
        shown = tuple(rows)
        self.setRowCount(len(shown))
        for number, row in enumerate(shown):
            difference = f"{row.difference}\n{row.interval}"
            cells = (row.name, row.old, row.new, difference, row.missed, row.invented)
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setToolTip(f"{row.name}: {_HEADINGS[column][1]}")
                self.setItem(number, column, item)
        self.resizeRowsToContents()
        self._fit()

    def resizeEvent(self, event: object) -> None:
        """Keep the height when a horizontal scroll bar comes or goes."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        rows = sum(self.rowHeight(row) for row in range(self.rowCount()))
        bar = self.horizontalScrollBar()
        extra = bar.sizeHint().height() if bar.maximum() > 0 else 0
        height = rows + self.horizontalHeader().sizeHint().height() + 2 * self.frameWidth() + extra
        self.setFixedHeight(height)
