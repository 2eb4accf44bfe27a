"""Data sets with enough reserved patients, and a network that was stopped too early."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from omniseg_backend.bundles.store import Bundle, load_bundle
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.datasets.records import Dataset
from tests.inference import conftest as inference_fixtures
from tests.training.conftest import write_toy

make_bundle = inference_fixtures.make_bundle

RESERVED = 8


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for the user's models and comparisons."""
    folder = tmp_path / "home"
    monkeypatch.setenv("OMNISEG_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def trained(toy_bundle: Path) -> Bundle:
    """A Compact that has learnt the toy."""
    return load_bundle(toy_bundle)


@pytest.fixture(scope="session")
def untrained(weak_bundle: Path) -> Bundle:
    """A Compact of the same task that has hardly begun."""
    return load_bundle(weak_bundle)


@pytest.fixture(scope="session")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The toy with eight reserved patients, whom no toy network has seen."""
    return open_dataset(write_toy(tmp_path_factory.mktemp("held-out") / "toy", test=RESERVED))


@pytest.fixture
def leaky(tmp_path: Path) -> Dataset:
    """A toy whose reserved part holds a picture that the toy networks were trained on."""
    folder = write_toy(tmp_path / "leaky", test=RESERVED)
    facts = json.loads((folder / "dataset.json").read_text())
    for kind, ending in (("images", "_0000.png"), ("labels", ".png")):
        for seed in range(8):
            name = f"toypatient{seed:03d}{ending}"
            target = folder / f"{kind}Ts" / f"seen{seed:03d}{ending}"
            shutil.move(folder / f"{kind}Tr" / name, target)
    table = (folder / "cases.csv").read_text()
    for seed in range(8):
        table = table.replace(f"toypatient{seed:03d}", f"seen{seed:03d}")
    (folder / "cases.csv").write_text(table)
    facts["numTraining"] = 0
    (folder / "dataset.json").write_text(json.dumps(facts))
    return open_dataset(folder)
