"""The table of classes: colour, name, size, components, confidence, and a box to show each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, Signal
from qtpy.QtGui import (
    QColor,
    QIcon,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPixmap,
    QResizeEvent,
)
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from napari_omniseg.models.class_rows import ClassRow, ClassRows
from napari_omniseg.widgets.controls import described
from omniseg_backend.images.classes import Colour

_Role = Qt.ItemDataRole
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_NAME, _SIZE, _MEAN, _PARTS, _CONFIDENCE = range(5)
_HEADERS = ("Class", "Size", "Mean", "Parts", "Conf.")
_TOOLTIPS = (
    "Tick to show the class in the picture; click its name, or press Enter, to go to it.",
    "Volume, or area of a picture; pixels where the file states no spacing.",
    "Mean size over all time points.",
    "Connected components.",
    "Confidence: the model's mean calibrated probability; ⚠ asks you to look again.",
)
#: Rows that the table is tall enough for; more are scrolled to.
_FEWEST_ROWS, _MOST_ROWS = 3, 8
#: Of the column of names at the least, however narrow the table is.
_FEWEST_LETTERS = 8


class ClassTableModel(QAbstractTableModel):
    """What the table shows.

    Signals:
        shown_changed: The user ticked or unticked the class of this value.
    """

    shown_changed = Signal(int, bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows = ClassRows()
        self._frame = 0
        self._hidden: frozenset[int] = frozenset()
        self._swatches: dict[Colour, QIcon] = {}

    @property
    def rows(self) -> ClassRows:
        """The classes."""
        return self._rows

    def set_rows(self, rows: ClassRows) -> None:
        """Show other figures; the selection stays where the classes are the same."""
        same = [row.entry for row in rows.rows] == [row.entry for row in self._rows.rows]
        if not same:
            self.beginResetModel()
        self._rows = rows
        self._frame = min(self._frame, rows.frames - 1)
        if same:
            self._redraw()
        else:
            self.endResetModel()

    def set_frame(self, frame: int) -> None:
        """Show the sizes of this time point."""
        frame = max(0, min(frame, self._rows.frames - 1))
        if frame != self._frame:
            self._frame = frame
            self._redraw()
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(_HEADERS) - 1)

    def set_hidden(self, values: frozenset[int]) -> None:
        """Untick these classes."""
        self._hidden = values
        self._redraw()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """One per class."""
        return 0 if parent is not None and parent.isValid() else len(self._rows.rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Always the same; the mean is hidden where there is no time."""
        return 0 if parent is not None and parent.isValid() else len(_HEADERS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole
    ) -> Any:  # noqa: ANN401 - Qt's
        """Names of the columns."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == _Role.DisplayRole:
            if section == _SIZE and self._rows.frames > 1:
                return f"Size, time {self._frame}"
            return _HEADERS[section]
        if role == _Role.ToolTipRole:
            return _TOOLTIPS[section]
        if role == _Role.TextAlignmentRole:
            return _LEFT if section in (_NAME, _CONFIDENCE) else _RIGHT
        return None

    def data(self, index: QModelIndex, role: int = _Role.DisplayRole) -> Any:  # noqa: ANN401
        """What a cell shows and says."""
        row = self._rows.rows[index.row()]
        column = index.column()
        found = _CELLS.get(role)
        if found is not None:
            return found(row, self._frame)
        if role == _Role.DisplayRole:
            return self._text(row, column)
        if role == _Role.TextAlignmentRole:
            return _LEFT if column in (_NAME, _CONFIDENCE) else _RIGHT
        if column != _NAME:
            return None
        if role == _Role.DecorationRole:
            colour = row.entry.colour
            if colour not in self._swatches:
                self._swatches[colour] = _swatch(colour)
            return self._swatches[colour]
        if role == _Role.CheckStateRole:
            hidden = row.entry.value in self._hidden
            return Qt.CheckState.Unchecked if hidden else Qt.CheckState.Checked
        return None

    def setData(
        self,
        index: QModelIndex,
        value: Any,  # noqa: ANN401 - Qt's
        role: int = _Role.EditRole,
    ) -> bool:
        """Only the tick can be changed."""
        if role != _Role.CheckStateRole or index.column() != _NAME:
            return False
        shown = Qt.CheckState(value) == Qt.CheckState.Checked
        self.shown_changed.emit(self._rows.rows[index.row()].entry.value, shown)
        return True

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Whole rows are selected."""
        usual = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return usual | Qt.ItemFlag.ItemIsUserCheckable if index.column() == _NAME else usual

    def _text(self, row: ClassRow, column: int) -> str:
        if column == _NAME:
            return row.entry.name
        if column == _SIZE:
            return row.size_text(self._frame)
        if column == _MEAN:
            return row.mean_text()
        if column == _PARTS:
            return str(row.frame_components[self._frame])
        return row.confidence_text()

    def _redraw(self) -> None:
        if self._rows.rows:
            last = self.index(len(self._rows.rows) - 1, len(_HEADERS) - 1)
            self.dataChanged.emit(self.index(0, 0), last)


class ClassTable(QTableView):
    """The view of it.

    Signals:
        asked_for: The user clicked the class of this value, or pressed Enter on it.
    """

    asked_for = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows_model = ClassTableModel(self)
        self.setModel(self.rows_model)
        described(self, "Classes", "One row per class; Enter goes to it, Space shows or hides it.")
        self.setToolTip("")  # the cells have their own
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)  # Tab leaves the table
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(self.fontMetrics().horizontalAdvance("0000"))
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Fixed)
        # Beside the name, where it stays in sight whatever must be scrolled to.
        header.moveSection(_CONFIDENCE, _NAME + 1)
        header.sectionResized.connect(self._on_resized)
        self._ticked = False
        self.clicked.connect(self._on_clicked)
        self.rows_model.shown_changed.connect(self._on_ticked)
        self.show_rows(ClassRows())

    def show_rows(self, rows: ClassRows) -> None:
        """Show these classes."""
        self.rows_model.set_rows(rows)
        self.setColumnHidden(_MEAN, rows.frames == 1)
        lines = min(max(len(rows.rows), _FEWEST_ROWS), _MOST_ROWS)
        height = self.horizontalHeader().sizeHint().height()
        height += lines * self.verticalHeader().defaultSectionSize() + 2 * self.frameWidth()
        self.setMinimumHeight(height)
        self.setMaximumHeight(height)
        self._fit_names()
        if rows.rows and not self.currentIndex().isValid():
            self.selectRow(0)

    @property
    def value(self) -> int | None:
        """The value of the selected class."""
        rows = self.rows_model.rows.rows
        current = self.currentIndex().row()
        return rows[current].entry.value if 0 <= current < len(rows) else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter goes to the class, Space ticks it, wherever in its row the cursor is."""
        value = self.value
        if value is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.asked_for.emit(value)
        elif value is not None and event.key() == Qt.Key.Key_Space:
            index = self.rows_model.index(self.currentIndex().row(), _NAME)
            ticked = self.rows_model.data(index, _Role.CheckStateRole) == Qt.CheckState.Checked
            self.rows_model.shown_changed.emit(value, not ticked)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click that ticks a box does not go to the class; only its end tells which it is."""
        self._ticked = False
        super().mousePressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The names take what the figures leave."""
        super().resizeEvent(event)
        self._fit_names()

    def _on_resized(self, column: int) -> None:
        if column != _NAME:
            self._fit_names()

    def _fit_names(self) -> None:
        figures = sum(self.columnWidth(n) for n in range(len(_HEADERS)) if n != _NAME)
        least = self.fontMetrics().horizontalAdvance("n") * _FEWEST_LETTERS
        room = self.viewport().width()
        # A left and a right kidney must be told apart before parts are counted: sizes and parts
        # are scrolled to, names are cut only for the confidence.
        named = min(self.sizeHintForColumn(_NAME), room - self.columnWidth(_CONFIDENCE))
        self.setColumnWidth(_NAME, max(least, named, room - figures))

    def _on_ticked(self) -> None:
        self._ticked = True

    def _on_clicked(self, index: QModelIndex) -> None:
        if self._ticked:
            return
        self.asked_for.emit(self.rows_model.rows.rows[index.row()].entry.value)


def _swatch(colour: Colour) -> QIcon:
    """A square of a colour, with an edge that shows it on any background."""
    picture = QPixmap(32, 32)
    picture.fill(QColor(*colour))
    painter = QPainter(picture)
    painter.setPen(QColor(128, 128, 128))
    painter.drawRect(0, 0, 31, 31)
    painter.end()
    return QIcon(picture)


_CELLS: dict[int, Callable[[ClassRow, int], str]] = {
    _Role.ToolTipRole: lambda row, frame: row.sentence(),
    _Role.AccessibleDescriptionRole: lambda row, frame: row.sentence(),
}
