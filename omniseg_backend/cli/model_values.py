"""From what was typed, and a recipe, to a settings model; a wrong value becomes one sentence."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from omniseg_backend.cli.model_options import option_fields, parameter_name
from omniseg_backend.common.complaints import expected_words, found_words, typed_words
from omniseg_backend.common.errors import DataError, OmniSegError, UsageError
from omniseg_backend.common.settings import Described, described_fields

ModelT = TypeVar("ModelT", bound=BaseModel)


def model_values(
    model: type[ModelT],
    typed: Mapping[str, object],
    *,
    fixed: Mapping[str, object] | None = None,
    recipe: Mapping[str, object] | None = None,
    recipe_name: Path | None = None,
) -> ModelT:
    """Put settings together: what was typed wins over the recipe, ``fixed`` over both.

    Args:
        model: The settings.
        typed: What ``with_options`` handed the command; None, or an empty list, is not given.
        fixed: Fields that the command states itself.
        recipe: Fields that a file states.
        recipe_name: That file, for errors.

    Raises:
        UsageError: An option has a wrong value, or two exclude each other.
        DataError: The recipe has one.
    """
    given = _given(model, typed)
    stated = {**(recipe or {}), **_nested(given), **(fixed or {})}
    try:
        return model.model_validate(stated)
    except ValidationError as error:
        raise explained(error, model, recipe_name, {field.path[0] for field in given}) from error


def explained(
    error: ValidationError,
    model: type[BaseModel],
    file: Path | None = None,
    typed: frozenset[str] | set[str] = frozenset(),
) -> OmniSegError:
    """The first of pydantic's complaints in the words of the project.

    Args:
        error: pydantic's.
        model: What was to be made.
        file: The recipe or spec that the wrong value may come from.
        typed: Fields (outermost names) that came from options.
    """
    problem = error.errors(include_url=False)[0]
    place = tuple(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return _unknown(place, model, file)
    wanted = expected_words(problem, model)
    found = found_words(problem)
    if file is None or (place and place[0] in typed):
        # What was typed is shown as it was typed.
        return UsageError(
            _option_of(model, place),
            found=typed_words(problem["input"]) if isinstance(problem["input"], str) else found,
            expected=wanted,
            remedy="correct the option",
        )
    name = ".".join(place)
    return DataError(
        f"{file}, {name}" if name else file,
        found=found,
        expected=wanted,
        remedy="correct the file",
    )


def _unknown(place: tuple[str, ...], model: type[BaseModel], file: Path | None) -> DataError:
    names = [".".join(field.path) for field in described_fields(model)]
    close = difflib.get_close_matches(".".join(place), names, n=1)
    return DataError(
        file or "the settings",
        found=f"an unknown name, {'.'.join(place)}",
        expected=f"{close[0]}, perhaps" if close else f"one of {', '.join(names)}",
        remedy="correct the file",
    )


def _given(model: type[BaseModel], typed: Mapping[str, object]) -> dict[Described, object]:
    fields = {parameter_name(field): field for field in option_fields(model)}
    return {
        fields[name]: value
        for name, value in typed.items()
        if name in fields and value is not None and value != []
    }


def _nested(given: Mapping[Described, object]) -> dict[str, Any]:
    """Values under their fields' paths; parts of one nested model replace all of it."""
    content: dict[str, Any] = {}
    for field, value in given.items():
        place = content
        for name in field.path[:-1]:
            place = place.setdefault(name, {})
        place[field.path[-1]] = value
    return content


def _option_of(model: type[BaseModel], place: tuple[str, ...]) -> str:
    fields = list(described_fields(model))
    # A list's item has its number at the end of its place.
    named = [field for field in fields if field.path == place[: len(field.path)]]
    inside = [field for field in fields if place and field.path[0] == place[0]]
    options = [f"--{field.option}" for field in named or inside]
    if not options:
        return f"--{place[0].replace('_', '-')}" if place else "the options"
    *others, last = options
    return f"{', '.join(others)} or {last}" if others else last
