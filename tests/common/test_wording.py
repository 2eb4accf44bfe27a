"""Numbers in sentences."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from omniseg_backend.common.wording import counted, span

#: ``{some.number} nouns``: right for every number but one.
_UNCOUNTED = re.compile(
    r"(?:%d|\{[^{}]+\}) (?:steps|cases|patients|channels|images|planes|windows|threads|runs|"
    r"folds|frames|axes|slices|volumes|inputs|time points|training images|test images|pages|"
    r"masks|files|validations|entries)\b"
)
#: Said only of more than one, and a sentence that is written anew with the command's options.
_RIGHT = (
    "slices at one place",
    "{len(places[0])} slices",
    "whether they are slices",
    "LARGEST_FOLDER",
)


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 steps"), (1, "1 step"), (2, "2 steps"), (11, "11 steps")]
)
def test_one_is_singular(number: int, text: str) -> None:
    assert counted(number, "step") == text


def test_some_plurals_are_their_own() -> None:
    assert counted(1, "axis", "axes") == "1 axis"
    assert counted(3, "axis", "axes") == "3 axes"


def test_a_range_of_one_value_is_that_value() -> None:
    assert span(100, 200) == "100 to 200"
    assert span(256.0, 256.0) == "256"
    assert span(1.26, 1.2604, digits=3) == "1.26"


def test_sentences_count_through_one_function(repository: Path) -> None:
    found = [
        f"{path.name}:{number}: {line.strip()}"
        for path in sorted((repository / "omniseg_backend").rglob("*.py"))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if _UNCOUNTED.search(line) and not any(words in line for words in _RIGHT)
    ]
    assert found == []
