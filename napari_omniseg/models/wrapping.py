"""Texts that fit narrow panels: words without blanks may be broken, endless ones are cut.

Qt breaks lines at blanks and at some signs only; a name such as
``Dataset201_Heart_corrected_by_second_reader`` would widen the panel that it stands in.
"""

from __future__ import annotations

import re
import unicodedata

#: Invisible, of no width, and a place where a line may end.
BREAK = "\u200b"
#: Longer words may be broken; they also are after this many letters without a sign.
_LONG = 16
_WORD = re.compile(r"\S+")
_SIGNS = frozenset("_/\\-.,;:=")


def breakable(text: str) -> str:
    """The text with places to break its long words; ``unbroken`` gives it back."""
    return _WORD.sub(lambda found: _broken(found.group()), text)


def unbroken(text: str) -> str:
    """The text as it was before ``breakable``."""
    return text.replace(BREAK, "")


def cut(text: str, most: int) -> str:
    """At most ``most`` characters of a text, its beginning and its end; at least 3."""
    if len(text) <= most:
        return text
    end = (most - 1) // 2
    return f"{text[: most - 1 - end]}…{text[-end:]}"


def _broken(word: str) -> str:
    if len(word) <= _LONG:
        return word
    parts: list[str] = []
    run = 0
    for letter in word:
        # An accent stays on its letter.
        if run >= _LONG and not unicodedata.combining(letter):
            parts.append(BREAK)
            run = 0
        parts.append(letter)
        run += 1
        if letter in _SIGNS:
            parts.append(BREAK)
            run = 0
    return "".join(parts).removesuffix(BREAK)
