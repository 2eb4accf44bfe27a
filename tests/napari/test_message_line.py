"""What a panel says is read in both of napari's themes."""

from __future__ import annotations

import pytest
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_omniseg.models.plot_colours import TEXT_CONTRAST, contrast, text_colour
from napari_omniseg.widgets.message_line import MessageLine
from omniseg_backend.images.classes import Colour


def drawn(line: MessageLine) -> tuple[Colour, Colour]:
    """The background of a line as it is drawn, and the colour of its words furthest from it."""
    picture = line.grab().toImage()
    found = {
        picture.pixelColor(x, y).getRgb()[:3]
        for x in range(picture.width())
        for y in range(picture.height())
    }
    ground = picture.pixelColor(picture.width() - 1, picture.height() - 1).getRgb()[:3]
    return ground, max(found, key=lambda colour: contrast(colour, ground))


@pytest.mark.parametrize("kind", ["warning", "error"])
def test_warnings_and_errors_are_read_in_every_theme(gui, plugin_preferences, qtbot, kind) -> None:
    viewer = gui()
    panel = QWidget()
    line = MessageLine()
    QVBoxLayout(panel).addWidget(line)
    viewer.window.add_dock_widget(panel)
    line.say("████ Confidence is low: look again at the liver.", kind)
    grounds = set()
    for theme in ("dark", "light", "dark"):
        viewer.theme = theme
        qtbot.wait(1)
        ground, words = drawn(line)
        grounds.add(ground)
        assert contrast(words, ground) >= TEXT_CONTRAST
    assert len(grounds) == 2


@pytest.mark.parametrize("ground", [(38, 41, 48), (235, 231, 230), (0, 0, 0), (118, 118, 118)])
def test_words_have_the_contrast_that_wcag_asks_for(ground: Colour) -> None:
    for colour in ((184, 134, 11), (224, 82, 77), ground):
        assert contrast(text_colour(colour, ground), ground) >= TEXT_CONTRAST
