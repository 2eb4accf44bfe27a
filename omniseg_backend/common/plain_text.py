"""Names and titles made harmless to show: one line, and nothing that steers a terminal."""

from __future__ import annotations

import unicodedata

#: Control characters (ESC among them), halves of surrogate pairs, line and paragraph ends.
_UNSHOWN = frozenset({"Cc", "Cs", "Zl", "Zp"})
#: What turns the direction of writing around, so that ``gnp.exe`` reads as ``exe.png``.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_line(text: str) -> str:
    r"""The text with its control characters as their numbers: ``\x1b``, ``\n``, ``\u202e``.

    A file may have any name and a job any title; shown as they are, they could colour, move or
    clear what a terminal shows, or begin a line that looks like one of ours.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character in _TURNING or unicodedata.category(character) in _UNSHOWN:
        return character.encode("unicode_escape").decode("ascii")
    return character
