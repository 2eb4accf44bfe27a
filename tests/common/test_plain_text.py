"""What is shown of text that would steer a terminal."""

from __future__ import annotations

import pytest

from omniseg_backend.common.plain_text import one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Ja.png", "\\x1b[2Ja.png"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x00\x07\x7f", "\\x00\\x07\\x7f"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u2028b", "a\\u2028b"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\udcff.png", "\\udcff.png"),
    ],
)
def test_what_steers_is_shown_by_its_number(text: str, shown: str) -> None:
    assert one_line(text) == shown


@pytest.mark.parametrize("text", ["", "scan 1.png", "C:\\scans\\a", "Müller 頭部 ё", "👩\u200d⚕"])
def test_all_else_is_shown_as_it_is(text: str) -> None:
    assert one_line(text) == text
