"""Which field of a form each of pydantic's complaints is about, in a sentence."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ValidationError

from omniseg_backend.common.complaints import expected_words, found_words

#: Of the wrong values of one field, those that are named.
_MOST_FOUND = 3


@dataclasses.dataclass(frozen=True)
class Complaint:
    """One.

    Attributes:
        path: The field that it is shown beside; empty where no field is to blame alone.
        sentence: What is wrong and what was expected.
    """

    path: tuple[str, ...]
    sentence: str


def complaints(
    error: ValidationError, model: type[BaseModel], paths: Iterable[tuple[str, ...]]
) -> tuple[Complaint, ...]:
    """All of them; of a field's items that are wrong in the same way, one.

    Args:
        error: pydantic's.
        model: What was to be made.
        paths: The form's fields.
    """
    known = list(paths)
    found: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for problem in error.errors(include_url=False):
        place = tuple(str(part) for part in problem["loc"])
        path = _shown_beside(place, known)
        if problem["type"] == "missing":
            found.setdefault((path, _missing(problem["loc"])), [])
        else:
            expected = expected_words(problem, model)
            found.setdefault((path, expected), []).append(found_words(problem))
    return tuple(
        Complaint(path, f"Found {_listed(values)}, expected {words}." if values else words)
        for (path, words), values in found.items()
    )


def _missing(place: Sequence[str | int]) -> str:
    """Of what is left out: a field, or a value of one of its items, which has no field."""
    items = [number for number, part in enumerate(place) if isinstance(part, int)]
    inside = place[items[-1] + 1 :] if items else ()
    if inside:
        return f"Each needs a value “{inside[-1]}”."
    return "This needs more values." if items else "This must be stated."


def _listed(values: list[str]) -> str:
    few = list(dict.fromkeys(values))
    if len(few) > _MOST_FOUND:
        return f"{', '.join(few[:_MOST_FOUND])} and others"
    return " and ".join([", ".join(few[:-1]), few[-1]] if len(few) > 1 else few)


def _shown_beside(place: tuple[str, ...], paths: list[tuple[str, ...]]) -> tuple[str, ...]:
    """The field that holds the place, or the first of the few that it holds."""
    holding = [path for path in paths if path == place[: len(path)]]
    if holding:
        return max(holding, key=len)
    if len(place) < 2:
        # A rule of the whole settings is about no field more than about another.
        return ()
    return next((path for path in paths if path[: len(place)] == place), ())
