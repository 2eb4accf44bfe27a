"""Tables as every command prints them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.table import Table

from omniseg_backend.common.plain_text import one_line

#: What stands where there is nothing to say.
MISSING = "-"


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    title: str | None = None,
    numbers: Sequence[str] = (),
) -> Table:
    """A table without frills.

    Args:
        headings: One per column.
        rows: Cells as text; control characters are shown by their numbers.
        title: What stands above.
        numbers: The headings whose columns are aligned to the right.
    """
    made = Table(
        title=title and one_line(title), title_justify="left", box=box.SIMPLE, pad_edge=False
    )
    for heading in headings:
        made.add_column(one_line(heading), justify="right" if heading in numbers else "left")
    for row in rows:
        made.add_row(*map(one_line, row))
    return made


def decimals(value: float | None, places: int = 3) -> str:
    """A number with so many decimals, or a dash."""
    return MISSING if value is None else f"{value:.{places}f}"
