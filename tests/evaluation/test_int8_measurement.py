"""8-bit arithmetic of a trained bundle: what it costs, and ranges given to it afterwards."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from omniseg_backend.bundles.manifest import ManifestDraft
from omniseg_backend.bundles.store import Bundle, load_bundle, write_bundle
from omniseg_backend.common.errors import DataError
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.datasets.records import Dataset
from omniseg_backend.evaluation.evaluate import evaluate_bundle
from omniseg_backend.evaluation.int8_export import export_with_int8
from omniseg_backend.evaluation.int8_measurement import int8_twin, tiles_of
from omniseg_backend.inference.arithmetic import LARGEST_LOSS_POINTS
from omniseg_backend.inference.int8_cache import int8_record
from omniseg_backend.inference.int8_graph import int8_model
from omniseg_backend.inference.int8_ranges import measure_ranges
from omniseg_backend.inference.session import NetworkSession


@pytest.fixture
def without(trained: Bundle, tmp_path: Path) -> Bundle:
    """The trained bundle as an older OmniSeg would have exported it."""
    from omniseg_backend.bundles.card_text import card_members

    fields = trained.manifest.model_dump(exclude={"members", "int8"})
    draft = ManifestDraft.model_validate(fields)
    members = {**trained.members, **card_members(trained.card, draft)}
    return write_bundle(tmp_path / "older.omniseg", draft, members)


def test_training_exports_what_8_bits_need(trained: Bundle) -> None:
    record = int8_record(trained)
    assert record.cases == trained.manifest.training.validation_cases
    assert 1 <= record.tiles <= 32
    assert abs(record.loss_points) <= LARGEST_LOSS_POINTS
    assert "8-bit arithmetic" in trained.members["card.md"].decode()


def test_dice_of_held_out_cases_stays_within_half_a_point(
    trained: Bundle, held_out: Dataset
) -> None:
    eight = int8_twin(trained, int8_model(trained.model_bytes(), int8_record(trained).ranges))
    floats, integers = (
        evaluate_bundle(one, held_out, threads=1).score.mean_dice for one in (trained, eight)
    )
    assert floats is not None
    assert integers is not None
    assert 100 * (floats - integers) <= LARGEST_LOSS_POINTS


@pytest.mark.parametrize("shape", [(1, 1, 64, 64), (2, 1, 48, 80), (1, 1, 16, 16)])
def test_any_input_of_multiples_of_16_is_taken(
    trained: Bundle, shape: tuple[int, int, int, int]
) -> None:
    coarse = np.random.default_rng(0).standard_normal((*shape[:2], shape[2] // 8, shape[3] // 8))
    inputs = np.kron(coarse, np.ones((1, 1, 8, 8))).astype(np.float32)
    # Ranges of these inputs, which look like nothing that the network was trained on.
    model = int8_model(trained.model_bytes(), measure_ranges(trained.model_bytes(), inputs, 1))
    found = NetworkSession(model, threads=1).run(inputs)
    expected = NetworkSession(trained.model_bytes(), threads=1).run(inputs)
    assert found.shape == expected.shape
    assert np.mean(found.argmax(1) != expected.argmax(1)) < 0.2


def test_a_bundle_without_ranges_gets_them_from_its_training_images(
    without: Bundle, trained: Bundle, toy_dataset: Path, tmp_path: Path
) -> None:
    target = tmp_path / "new.omniseg"
    export_with_int8(without, open_dataset(toy_dataset), target, threads=1)
    new = load_bundle(target)
    assert new.members["model.onnx"] == without.members["model.onnx"]
    assert new.manifest.training == without.manifest.training
    found, expected = int8_record(new), int8_record(trained)
    assert set(found.ranges) == set(expected.ranges)
    assert (found.tiles, found.cases) == (expected.tiles, expected.cases)
    for name, limits in expected.ranges.items():
        assert found.ranges[name] == pytest.approx(limits, rel=1e-3, abs=1e-4)


def test_another_data_set_is_refused(without: Bundle, held_out: Dataset, tmp_path: Path) -> None:
    other = dataclasses.replace(held_out, records=held_out.part("test"))
    with pytest.raises(DataError, match="name the data set that the model was trained on"):
        export_with_int8(without, other, tmp_path / "new.omniseg")
    assert not (tmp_path / "new.omniseg").exists()


def test_tiles_are_network_inputs_of_different_images(trained: Bundle, held_out: Dataset) -> None:
    settings = trained.manifest.preprocessing
    tiles = list(tiles_of(held_out.records, held_out, settings))
    assert len(tiles) == len(held_out.records)
    channels = settings.network_channels
    assert all(tile.shape == (channels, *settings.input_size) for tile in tiles)
    assert len({tile.tobytes() for tile in tiles}) == len(tiles)
