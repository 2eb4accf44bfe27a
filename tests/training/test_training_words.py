"""What a training tells as it goes on."""

from __future__ import annotations

from pathlib import Path

from omniseg_backend.training.run import run_training
from omniseg_backend.training.settings import Budget
from tests.training.conftest import toy_settings


def test_dice_is_told_once_it_was_measured_and_as_the_best(toy: Path, tmp_path: Path) -> None:
    told: list[str] = []
    settings = toy_settings(toy, budget=Budget(steps=4), validations=2)
    finished = run_training(
        settings, tmp_path / "run", progress=lambda stage, _fraction: told.append(stage)
    )
    steps = [stage for stage in told if stage.startswith("training, step")]
    assert len(steps) == 4
    assert not any("Dice" in stage for stage in steps[:2])
    first = finished.checkpoint.state.history[0].dice
    assert all(f"best validation Dice {first:.3f}, " in stage for stage in steps[2:])
