from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from omniseg_backend.bundles.store import load_bundle
from omniseg_backend.bundles.task import TaskDescription
from omniseg_backend.bundles.weights import read_state
from omniseg_backend.common.errors import BundleError, DataError
from omniseg_backend.images.reading import read_image
from omniseg_backend.inference.segment import segment
from omniseg_backend.networks.omnisegnet import OmniSegNet, build_network
from omniseg_backend.training.bundle_run import train_bundle
from omniseg_backend.training.export import export_bundle
from omniseg_backend.training.onnx_graph import export_graph, verify_graph
from omniseg_backend.training.run import run_training
from omniseg_backend.training.settings import Budget
from tests.training.conftest import toy_settings


@pytest.fixture(scope="module")
def bundle(toy_bundle):
    return load_bundle(toy_bundle)


def test_a_minute_of_training_learns_the_toy(bundle):
    validation, test = bundle.card.evaluations
    assert validation.part == "validation"
    assert test.part == "test"
    assert test.mean_dice > 0.5


def test_gaps_in_label_values_are_closed_for_the_network_and_restored_after(bundle, toy_dataset):
    assert bundle.manifest.architecture.out_channels == 3
    assert bundle.manifest.class_table().values == (2, 5)
    image = read_image(toy_dataset / "imagesTs" / "toypatient100_0000.png")
    labels = segment(image, bundle).segmentation.labels
    assert set(np.unique(labels)) <= {0, 2, 5}
    assert {2, 5} & set(np.unique(labels))


def test_the_record_says_how_it_was_made_and_names_nobody(bundle):
    record = bundle.manifest.training
    assert record.by_patient
    assert (record.train_cases, record.validation_cases) == (6, 2)
    assert len(record.train_hashes) == 6
    texts = [bundle.manifest_content, *bundle.members.values()]
    assert not any(b"toypatient" in text or b"/tmp" in text for text in texts)


def test_storage_is_chosen_by_measured_dice(bundle):
    figures = {figure.storage: figure for figure in bundle.card.storage}
    assert set(figures) == {"fp32", "fp16", "int8"}
    assert figures["int8"].size < figures["fp16"].size < figures["fp32"].size
    kept = figures[bundle.manifest.storage]
    assert figures["fp32"].dice - kept.dice < 0.002


def test_fine_tuning_can_start_from_the_file(bundle):
    state = read_state(bundle.model_bytes())
    network = OmniSegNet(bundle.manifest.architecture)
    wanted = {name for name in network.state_dict() if not name.endswith("num_batches_tracked")}
    assert set(state) == wanted
    network.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in state.items()}, strict=False)
    source, expected = bundle.self_test_arrays()
    with torch.inference_mode():
        found = network.eval()(torch.from_numpy(source)).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_a_run_from_a_bundle_starts_with_its_weights(toy, toy_bundle, tmp_path):
    settings = toy_settings(toy, initial_bundle=toy_bundle, learning_rate=1e-6)
    run = run_training(settings, tmp_path / "tuned.run", progress=lambda *_: None)
    fresh = run_training(
        toy_settings(toy, learning_rate=1e-6), tmp_path / "fresh.run", progress=lambda *_: None
    )
    assert run.checkpoint.state.history[0].loss < 0.7 * fresh.checkpoint.state.history[0].loss


def test_a_graph_that_differs_from_torch_is_refused():
    from omniseg_backend.networks.architecture import Architecture

    small = Architecture(alpha=0.6, beta=0.5, in_channels=1)
    graph = export_graph(build_network(small, seed=0))
    verify_graph(build_network(small, seed=0).eval(), graph)
    with pytest.raises(BundleError, match="differ from torch"):
        verify_graph(build_network(small, seed=1).eval(), graph)


@pytest.mark.parametrize("planted", ["toypatient003", "/home/jane/scans", "C:\\scans\\jane"])
def test_export_refuses_texts_that_tell_who(toy, tmp_path, planted):
    task = TaskDescription(
        id="toy",
        title="Toy",
        structure="square and disc",
        description=f"Drawn, then checked against {planted} by hand.",
        licence="CC0-1.0",
        credit="none asked",
        intended_use="Testing.",
        limits=(),
    )
    folder = tmp_path / "run"
    run = run_training(
        toy_settings(toy, budget=Budget(steps=1), validations=1),
        folder,
        progress=lambda *_: None,
    )
    told = dataclasses.replace(
        run,
        plan=run.plan.model_copy(
            update={"settings": run.plan.settings.model_copy(update={"task": task})}
        ),
    )
    target = tmp_path / "toy.omniseg"
    with pytest.raises(DataError):
        export_bundle(told, target, overwrite=False, progress=lambda *_: None, cancel=None)
    assert not target.exists()


def test_an_existing_bundle_is_not_replaced_unasked(toy, toy_bundle):
    before = toy_bundle.read_bytes()
    with pytest.raises(DataError, match="existing"):
        train_bundle(toy_settings(toy), toy_bundle)
    assert toy_bundle.read_bytes() == before
