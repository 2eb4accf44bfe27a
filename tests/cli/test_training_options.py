"""Settings from a recipe and options: what wins, and what each option becomes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from omniseg_backend.cli.training_options import training_settings
from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.networks.architecture import Variant
from omniseg_backend.training.settings import Budget, TrainingSettings


def test_nothing_given_leaves_the_defaults(tmp_path: Path) -> None:
    given = {"variant": None, "batch_size": None, "budget_epochs": None, "negatives": []}
    assert training_settings(tmp_path, None, given) == TrainingSettings(dataset=tmp_path)


def test_options_override_the_recipe(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.json"
    recipe.write_text(
        json.dumps({"variant": "accurate", "seed": 3, "budget": {"minutes": 9}, "patience": 4})
    )
    settings = training_settings(
        tmp_path, recipe, {"variant": "balanced", "seed": None, "budget_steps": "7"}
    )
    assert settings.variant is Variant.BALANCED
    assert settings.seed == 3
    assert settings.budget == Budget(steps=7)
    assert settings.patience == 4


def test_the_projects_own_recipes_are_valid(repository: Path, tmp_path: Path) -> None:
    recipes = sorted((repository / "docs" / "recipes").glob("*.json"))
    assert recipes
    for recipe in recipes:
        assert training_settings(tmp_path, recipe, {}).task is not None


@pytest.mark.parametrize(("text", "size"), [("64", (64, 64)), ("256x320", (256, 320))])
def test_a_size_is_height_and_width(tmp_path: Path, text: str, size: tuple[int, int]) -> None:
    assert training_settings(tmp_path, None, {"input_size": text}).input_size == size


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"input_size": "65"}, ("--input-size", "multiples of 16")),
        ({"input_size": "wide"}, ("--input-size", "wide")),
        ({"batch_size": "1"}, ("--batch-size", "found 1", "from 2 to 256")),
        ({"learning_rate": "fast"}, ("--learning-rate", "found fast", "number")),
        ({"symmetric_axes": ["depth"]}, ("--symmetric", "found depth", "'rows' or 'columns'")),
        ({"budget_steps": "3", "budget_minutes": "2"}, ("--epochs, --minutes or --steps",)),
        ({"variant": "custom"}, ("--variant", "compact, balanced, accurate")),
    ],
)
def test_a_wrong_option_is_named_with_what_it_may_be(
    tmp_path: Path, typed: dict[str, object], words: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError) as caught:
        training_settings(tmp_path, None, typed)
    for word in words:
        assert word in str(caught.value)


def test_a_wrong_value_in_a_recipe_names_the_recipe(tmp_path: Path) -> None:
    recipe = tmp_path / "mine.json"
    recipe.write_text(json.dumps({"rotation": 300}))
    with pytest.raises(DataError, match=r"mine\.json, rotation: found 300, expected .*180"):
        training_settings(tmp_path, recipe, {"seed": "1"})
