"""What a screen reader says of the controls of all panels: words, and no two the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractSpinBox, QScrollBar, QWidget

from napari_omniseg.panels.fine_tuning import FineTuningPanel
from napari_omniseg.panels.jobs import JobsPanel
from napari_omniseg.panels.results import ResultsPanel
from napari_omniseg.panels.segment import SegmentPanel
from napari_omniseg.widgets.controls import button
from napari_omniseg.widgets.question import Question
from napari_omniseg.widgets.sections import TextLine
from napari_omniseg.widgets.spec_form import SpecForm
from omniseg_backend.jobs.kinds import kinds
from tests.napari.results_makers import show_drawn

pytestmark = pytest.mark.usefixtures("plugin_preferences")


def controls(root: QWidget) -> list[QWidget]:
    """What the keyboard can reach, shown or hidden; not what Qt makes of a control.

    The buttons of a question are left out: they tell the question that they answer.
    """
    return [
        one
        for one in root.findChildren(QWidget)
        if one.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not one.objectName().startswith("qt_")
        and not isinstance(one, QScrollBar)
        and one.window() is root.window()
        and not isinstance(one.parent(), Question)
    ]


def faults(root: QWidget) -> list[str]:
    """Of every control that is not named, or not by a word, or as another one is."""
    names = Counter(one.accessibleName() for one in controls(root))
    wordless = [
        f"{type(one).__name__} {one.accessibleName()!r}"
        for one in controls(root)
        if not any(letter.isalpha() for letter in one.accessibleName())
    ]
    return [*wordless, *(f"{count} x {name!r}" for name, count in names.items() if count > 1)]


@pytest.mark.parametrize("panel", [SegmentPanel, FineTuningPanel, ResultsPanel])
def test_every_control_of_a_panel_has_its_own_name_in_words(
    qtbot, viewer: ViewerModel, panel: Callable[[ViewerModel], QWidget]
) -> None:
    show_drawn(viewer)
    made = panel(viewer)
    qtbot.addWidget(made)
    assert len(controls(made)) >= 10
    assert faults(made) == []
    shown = [one for one in made.findChildren(TextLine) if not isinstance(one.parent(), Question)]
    lines = [one.accessibleName() for one in shown]
    assert len(lines) == len(set(lines))
    for box in made.findChildren(QAbstractSpinBox):
        assert box.lineEdit().accessibleName() == box.accessibleName()


def test_every_control_of_the_jobs_panel_has_its_own_name_in_words(
    qtbot, viewer: ViewerModel
) -> None:
    panel = JobsPanel(viewer)
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitUntil(lambda: panel.view is not None)
    assert len(controls(panel)) >= 10
    assert faults(panel) == []
    panel.hide()


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_control_of_a_form_has_its_own_name_in_words(qtbot, kind: str) -> None:
    form = SpecForm(kinds()[kind])
    qtbot.addWidget(form)
    form.advanced.open()
    qtbot.waitUntil(lambda: form.complete)
    assert faults(form) == []


def test_the_answers_of_a_question_tell_it(qtbot) -> None:
    question = Question()
    qtbot.addWidget(question)
    question.ask("Remove it?", lambda: None, yes="Remove")
    assert question.yes.accessibleName() == "Remove"
    assert question.no.accessibleDescription() == "Remove it?"


def test_a_button_with_a_sign_is_named_by_what_it_does(qtbot) -> None:
    made = button("◀", "Show the picture before this one.")
    qtbot.addWidget(made)
    assert made.accessibleName() == "Show the picture before this one"
    assert button("&Undo", "Take it back.").accessibleName() == "Undo"
