"""What ships must load, prove itself, say what it is, and be worth showing."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from omniseg_backend.bundles.models import model_shelf
from omniseg_backend.bundles.store import load_bundle
from omniseg_backend.inference.selftest import run_self_test
from omniseg_backend.inference.session_cache import SESSIONS
from omniseg_backend.networks.architecture import variant_of

SHIPPED = sorted(
    Path(str(resources.files("omniseg_backend.bundles") / "shipped")).glob("*.omniseg")
)


@pytest.fixture(params=SHIPPED, ids=lambda path: path.stem)
def bundle(request):
    return load_bundle(request.param)


def test_nothing_that_ships_is_refused_by_the_model_list():
    shelf = model_shelf()
    assert {entry.path for entry in shelf.entries} >= set(SHIPPED)
    assert not [problem for problem in shelf.refused if "shipped" in str(problem.subject)]


def test_it_reproduces_its_own_test_here(bundle):
    assert run_self_test(SESSIONS.get(bundle), bundle).passed


def test_file_task_and_variant_agree(bundle):
    manifest = bundle.manifest
    assert bundle.path.stem == manifest.id == f"{manifest.task.id}-{manifest.variant}"
    assert variant_of(manifest.architecture) is manifest.variant
    assert manifest.training.by_patient


def test_the_card_was_measured_on_validation_and_test_parts(bundle):
    parts = {evaluation.part: evaluation for evaluation in bundle.card.evaluations}
    assert set(parts) == {"validation", "test"}
    assert bundle.card.calibration is not None
    assert bundle.card.latency


def test_demos_are_marked_and_neither_trivial_nor_absurd(bundle):
    manifest = bundle.manifest
    assert manifest.synthetic == manifest.task.id.startswith("demo-")
    if not manifest.synthetic:
        return
    (tested,) = (e for e in bundle.card.evaluations if e.part == "test")
    assert tested.synthetic
    assert 0.80 <= tested.mean_dice <= 0.97
