"""Settings from a recipe and options: what wins, and what each option becomes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from omniseg_backend.cli.training_options import budget, input_size, training_settings
from omniseg_backend.networks.architecture import Variant
from omniseg_backend.training.settings import Budget, TrainingSettings


def test_nothing_given_leaves_the_defaults(tmp_path: Path) -> None:
    given = {"variant": None, "batch_size": None, "budget": None}
    assert training_settings(tmp_path, None, given) == TrainingSettings(dataset=tmp_path)


def test_options_override_the_recipe(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.json"
    recipe.write_text(
        json.dumps({"variant": "accurate", "seed": 3, "budget": {"minutes": 9}, "patience": 4})
    )
    settings = training_settings(
        tmp_path, recipe, {"variant": Variant.BALANCED, "seed": None, "budget": {"steps": 7}}
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


@pytest.mark.parametrize(
    ("text", "size"), [(None, None), ("64", (64, 64)), ("256x320", (256, 320))]
)
def test_a_size_is_height_and_width(text: str | None, size: tuple[int, int] | None) -> None:
    assert input_size(text) == size


def test_a_budget_is_one_of_three() -> None:
    assert budget(None, None, None) is None
    assert budget(None, 1.5, None) == {"minutes": 1.5}
