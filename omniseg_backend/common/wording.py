"""Numbers in sentences: one step, two steps; a range that is a single value."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: ``1 case``, ``2 cases``, ``0 axes``.

    Args:
        number: How many.
        noun: One of them.
        plural: Several, where that is not the noun with an ``s``.
    """
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def span(low: float, high: float, digits: int = 4) -> str:
    """A range as people write it: ``100 to 200``, or ``256`` where both ends read alike.

    Args:
        low: Its lower end.
        high: Its upper end.
        digits: Significant digits.
    """
    first, last = f"{low:.{digits}g}", f"{high:.{digits}g}"
    return first if first == last else f"{first} to {last}"
