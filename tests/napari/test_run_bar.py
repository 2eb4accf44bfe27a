"""The bar appears where a run goes on, and not for one that is over at once."""

from __future__ import annotations

import pytest

from napari_omniseg.widgets.run_bar import RunBar


@pytest.fixture
def run_bar(qtbot) -> RunBar:
    made = RunBar()
    qtbot.addWidget(made)
    made.show()
    return made


def test_a_run_that_goes_on_shows_how_far_it_is(run_bar: RunBar, qtbot) -> None:
    run_bar.show_running(running=True)
    run_bar.show_progress("segmenting", 0.25)
    assert run_bar.button.text().startswith("Cancel")
    assert not run_bar.bar.isVisible()
    qtbot.waitUntil(run_bar.bar.isVisible)
    assert run_bar.bar.value() == 250
    run_bar.show_running(running=False)
    assert not run_bar.bar.isVisible()


def test_a_run_that_is_over_at_once_shows_no_bar(run_bar: RunBar) -> None:
    run_bar.show_running(running=True)
    assert run_bar._bar_due.isActive()
    run_bar.show_running(running=False)
    assert not run_bar._bar_due.isActive()
    assert not run_bar.bar.isVisible()
