"""Minutes as they are typed: nothing is dropped in silence, and nothing starts on a guess."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_omniseg.panels.fine_tuning_start import StartSection


@pytest.fixture
def section(qtbot, plugin_preferences) -> Iterator[StartSection]:
    window = QWidget()
    made = StartSection()
    QVBoxLayout(window).addWidget(made)
    qtbot.addWidget(window)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    yield made
    window.hide()


@pytest.mark.parametrize(
    ("typed", "value"),
    [("-5", 1), ("2.5", 2), ("2,5", 2), ("99999999", 10080), ("0", 1), ("1e9", 10080)],
)
def test_what_cannot_be_taken_is_told_and_not_started_with(
    section: StartSection, qtbot, typed: str, value: int
) -> None:
    asked: list[int] = []
    section.start_clicked.connect(lambda: asked.append(section.minutes.value()))
    section.minutes.setFocus()
    section.minutes.selectAll()
    qtbot.keyClicks(section.minutes, typed)
    assert section.minutes.text() == typed
    section.start.setFocus(Qt.FocusReason.MouseFocusReason)
    qtbot.mouseClick(section.start, Qt.MouseButton.LeftButton)
    assert section.minutes.value() == value
    assert section.minutes.text() == str(value)
    assert f"“{typed}” is no whole number from 1 to 10080" in section.corrected.text()
    assert asked == []
    qtbot.mouseClick(section.start, Qt.MouseButton.LeftButton)
    assert asked == [value]
    assert section.corrected.isHidden()


@pytest.mark.parametrize("typed", ["", "soon", "nan"])
def test_what_is_no_number_leaves_the_one_before(section: StartSection, qtbot, typed: str) -> None:
    section.minutes.setValue(12)
    section.minutes.setFocus()
    section.minutes.selectAll()
    qtbot.keyClick(section.minutes, Qt.Key.Key_Delete)
    qtbot.keyClicks(section.minutes, typed)
    section.model.setFocus()
    assert section.minutes.value() == 12
    assert section.corrected.isVisible()


def test_a_whole_number_is_taken_at_once(section: StartSection, qtbot) -> None:
    asked: list[int] = []
    section.start_clicked.connect(lambda: asked.append(section.minutes.value()))
    section.minutes.setFocus()
    section.minutes.selectAll()
    qtbot.keyClicks(section.minutes, "45")
    qtbot.mouseClick(section.start, Qt.MouseButton.LeftButton)
    assert asked == [45]
    assert section.corrected.isHidden()
