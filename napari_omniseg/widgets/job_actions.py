"""The buttons of the selected job, each pressable only where it applies."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QMenu, QWidget

from napari_omniseg.models.job_results import JobResult
from napari_omniseg.models.job_rows import Action, JobRow
from napari_omniseg.widgets.controls import button

_TOOLTIPS: Mapping[Action, str] = MappingProxyType(
    {
        Action.PAUSE: "Stop at the next place where the job can go on from exactly.",
        Action.RESUME: "Let the job go on from its last checkpoint, at its place in the queue.",
        Action.CANCEL: "Stop within two seconds; what was done until the last checkpoint stays.",
        Action.REMOVE: "Take the job away with all its files. Asks first. Key: Delete.",
    }
)
_A_ROW = 4


class JobActions(QWidget):
    """Signals only; the panel acts.

    Signals:
        asked: What to ask of the job.
        open_result: One of its results.
        open_folder: Its folder is to be shown.
        copy_id: Its id is to be copied.
        again: A form is to be filled with what it was asked.
    """

    asked = Signal(object)
    open_result = Signal(object)
    open_folder = Signal()
    copy_id = Signal()
    again = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._results: tuple[JobResult, ...] = ()
        self.buttons = {
            action: button(action.capitalize(), tooltip) for action, tooltip in _TOOLTIPS.items()
        }
        for action, pressed in self.buttons.items():
            pressed.clicked.connect(lambda _checked=False, one=action: self.asked.emit(one))
        self.result = button(
            "Open", "Show what the job made: masks in the viewer, pages in the browser."
        )
        self.result.clicked.connect(self._open_only)
        self.menu = QMenu(self)
        self.folder = button("Folder", "Show the job's folder in the desktop's file manager.")
        self.folder.clicked.connect(self.open_folder)
        self.copy = button("Copy id", "Copy the job's name, for `omniseg jobs` in a terminal.")
        self.copy.clicked.connect(self.copy_id)
        self.repeat = button("Again", "Fill a new job's form with what this job was asked.")
        self.repeat.clicked.connect(self.again)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        for place, pressed in enumerate(self.buttons.values()):
            grid.addWidget(pressed, 0, place)
        for place, pressed in enumerate((self.result, self.folder, self.copy, self.repeat)):
            grid.addWidget(pressed, 1, place)
        for place in range(_A_ROW):
            grid.setColumnStretch(place, 1)
        self.put(None, busy=False)

    def put(self, row: JobRow | None, *, busy: bool) -> None:
        """Enable what applies.

        Args:
            row: The selected job; None if none is.
            busy: Whether something is being asked right now.
        """
        for action, pressed in self.buttons.items():
            pressed.setEnabled(row is not None and not busy and action in row.actions)
        for pressed in (self.folder, self.copy):
            pressed.setEnabled(row is not None)
        self.repeat.setEnabled(row is not None and row.state is not None)
        self.result.setEnabled(row is not None and bool(self._results))

    def offer(self, results: tuple[JobResult, ...]) -> None:
        """Offer these to be opened; several are offered in a menu."""
        if results == self._results:
            return
        self._results = results
        self.menu.clear()
        for result in results:
            shown = self.menu.addAction(result.name)
            shown.setToolTip(str(result.path))
            shown.triggered.connect(lambda _checked=False, one=result: self.open_result.emit(one))
        self.result.setMenu(self.menu if len(results) > 1 else None)

    def _open_only(self) -> None:
        if len(self._results) == 1:
            self.open_result.emit(self._results[0])
