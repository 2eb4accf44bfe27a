"""The command in this process, and small files to run it on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from typer.testing import CliRunner, Result

from omniseg_backend.bundles.models import add_model
from omniseg_backend.bundles.store import Bundle
from omniseg_backend.cli.main import app
from omniseg_backend.images.modality import Modality
from tests.inference import conftest as inference_fixtures
from tests.training.conftest import write_toy

make_bundle = inference_fixtures.make_bundle
make_volume = inference_fixtures.make_volume

SIDE = 32
Omniseg = Callable[..., Result]
MakeModel = Callable[..., Bundle]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for the user's models."""
    folder = tmp_path / "home"
    monkeypatch.setenv("OMNISEG_HOME", str(folder))
    monkeypatch.delenv("OMNISEG_DEBUG", raising=False)
    return folder


@pytest.fixture
def omniseg() -> Omniseg:
    """Run the command with these arguments; nobody sits at the keyboard."""

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return run


@pytest.fixture
def make_model(make_bundle: Callable[..., Bundle]) -> MakeModel:
    """A bundle that marks bright pixels of pictures, by default in microscopy."""

    def make(modality: Modality = Modality.MICROSCOPY, **fields: Any) -> Bundle:
        return make_bundle(preprocessing={"modality": modality}, **fields)

    return make


@pytest.fixture
def add(make_model: MakeModel) -> MakeModel:
    """The same, added to the user's models."""

    def make(*positional: Any, **fields: Any) -> Bundle:
        bundle = make_model(*positional, **fields)
        add_model(bundle.path)
        return bundle

    return make


@pytest.fixture
def square(tmp_path: Path) -> Path:
    """A grey picture with a bright square of 8 x 8 pixels."""
    pixels = np.zeros((SIDE, SIDE), np.uint8)
    pixels[4:12, 16:24] = 200
    path = tmp_path / "square.png"
    Pillow.fromarray(pixels).save(path)
    return path


@pytest.fixture
def fresh_dataset(tmp_path: Path) -> Path:
    """An nnU-Net data set of eight training and two test pictures, one patient each."""
    return write_toy(tmp_path / "toy")


def document(result: Result) -> dict[str, Any]:
    """The one JSON document on stdout."""
    content = json.loads(result.stdout)
    assert isinstance(content, dict)
    return content


def assert_one_sentence(result: Result, exit_code: int, *words: str) -> None:
    """A refusal: the exit code, one line with finding and expectation, no traceback."""
    assert result.exit_code == exit_code, result.stderr
    # Progress and warnings may stand before it.
    sentence = result.stderr.strip().splitlines()[-1]
    assert "found " in sentence
    assert ", expected " in sentence
    assert sentence.endswith(".")
    assert "Traceback" not in result.stderr + result.stdout
    for word in words:
        assert word in sentence
