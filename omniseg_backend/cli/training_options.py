"""From a recipe and options to the settings of a training run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.datasets.json_files import read_json_object
from omniseg_backend.networks.architecture import NAMED_VARIANTS
from omniseg_backend.training.settings import TrainingSettings

#: Settings whose option has another name.
_OPTIONS = {
    "budget": "--epochs, --minutes or --steps",
    "initial_bundle": "--init",
    "symmetric_axes": "--symmetric",
}
_SIZE = re.compile(r"(\d+)(?:x(\d+))?")


def training_settings(
    dataset: Path, recipe: Path | None, given: Mapping[str, Any]
) -> TrainingSettings:
    """Put a run's settings together; what was given on the command line overrides the recipe.

    Args:
        dataset: The data set's folder.
        recipe: A JSON file with any of the fields of ``TrainingSettings`` but ``dataset``.
        given: Fields from the command line; None means not given.

    Raises:
        DataError: The recipe cannot be read or holds a wrong value.
        UsageError: An option has a wrong value.
    """
    stated = {} if recipe is None else read_recipe(recipe)
    options = {name: value for name, value in given.items() if value is not None}
    content = {**stated, **options, "dataset": dataset}
    try:
        settings = TrainingSettings.model_validate(content)
    except ValidationError as error:
        raise _explained(error, recipe, options) from error
    if settings.variant not in NAMED_VARIANTS:
        raise UsageError(
            "--variant",
            found=settings.variant.value,
            expected=f"one of {', '.join(NAMED_VARIANTS)}",
            remedy="choose one of these",
        )
    return settings


def read_recipe(path: Path) -> dict[str, Any]:
    """The fields that a recipe states.

    Raises:
        DataError: It cannot be read as a JSON object, or states the data set, which the command
            line names.
    """
    content = read_json_object(path)
    if "dataset" in content:
        raise DataError(
            path,
            found="a data set's folder",
            expected="training settings without the data set",
            remedy="correct the recipe",
        )
    return content


def budget(
    epochs: int | None, minutes: float | None, steps: int | None
) -> dict[str, int | float] | None:
    """The budget that the options state, None without any.

    Raises:
        UsageError: More than one was given.
    """
    stated = {"epochs": epochs, "minutes": minutes, "steps": steps}
    given = {name: value for name, value in stated.items() if value is not None}
    if len(given) > 1:
        raise UsageError(
            _OPTIONS["budget"],
            found=" and ".join(f"--{name}" for name in given),
            expected="one of them",
            remedy="leave the others out",
        )
    return given or None


def input_size(text: str | None) -> tuple[int, int] | None:
    """Height and width from ``256`` or ``256x320``.

    Raises:
        UsageError: It is neither.
    """
    if text is None:
        return None
    match = _SIZE.fullmatch(text)
    if match is None:
        raise UsageError(
            "--input-size",
            found=repr(text),
            expected="a side such as 256, or height and width such as 256x320",
            remedy="correct the option",
        )
    return int(match[1]), int(match[2] or match[1])


def _explained(
    error: ValidationError, recipe: Path | None, options: Mapping[str, Any]
) -> UsageError | DataError:
    """The first of pydantic's complaints in the words of the project."""
    problem = error.errors(include_url=False)[0]
    field = str(problem["loc"][0]) if problem["loc"] else "input_size"
    place = ".".join(str(part) for part in problem["loc"]) or field
    wanted = problem["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    wanted = wanted[0].lower() + wanted[1:]
    value = problem["input"]
    found = repr(value) if isinstance(value, str | int | float) else f"another value in {place}"
    if field in options or recipe is None:
        return UsageError(
            _OPTIONS.get(field, f"--{field.replace('_', '-')}"),
            found=found,
            expected=wanted,
            remedy="correct the option",
        )
    return DataError(
        f"{recipe}, {place}", found=found, expected=wanted, remedy="correct the recipe"
    )
