"""No cell of a CSV becomes a formula, and none is lost."""

from __future__ import annotations

import csv
import io

import pytest

from omniseg_backend.common.csv_cells import csv_text, harmless


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\uff1d"])
def test_what_a_spreadsheet_would_calculate_is_text(start: str) -> None:
    assert harmless(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@pytest.mark.parametrize("cell", ["", "a=b", "1.5", "scan-1.png", "'quoted'", " a", "ü"])
def test_all_else_stays_as_it_is(cell: str) -> None:
    assert harmless(cell) == cell


def test_rows_come_back_as_they_were() -> None:
    rows = [["a,b", 'say "x"', "C:\\a"], ["", "ü", "1"]]
    assert list(csv.reader(io.StringIO(csv_text(rows)))) == rows


def test_no_cell_steers_a_terminal_or_begins_a_line() -> None:
    assert (
        csv_text([["\x1b[2Ja.png", "two\nlines", "\t=1+1"]])
        == "\\x1b[2Ja.png,two\\nlines,\\t=1+1\n"
    )
