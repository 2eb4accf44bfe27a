"""Entries that differ at their ends are told apart in a narrow box."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QPoint
from qtpy.QtGui import QHelpEvent
from qtpy.QtWidgets import QApplication, QToolTip

from napari_omniseg.models.catalogue import OfferedTask, read_catalogue
from napari_omniseg.models.tasks import told_apart
from napari_omniseg.widgets.eliding_box import ElidingBox

_TITLES = ("DEMO: abdominal organs in CT phantoms", "DEMO: abdominal organs in MRI phantoms")


def test_a_narrow_box_shows_both_ends_and_tells_all_of_it(qtbot) -> None:
    box = ElidingBox()
    qtbot.addWidget(box)
    box.addItems(_TITLES)
    box.setToolTip("What to look for.")
    box.resize(223, box.sizeHint().height())
    box.show()
    shown = set()
    for row in range(2):
        box.setCurrentIndex(row)
        assert "…" in box.shown_text()
        assert box.shown_text().startswith("DEMO: ")
        assert box.shown_text().endswith(("CT phantoms", "MRI phantoms")[row])
        shown.add(box.shown_text())
        where = QPoint(5, 5)
        QApplication.sendEvent(box, QHelpEvent(QEvent.Type.ToolTip, where, box.mapToGlobal(where)))
        assert _TITLES[row] in QToolTip.text()
        assert "What to look for." in QToolTip.text()
    assert len(shown) == 2
    box.resize(600, box.height())
    assert box.shown_text() == _TITLES[1]


def test_tasks_of_one_title_are_told_apart_by_modality() -> None:
    tasks = {task.title: task for task in read_catalogue().tasks}
    first, second = (tasks[title] for title in _TITLES)
    assert told_apart((first, second)) == {first.id: first.title, second.id: second.title}
    alike = tuple(
        OfferedTask(task.id, "Organs", task.demo, task.needs_region, task.models)
        for task in (first, second)
    )
    assert list(told_apart(alike).values()) == ["Organs, CT", "Organs, MRI"]
