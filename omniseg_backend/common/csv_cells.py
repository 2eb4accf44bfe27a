"""CSV that a spreadsheet program opens as text: no cell becomes a formula or steers a terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from omniseg_backend.common.plain_text import one_line

#: What Excel, LibreOffice and Google Sheets begin a formula with (OWASP, "CSV Injection"), the
#: wide forms of East Asian keyboards too. Tab and carriage return are passed over before it.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV (RFC 4180, lines end with LF), every cell harmless and on one line.

    Args:
        rows: Cells; figures as text too.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    for row in rows:
        writer.writerow([harmless(one_line(cell)) for cell in row])
    return stream.getvalue()


def harmless(cell: str) -> str:
    """The cell, with an apostrophe before it where a program would calculate it.

    Spreadsheets show the apostrophe of a file as it is; it says that text follows.
    """
    if cell.startswith(_FORMULA_STARTS) or cell.lstrip(" ").startswith(_FORMULA_STARTS):
        return f"'{cell}"
    return cell
