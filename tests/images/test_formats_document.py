"""docs/formats.md names every suffix that can be read and written, and every reader's remark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import omniseg_backend.images
from omniseg_backend.images.formats import readable_suffixes
from omniseg_backend.images.writers import WRITERS


@pytest.fixture(scope="module")
def parts(repository: Path) -> tuple[str, str]:
    read, _, written = (repository / "docs/formats.md").read_text("utf-8").partition("## Written")
    return read, written


def test_every_suffix_stands_in_its_table(parts):
    read, written = (set(re.findall(r"`(\.[a-z.0-9]+)`", part)) for part in parts)
    assert read >= set(readable_suffixes())
    assert written >= {suffix for row in WRITERS for suffix in row.suffixes}
    assert written <= read  # what is written can be read back


def test_every_remark_of_a_reader_stands_in_its_table(parts):
    used = set()
    for path in Path(omniseg_backend.images.__path__[0]).glob("*.py"):
        used |= set(re.findall(r'Flag\(\s*"(\w+)"', path.read_text("utf-8")))
    assert used
    assert {code for code in used if f"`{code}`" not in parts[0]} == set()
