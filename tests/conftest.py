"""Fixtures that several rooms share."""

from __future__ import annotations

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the source tree."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real labelled images that lie beside the checkout; tests without them are skipped."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real images (../shared/data) are not on this machine")
    return folder


@pytest.fixture(scope="session")
def toy_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small labelled data set (see ``tests/training/conftest.py``), read only."""
    from tests.training.conftest import write_toy

    return write_toy(tmp_path_factory.mktemp("shared-toy") / "toy")


@pytest.fixture(scope="session")
def toy_bundle(toy_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Compact really trained on ``toy_dataset``, exported as a ``.omniseg`` file."""
    pytest.importorskip("torch", reason="training needs the train extra")
    from omniseg_backend.training.bundle_run import train_bundle
    from omniseg_backend.training.settings import Budget
    from tests.training.conftest import toy_settings

    target = tmp_path_factory.mktemp("bundles") / "toy.omniseg"
    settings = toy_settings(toy_dataset, budget=Budget(steps=120), batch_size=4, validations=4)
    train_bundle(settings, target)
    return target


@pytest.fixture(scope="session")
def weak_bundle(toy_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Compact of the same task, variant and data as ``toy_bundle``, stopped after two steps."""
    pytest.importorskip("torch", reason="training needs the train extra")
    from omniseg_backend.training.bundle_run import train_bundle
    from omniseg_backend.training.settings import Budget
    from tests.training.conftest import toy_settings

    target = tmp_path_factory.mktemp("weak") / "weak.omniseg"
    settings = toy_settings(toy_dataset, budget=Budget(steps=2), validations=1)
    train_bundle(settings, target)
    return target
