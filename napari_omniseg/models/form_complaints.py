"""Which field of a form each of pydantic's complaints is about, in a sentence."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from pydantic import BaseModel, ValidationError

from omniseg_backend.common.complaints import expected_words, found_words


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
    """All of them.

    Args:
        error: pydantic's.
        model: What was to be made.
        paths: The form's fields.
    """
    known = list(paths)
    return tuple(
        Complaint(
            _shown_beside(tuple(str(part) for part in problem["loc"]), known),
            f"Found {found_words(problem)}, expected {expected_words(problem, model)}."
            if problem["type"] != "missing"
            else "This must be stated.",
        )
        for problem in error.errors(include_url=False)
    )


def _shown_beside(place: tuple[str, ...], paths: list[tuple[str, ...]]) -> tuple[str, ...]:
    """The field that holds the place, or the first of the few that it holds."""
    holding = [path for path in paths if path == place[: len(path)]]
    if holding:
        return max(holding, key=len)
    if len(place) < 2:
        # A rule of the whole settings is about no field more than about another.
        return ()
    return next((path for path in paths if path[: len(place)] == place), ())
