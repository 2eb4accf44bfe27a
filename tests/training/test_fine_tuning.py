"""Fine-tuning: what a run takes over from its bundle, and how the trunk is held back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from omniseg_backend.bundles.store import load_bundle
from omniseg_backend.bundles.weights import read_state
from omniseg_backend.common.errors import UsageError
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.networks.architecture import Variant
from omniseg_backend.training.bundle_run import train_bundle
from omniseg_backend.training.fine_tuning import completed
from omniseg_backend.training.settings import Budget, TrainingSettings
from omniseg_backend.training.trainer import parameter_groups
from tests.training.conftest import write_toy


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy(tmp_path_factory.mktemp("site") / "toy")


def start(site: Path, bundle: Path, **stated: object) -> TrainingSettings:
    given = TrainingSettings(dataset=site, initial_bundle=bundle, **stated)
    return completed(given, open_dataset(site))


def test_what_is_not_stated_is_taken_over(site: Path, toy_bundle: Path) -> None:
    manifest = load_bundle(toy_bundle).manifest
    settings = start(site, toy_bundle)
    assert settings.task == manifest.task
    assert settings.variant is manifest.variant
    assert settings.input_size == manifest.preprocessing.input_size
    assert settings.normalisation == manifest.preprocessing.normalisation
    assert settings.symmetric_axes == manifest.symmetric_axes
    assert settings.surface_tolerance == manifest.surface_tolerance
    assert 0 < settings.trunk_rate < 1


def test_what_is_stated_stays(site: Path, toy_bundle: Path) -> None:
    settings = start(site, toy_bundle, trunk_rate=1.0, input_size=(64, 64), learning_rate=0.01)
    assert settings.trunk_rate == 1.0
    assert settings.input_size == (64, 64)
    assert settings.learning_rate == 0.01


def test_other_classes_are_another_task(site: Path, toy_bundle: Path, tmp_path: Path) -> None:
    other = write_toy(tmp_path / "other")
    described = json.loads((other / "dataset.json").read_text())
    described["labels"] = {
        ("renamed" if value else name): value for name, value in described["labels"].items()
    }
    (other / "dataset.json").write_text(json.dumps(described))
    settings = completed(
        TrainingSettings(dataset=other, initial_bundle=toy_bundle), open_dataset(other)
    )
    assert settings.task is None
    assert settings.input_size == load_bundle(toy_bundle).manifest.preprocessing.input_size


def test_another_variant_is_refused_before_the_data_are_read(site: Path, toy_bundle: Path) -> None:
    with pytest.raises(UsageError, match="start from a balanced bundle"):
        start(site, toy_bundle, variant=Variant.BALANCED)


def test_without_a_bundle_nothing_changes(site: Path) -> None:
    settings = TrainingSettings(dataset=site)
    assert completed(settings, open_dataset(site)) is settings


def test_the_trunk_has_its_own_rate() -> None:
    from omniseg_backend.networks.architecture import architecture_of
    from omniseg_backend.networks.omnisegnet import build_network

    network = build_network(architecture_of(Variant.COMPACT, 1, 2), 0)
    groups = parameter_groups(network, 0.01, 0.25)
    shares = {id(value): group["share"] for group in groups for value in group["params"]}
    for name, value in network.named_parameters():
        assert shares[id(value)] == (0.25 if name.startswith(("encoder.", "aspp.")) else 1.0)
    assert len(shares) == len(list(network.parameters()))


@pytest.fixture(scope="module")
def tuned(site: Path, toy_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two steps with a trunk that is held still."""
    target = tmp_path_factory.mktemp("tuned") / "tuned.omniseg"
    settings = TrainingSettings(
        dataset=site,
        initial_bundle=toy_bundle,
        budget=Budget(steps=2),
        batch_size=4,
        validations=1,
        trunk_rate=0.0,
        keep_statistics=True,
        averaging=0.0,
        threads=1,
        precision="fp32",
    )
    train_bundle(settings, target)
    return target


def test_a_fine_tuned_bundle_is_the_next_version_of_the_same_task(
    toy_bundle: Path, tuned: Path
) -> None:
    before, after = load_bundle(toy_bundle).manifest, load_bundle(tuned).manifest
    assert after.id == before.id
    assert (before.version, after.version) == ("1.0.0", "1.1.0")
    assert after.training.initialised_from is not None
    assert after.training.initialised_from.bundle == before.id
    assert any(limit.startswith("Fine-tuned on further images") for limit in after.task.limits)


def test_a_trunk_at_rate_nought_with_its_statistics_kept_does_not_change(
    toy_bundle: Path, tuned: Path
) -> None:
    before = read_state(load_bundle(toy_bundle).model_bytes())
    after = read_state(load_bundle(tuned).model_bytes())
    trunk = [name for name in before if name.startswith(("encoder.", "aspp."))]
    # Storage rounds: both are compared at its precision.
    for name in trunk:
        old, new = torch.from_numpy(before[name].copy()), torch.from_numpy(after[name].copy())
        assert torch.allclose(old, new, rtol=2e-2, atol=2e-2 * float(old.abs().max())), name
    decoder = [name for name in before if name.startswith("decoder.") and "weight" in name]
    assert any((before[name] != after[name]).any() for name in decoder)
