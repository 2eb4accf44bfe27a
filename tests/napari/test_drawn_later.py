"""A window whose changes are drawn in its loop's next turn is drawn again in every case."""

from __future__ import annotations

import pytest
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_omniseg.widgets.drawn_later import drawn_later


@pytest.fixture
def window(qtbot) -> QWidget:
    made = QWidget()
    QVBoxLayout(made).addWidget(QLabel("one"))
    qtbot.addWidget(made)
    made.show()
    return made


def test_changes_are_drawn_in_the_next_turn(window: QWidget, qtbot) -> None:
    label = window.findChild(QLabel)
    with drawn_later(label):
        label.setText("two")
        assert not window.updatesEnabled()
    assert not window.updatesEnabled()
    qtbot.waitUntil(window.updatesEnabled)


def test_a_failed_change_leaves_no_frozen_window(window: QWidget, qtbot) -> None:
    with pytest.raises(RuntimeError), drawn_later(window):
        raise RuntimeError
    qtbot.waitUntil(window.updatesEnabled)


def test_who_froze_the_window_before_thaws_it(window: QWidget, qtbot) -> None:
    with drawn_later(window):
        with drawn_later(window):
            pass
        assert not window.updatesEnabled()
    qtbot.waitUntil(window.updatesEnabled)
    window.setUpdatesEnabled(False)
    with drawn_later(window):
        pass
    assert not window.updatesEnabled()
