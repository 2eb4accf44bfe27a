"""A training killed at any moment ends as if it had not been."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from omniseg_backend.bundles.store import Bundle, load_bundle
from omniseg_backend.common.errors import CancelledError, DataError
from omniseg_backend.training.run import run_folder, run_training
from tests.training.conftest import toy_settings, write_toy

RUNNER = Path(__file__).with_name("run_toy.py")
KILLS = 5


def run(dataset: Path, target: Path, lines: int | None = None) -> int:
    """Start the training; SIGKILL it after so many lines of progress. Gives the lines seen."""
    command = [sys.executable, "-W", "ignore", str(RUNNER), str(dataset), str(target)]
    seen = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in process.stdout:
            seen += 1
            if seen == lines:
                process.kill()
                break
    if lines is None:
        assert process.returncode == 0
    return seen


def what_counts(bundle: Bundle) -> tuple:
    """All that may not differ: weights, thresholds, measured Dice; not times."""
    manifest = bundle.manifest
    return (
        bundle.model_bytes(),
        manifest.temperature,
        manifest.review,
        manifest.training.steps,
        manifest.training.negatives_share,
        bundle.card.evaluations,
    )


@pytest.mark.timeout(900)
def test_killed_runs_end_equal(toy, tmp_path):
    straight = tmp_path / "straight.omniseg"
    total = run(toy, straight)
    killed = tmp_path / "killed.omniseg"
    cuts = np.random.default_rng(20).integers(1, total, KILLS)
    for cut in cuts:
        run(toy, killed, lines=int(cut))
        leftovers = [path.name for path in tmp_path.iterdir() if path.suffix == ".omniseg"]
        assert killed.exists() or leftovers == ["straight.omniseg"]
        if killed.exists():
            break
    if not killed.exists():
        run(toy, killed)
    assert what_counts(load_bundle(killed)) == what_counts(load_bundle(straight))


class _Stop:
    """Set after so many questions."""

    def __init__(self, after: int) -> None:
        self.left = after

    def is_set(self) -> bool:
        self.left -= 1
        return self.left < 0


def test_a_cancelled_run_goes_on_to_the_same_state(toy, tmp_path):
    settings = toy_settings(toy)
    straight = run_training(settings, tmp_path / "a.run", progress=lambda *_: None)
    with pytest.raises(CancelledError):
        run_training(settings, tmp_path / "b.run", progress=lambda *_: None, cancel=_Stop(after=14))
    resumed = run_training(settings, tmp_path / "b.run", progress=lambda *_: None)
    assert resumed.checkpoint.state == straight.checkpoint.state
    for name, value in straight.checkpoint.model.items():
        assert np.array_equal(value.numpy(), resumed.checkpoint.model[name].numpy()), name


def test_a_run_of_another_kind_is_not_continued(toy, tmp_path):
    folder = run_folder(tmp_path / "toy.omniseg")
    run_training(toy_settings(toy), folder, progress=lambda *_: None)
    with pytest.raises(DataError, match="seed was 0"):
        run_training(toy_settings(toy, seed=1), folder, progress=lambda *_: None)
    other = write_toy(tmp_path / "other", patients=9)
    with pytest.raises(DataError, match="images or masks were others"):
        run_training(toy_settings(other), folder, progress=lambda *_: None)


def test_two_processes_train_one_bundle(toy, tmp_path):
    target = tmp_path / "parallel.omniseg"
    command = [sys.executable, "-W", "ignore", str(RUNNER), str(toy), str(target), "2"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert ended.returncode == 0, ended.stderr[-2000:]
    record = load_bundle(target).manifest.training
    assert record.steps > 0
    assert record.threads == 1
