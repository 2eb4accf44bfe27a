"""The list of tasks: what fits the image first, the rest grey with its reason."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtGui import QStandardItem, QStandardItemModel
from qtpy.QtWidgets import QWidget

from napari_omniseg.models.card_tip import card_tip
from napari_omniseg.models.tasks import TaskFit, TaskList, told_apart
from napari_omniseg.widgets.eliding_box import ElidingBox

_HEADING_FITS = "Fit this image"
_HEADING_DEMO = "DEMO: trained on phantoms"
_HEADING_OTHERS = "Do not fit this image"


class TaskBox(ElidingBox):
    """Tasks under headings; each has its model card as tooltip, or why it cannot be chosen.

    Signals:
        task_changed: The user, or another image, chose another task.
    """

    task_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText("choose what to look for")
        self._model = QStandardItemModel(self)
        self.setModel(self._model)
        self._help = ""
        self.activated.connect(self._on_activated)

    @property
    def task_id(self) -> str | None:
        """Id of the chosen task."""
        found = self.currentData(Qt.ItemDataRole.UserRole)
        return None if found is None else str(found)

    def fill(self, tasks: TaskList, wanted: str | None) -> None:
        """Show the tasks beside another image.

        Args:
            tasks: All of them.
            wanted: The one to keep if it fits.
        """
        groups = {
            _HEADING_FITS: [f for f in tasks.fits if f.fits and not f.task.demo],
            _HEADING_DEMO: [f for f in tasks.fits if f.fits and f.task.demo],
            _HEADING_OTHERS: [f for f in tasks.fits if not f.fits],
        }
        titles = told_apart(tuple(fit.task for fit in tasks.fits))
        with QSignalBlocker(self):
            self._model.clear()
            for heading, fits in groups.items():
                if fits:
                    self._model.appendRow(_heading(heading))
                for fit in fits:
                    self._model.appendRow(_item(fit, titles[fit.task.id]))
            suggested = tasks.suggested(wanted)
            row = -1 if suggested is None else self.findData(suggested, Qt.ItemDataRole.UserRole)
            self.setCurrentIndex(row)
        self._tell_card()

    def choose(self, task_id: str) -> None:
        """Choose a task as the user would."""
        row = self.findData(task_id, Qt.ItemDataRole.UserRole)
        item = self._model.item(row) if row >= 0 else None
        if item is not None and item.isEnabled():
            self.setCurrentIndex(row)
            self._on_activated()

    def _on_activated(self) -> None:
        self._tell_card()
        self.task_changed.emit()

    def _tell_card(self) -> None:
        """The chosen task's card is the tooltip of the closed box."""
        if not self._help:
            self._help = self.toolTip()
        tip = self.currentData(Qt.ItemDataRole.ToolTipRole)
        self.setToolTip(tip if isinstance(tip, str) else self._help)


def _heading(text: str) -> QStandardItem:
    item = QStandardItem(text)
    item.setFlags(Qt.ItemFlag.NoItemFlags)
    font = item.font()
    font.setItalic(True)
    item.setFont(font)
    return item


def _item(fit: TaskFit, title: str) -> QStandardItem:
    item = QStandardItem(title)
    item.setData(fit.task.id, Qt.ItemDataRole.UserRole)
    card = card_tip(fit.task)
    if fit.reason is None:
        item.setToolTip(card)
        return item
    item.setEnabled(False)
    item.setToolTip(f"<qt>{fit.reason}</qt>")
    item.setData(fit.reason, Qt.ItemDataRole.AccessibleDescriptionRole)
    return item
