"""``omniseg benchmark latency``, ``training`` and ``volume``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from omniseg_backend.cli.benchmark_documents import BenchmarkLatencyDocument
from omniseg_backend.cli.benchmark_latency import ratios
from tests.cli.conftest import Omniseg, assert_one_sentence, document
from tests.cli.test_cli_train_bad_input import WITHOUT_TORCH

ROW = {"parameters": 1, "flops": 1, "median_ms": 9.0, "spread_ms": 0.0, "peak_share": 0.5}
MACHINE = {"os": "x", "cpu": "x", "threads": 1, "versions": {}}


def test_a_short_scan_is_measured(omniseg: Omniseg) -> None:
    content = document(
        omniseg("benchmark", "volume", "--side", 64, "--slices", 3, "--threads", 1, "--json")
    )
    assert (content["model"], content["side"]) == ("demo-abdominal-ct-compact", 64)
    (row,) = content["rows"]
    assert row["slices"] == 3
    assert set(row["stages"]) == set(row["shares"])
    assert content["line"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("latency", "--size", "256,100"), ("--size", "16")),
        (("latency", "--size", "wide"), ("--size", "wide")),
        (("training", "--size", "100"), ("--size", "16")),
        (("volume", "--slices", "50,0"), ("--slices", "50,0")),
    ],
)
def test_sizes_that_cannot_be_are_refused(
    omniseg: Omniseg, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    assert_one_sentence(omniseg("benchmark", *arguments), 2, *words)


def test_training_steps_are_measured_in_turns(omniseg: Omniseg) -> None:
    pytest.importorskip("torch", reason="training needs the extra 'train'")
    networks = ("--network", "compact", "--network", "cmunext-s")
    sizes = ("--size", 32, "--batch-size", 2, "--rounds", 1, "--threads", 1)
    content = document(omniseg("benchmark", "training", *networks, *sizes, "--json"))
    assert [row["model"] for row in content["rows"]] == ["compact", "cmunext-s"]
    assert all(row["times_unet"] is None for row in content["rows"])


def test_a_variant_is_compared_with_the_peer_of_its_price() -> None:
    timings = [("compact", 256, 20.0), ("cmunext-s", 256, 50.0), ("balanced", 256, 60.0)]
    rows = [{"model": m, "size": s, "min_ms": t, **ROW} for m, s, t in timings]
    told = BenchmarkLatencyDocument.model_validate(
        {"machine": {**MACHINE, "matmul_gflops": 1.0}, "rounds": 1, "rows": rows}
    )
    assert list(ratios(told)) == ["compact at 256: 0.40 of cmunext-s's time, fastest runs."]


@pytest.mark.parametrize("benchmark", ["latency", "training"])
def test_a_missing_torch_is_told_with_its_remedy(benchmark: str, tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, "benchmark", benchmark],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 3, finished.stderr
    assert 'pip install "napari-omniseg[train]"' in finished.stderr
    assert "Traceback" not in finished.stderr


def test_the_memory_of_a_batch_is_watched(omniseg: Omniseg) -> None:
    sizes = ("--images", 3, "--side", 32, "--slices", 1, "--workers", 1)
    content = document(omniseg("benchmark", "batch", *sizes, "--json"))
    assert [row["images"] for row in content["memory"]] == [1, 2, 3]
    first, last = content["memory"][0]["bytes"], content["memory"][-1]["bytes"]
    # The command and one process with ONNX Runtime.
    assert min(first, last) > 60e6
    assert content["growth_bytes"] == 0  # of fewer than 21 images nothing can be said
    assert content["workers"] == 1
