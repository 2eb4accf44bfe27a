"""Long words wrap in narrow panels, endless texts are cut, and copies are as the text was."""

from __future__ import annotations

import unicodedata

import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication

from napari_omniseg.models.wrapping import BREAK, breakable, cut, unbroken
from napari_omniseg.widgets.message_line import MessageLine
from napari_omniseg.widgets.wrapping_label import WrappingLabel

NAME = "Dataset201_Heart_SiemensAvanto_corrected_by_second_reader_final"


def test_long_words_may_be_broken_after_signs_and_short_ones_stay_whole() -> None:
    assert breakable("a short well-known text.") == "a short well-known text."
    broken = breakable(f"on {NAME}")
    assert f"Dataset201_{BREAK}Heart_{BREAK}SiemensAvanto_{BREAK}" in broken
    assert unbroken(broken) == f"on {NAME}"
    assert max(len(part) for part in breakable("x" * 300).split(BREAK)) == 16


def test_accents_stay_on_their_letters() -> None:
    word = unicodedata.normalize("NFD", "é" * 60)
    assert not any(unicodedata.combining(part[0]) for part in breakable(word).split(BREAK))


@pytest.mark.parametrize("most", [3, 10, 11, 59])
def test_a_cut_text_keeps_its_ends(most: int) -> None:
    text = cut("a" * 30 + "z" * 30, most)
    assert len(text) == most
    assert (text[0], text[-1]) == ("a", "z")
    assert cut("short", most + 2) == "short"


@pytest.mark.parametrize("kind", [WrappingLabel, MessageLine])
def test_no_word_makes_a_label_wide(qtbot, kind: type[WrappingLabel]) -> None:
    label = kind()
    qtbot.addWidget(label)
    label.setText(f"{NAME} {'x' * 3000}")
    room = label.fontMetrics().averageCharWidth() * 30
    assert label.minimumSizeHint().width() < room
    label.resize(room, 50)
    assert label.text() == f"{NAME} {'x' * 3000}"


def test_what_is_copied_is_the_text_itself(qtbot) -> None:
    label = WrappingLabel(NAME)
    qtbot.addWidget(label)
    label.show()
    qtbot.mouseDClick(label, Qt.MouseButton.LeftButton, pos=label.rect().center())
    label.setSelection(0, len(breakable(NAME)))
    assert label.selectedText() == NAME
    qtbot.keyClick(label, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == NAME


def test_of_an_endless_text_the_rest_is_in_the_tooltip(qtbot) -> None:
    label = WrappingLabel(most=200)
    qtbot.addWidget(label)
    label.setText("x" * 3000)
    assert len(unbroken(label.toolTip())) == 3000 + len("<p></p>")
    label.resize(300, 10)
    assert label.heightForWidth(300) < 15 * label.fontMetrics().lineSpacing()
    label.setText("short")
    assert label.toolTip() == ""
