"""From a recipe and options to the settings of a training run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omniseg_backend.cli.bundle_choice import bundle_path
from omniseg_backend.cli.model_values import model_values
from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.datasets.json_files import read_json_object
from omniseg_backend.networks.architecture import NAMED_VARIANTS
from omniseg_backend.training.settings import TrainingSettings


def training_settings(
    dataset: Path, recipe: Path | None, typed: Mapping[str, object]
) -> TrainingSettings:
    """Put a run's settings together; what was given on the command line overrides the recipe.

    Args:
        dataset: The data set's folder.
        recipe: A JSON file with any of the fields of ``TrainingSettings`` but ``dataset``.
        typed: What ``with_options`` handed the command; None means not given.

    Raises:
        DataError: The recipe cannot be read or holds a wrong value.
        UsageError: An option has a wrong value.
    """
    initial = typed.get("initial_bundle")
    settings = model_values(
        TrainingSettings,
        {**typed, "initial_bundle": None if initial is None else bundle_path(str(initial))},
        fixed={"dataset": dataset},
        recipe=None if recipe is None else read_recipe(recipe),
        recipe_name=recipe,
    )
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
