"""The table of all jobs."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from types import MappingProxyType

from qtpy.QtCore import QAbstractTableModel, QItemSelection, QModelIndex, QObject, Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from napari_omniseg.models.job_rows import JobRow, when
from napari_omniseg.models.wrapping import breakable
from napari_omniseg.widgets.controls import described

_Text = Callable[[JobRow], str]

_COLUMNS: Mapping[str, _Text] = MappingProxyType(
    {
        "State": lambda row: row.status,
        "Job": lambda row: row.title,
        "When": lambda row: when(row.created),
        "Left": lambda row: row.left,
    }
)
_MEANINGS = (
    "Where the job stands.",
    "What it is; made from its settings where nobody named it.",
    "When it was submitted.",
    "Until its present stage ends.",
)
#: What the tooltip of a line tells.
_TOLD: Mapping[str, _Text] = MappingProxyType(
    {
        "State": lambda row: row.status,
        "Job": lambda row: row.title,
        "Kind": lambda row: row.kind,
        "Submitted": lambda row: when(row.created),
        "Done": lambda row: "" if row.percent is None else f"{row.percent} %",
        "Stage": lambda row: row.stage,
        "Left": lambda row: row.left,
    }
)
#: The longest texts that usually stand in a column; the job has the rest of the width.
_WIDEST = MappingProxyType({"State": "⚠ interrupted", "When": "today 00:00", "Left": "59 min"})
_LINES_SHOWN = 7
#: Of a job, in the narrowest panel: some of its beginning and of its end.
_JOB_LETTERS = 14


class JobTableModel(QAbstractTableModel):
    """The lines; a table asks only for those that it shows, so hundreds cost no more than ten."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[JobRow, ...] = ()

    def put(self, rows: tuple[JobRow, ...]) -> bool:
        """Show these; gives whether other jobs are shown than before."""
        if [row.id for row in rows] != [row.id for row in self.rows]:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()
            return True
        before, self.rows = self.rows, rows
        changed = [place for place, row in enumerate(rows) if row != before[place]]
        if changed:
            last = len(_COLUMNS) - 1
            self.dataChanged.emit(self.index(changed[0], 0), self.index(changed[-1], last))
        return False

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """How many jobs."""
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """How many columns."""
        return 0 if parent is not None and parent.isValid() else len(_COLUMNS)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A cell's text, or all of its line as a tooltip."""
        row = self.rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return list(_COLUMNS.values())[index.column()](row)
        if role == Qt.ItemDataRole.ToolTipRole:
            told = ((name, text(row)) for name, text in _TOLD.items())
            lines = [f"{name}: {text}" for name, text in told if text]
            lines += [row.problem] if row.problem != row.stage else []
            # Rich text, which alone wraps in a tooltip.
            return "<br>".join(html.escape(breakable(line)) for line in lines)
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        """A column's name and meaning."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return list(_COLUMNS)[section]
        return _MEANINGS[section] if role == Qt.ItemDataRole.ToolTipRole else None


class JobTable(QTableView):
    """Shows jobs, newest first; one is selected, and stays so while the list changes.

    Signals:
        chosen: The id of the job that was selected; empty where none is.
        remove_wanted: Delete was pressed.
    """

    chosen = Signal(str)
    remove_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        described(self, "jobs", "All your jobs on this machine, newest first.")
        # The table's own tooltip would hide those of its lines.
        self.setToolTip("")
        self.table = JobTableModel(self)
        self.setModel(self.table)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        # Tab leaves the table; the arrows move in it.
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        line = self.fontMetrics().lineSpacing()
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(round(1.5 * line))
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        # Jobs of one model differ at the end, where the data set stands.
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header.setMinimumSectionSize(0)
        character = self.fontMetrics().averageCharWidth()
        least = _JOB_LETTERS * character + self.verticalScrollBar().sizeHint().width()
        for place, name in enumerate(_COLUMNS):
            if name in _WIDEST:
                width = self.fontMetrics().horizontalAdvance(_WIDEST[name]) + 2 * character
                header.resizeSection(place, width)
                least += width
            else:
                header.setSectionResizeMode(place, QHeaderView.ResizeMode.Stretch)
        self.setMinimumWidth(least)
        self.setMinimumHeight(round((_LINES_SHOWN + 2) * 1.5 * line))
        self._chosen = ""

    @property
    def chosen_row(self) -> JobRow | None:
        """The selected job; None where none is."""
        return next((row for row in self.table.rows if row.id == self._chosen), None)

    def put(self, rows: tuple[JobRow, ...]) -> None:
        """Show these jobs."""
        if self.table.put(rows):
            self._select_again()

    def choose(self, job: str) -> None:
        """Select a job; one that is not listed yet is selected when it is."""
        self._chosen = job
        self._select_again()
        self.chosen.emit(job)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete asks for the job's removal; all other keys move in the table."""
        if event.key() == Qt.Key.Key_Delete:
            self.remove_wanted.emit()
        else:
            super().keyPressEvent(event)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        """A user has clicked, or moved with the arrows."""
        super().selectionChanged(selected, deselected)
        places = self.selectionModel().selectedRows()
        job = self.table.rows[places[0].row()].id if places else ""
        if job and job != self._chosen:
            self._chosen = job
            self.chosen.emit(job)

    def _select_again(self) -> None:
        for place, row in enumerate(self.table.rows):
            if row.id == self._chosen:
                self.selectRow(place)
                return
        self.clearSelection()
