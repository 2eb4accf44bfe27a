"""What a user of the Jobs panel sees and does."""

from __future__ import annotations

from qtpy.QtCore import QItemSelectionModel, Qt
from qtpy.QtWidgets import QPushButton

from napari_omniseg.panels.jobs_view import JobsView

#: Processes start and stop meanwhile, on a machine that may be busy.
PATIENCE = 60_000


def titles(view: JobsView) -> list[str]:
    return [row.title for row in view.table.table.rows]


def status(view: JobsView, job: str) -> str:
    return next((row.status for row in view.table.table.rows if row.id == job), "")


def choose(view: JobsView, job: str) -> None:
    """As a click on its line does."""
    place = [row.id for row in view.table.table.rows].index(job)
    flags = QItemSelectionModel.SelectionFlag
    view.table.selectionModel().select(
        view.table.table.index(place, 0), flags.ClearAndSelect | flags.Rows
    )


def press(qtbot, pressed: QPushButton) -> None:
    assert pressed.isEnabled()
    qtbot.mouseClick(pressed, Qt.MouseButton.LeftButton)
