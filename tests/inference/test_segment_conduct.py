"""How a run behaves: uncertainty, progress, cancelling, flags, memory."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.errors import CancelledError, DataError
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality, ModalityStatement
from omniseg_backend.inference.batches import batch_size
from omniseg_backend.inference.region import Region
from omniseg_backend.inference.segment import segment
from omniseg_backend.inference.session import NetworkSession
from omniseg_backend.inference.session_cache import SESSIONS
from omniseg_backend.preprocessing.frame import PreparedFrame
from omniseg_backend.preprocessing.settings import (
    Slicing,
    Tiles,
)

from .conftest import blocks, blurring_model

MakeBundle = Callable[..., Bundle]
MakeVolume = Callable[..., Image]

TILES = {"sampling": Tiles(overlap=0.5), "slicing": Slicing.AXIAL}


class TestUncertainty:
    """The map on request."""

    def test_it_changes_no_label(self, make_bundle: MakeBundle, make_volume: MakeVolume) -> None:
        image = make_volume(np.random.default_rng(6).normal(0, 1, (40, 36, 4)).astype(np.float32))
        bundle = make_bundle(blurring_model(), symmetric_axes=("rows", "columns"))
        plain = segment(image, bundle, threads=1)
        mapped = segment(image, bundle, uncertainty=True, threads=1)
        np.testing.assert_array_equal(plain.segmentation.labels, mapped.segmentation.labels)
        assert plain.classes == mapped.classes

    def test_it_is_high_along_borders(
        self, make_bundle: MakeBundle, make_volume: MakeVolume
    ) -> None:
        image = make_volume(blocks(40, 36, 4))
        bundle = make_bundle(blurring_model(), preprocessing=TILES)
        result = segment(image, bundle, uncertainty=True, threads=1)
        found = result.uncertainty
        assert found is not None
        assert found.shape == result.segmentation.labels.shape
        assert found.dtype == np.uint8
        # The network averages over seven pixels, so it is undecided along the block's border.
        border, middle, outside = found[0, 5, 11:17, 1], found[0, 10, 13, 1], found[0, 28, 28, 1]
        assert border.min() > 230
        assert middle < 100
        assert outside < 100

    def test_outside_of_a_region_it_is_zero(
        self, make_bundle: MakeBundle, make_volume: MakeVolume
    ) -> None:
        image = make_volume(np.zeros((32, 32, 3), np.float32))
        region = Region((4, 10), (5, 9), (1, 2))
        result = segment(image, make_bundle(), region=region, uncertainty=True, threads=1)
        assert result.uncertainty is not None
        assert (result.uncertainty[(0, *region.slices)] > 250).all()
        assert np.count_nonzero(result.uncertainty) == 6 * 4 * 1


def test_progress_rises_to_one(make_bundle: MakeBundle, make_volume: MakeVolume) -> None:
    seen: list[tuple[str, float]] = []
    series = np.stack([blocks(32, 32, 9)] * 2)
    segment(
        make_volume(series),
        make_bundle(),
        threads=1,
        progress=lambda stage, fraction: seen.append((stage, fraction)),
    )
    fractions = [fraction for stage, fraction in seen if stage == "segmenting"]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert len(fractions) == 2 * 2  # nine windows in batches of eight, twice


def test_cancelling_takes_effect_within_a_batch(
    make_bundle: MakeBundle, make_volume: MakeVolume
) -> None:
    cancel, batches = threading.Event(), []

    def stop_after_two(stage: str, fraction: float) -> None:
        if stage == "segmenting":
            batches.append(fraction)
            if len(batches) == 2:
                cancel.set()

    image = make_volume(blocks(32, 32, 80))
    with pytest.raises(CancelledError):
        segment(image, make_bundle(), progress=stop_after_two, cancel=cancel, threads=1)
    assert len(batches) == 2


def test_a_run_cancelled_before_it_starts_loads_nothing(
    make_bundle: MakeBundle, make_volume: MakeVolume
) -> None:
    cancel = threading.Event()
    cancel.set()
    stages: list[str] = []
    with pytest.raises(CancelledError):
        segment(
            make_volume(blocks(32, 32, 4)),
            make_bundle(),
            cancel=cancel,
            progress=lambda stage, fraction: stages.append(stage),
        )
    assert stages == []


def test_the_modality_rule_holds(make_bundle: MakeBundle, make_volume: MakeVolume) -> None:
    image = make_volume(blocks(32, 32, 4), modality=ModalityStatement(Modality.CT, "file"))
    bundle = make_bundle()
    with pytest.raises(DataError, match="found the modality ct"):
        segment(image, bundle, threads=1)
    result = segment(image, bundle, override_modality=True, threads=1)
    assert [flag.code for flag in result.flags] == ["modality_override"]
    assert result.segmentation.provenance is not None
    assert result.segmentation.provenance.modality == "mri (stated by an override)"


def test_phantom_models_mark_their_outputs(
    make_bundle: MakeBundle, make_volume: MakeVolume
) -> None:
    result = segment(make_volume(blocks(32, 32, 4)), make_bundle(synthetic=True), threads=1)
    assert result.flags[0].code == "demo"
    assert result.segmentation.provenance is not None
    assert result.segmentation.provenance.as_text().startswith("DEMO")


def test_stages_are_timed(make_bundle: MakeBundle, make_volume: MakeVolume) -> None:
    seconds = segment(make_volume(blocks(32, 32, 4)), make_bundle(), threads=1).seconds
    stages = ["check", "load", "prepare", "network", "combine", "clean_up", "measure"]
    assert sorted(seconds) == sorted([*stages, "total"])
    assert sum(seconds[stage] for stage in stages) <= seconds["total"]


def test_probabilities_of_a_whole_volume_are_never_held(
    make_bundle: MakeBundle, make_volume: MakeVolume
) -> None:
    image = make_volume(np.full((64, 64, 200), -1, np.int8))
    bundle = make_bundle(preprocessing={"sampling": Tiles(), "input_size": (64, 64)})
    SESSIONS.get(bundle, threads=1)
    tracemalloc.start()
    segment(image, bundle, threads=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    voxels = image.array.size
    assert peak < 4 * voxels  # one class's probabilities alone would be four bytes a voxel


@pytest.mark.parametrize("window", [(32, 32), (256, 256), (512, 512), (4096, 4096)])
def test_batches_are_bounded(window: tuple[int, int]) -> None:
    size = batch_size(window)
    assert size >= 1
    assert size == 1 or size * window[0] * window[1] <= 4 * 256 * 256


def test_planes_are_prepared_as_in_training(
    make_bundle: MakeBundle, make_volume: MakeVolume
) -> None:
    """What reaches the network is what PreparedFrame gives the trainer."""
    values = np.random.default_rng(7).normal(0, 1, (40, 30, 3)).astype(np.float32)
    image, bundle = make_volume(values), make_bundle(blurring_model())
    prepared = PreparedFrame(image, bundle.manifest.preprocessing)
    logits = NetworkSession(bundle.model_bytes(), threads=1).run(prepared.windows(1))
    plane = prepared.plan.to_plane(logits)
    labels = segment(image, bundle, threads=1).segmentation.labels
    found = prepared.layout.to_planes(labels[0])[1]
    sure = np.abs(plane[1] - plane[0]) > 0.5  # resizing logits is not resizing probabilities
    np.testing.assert_array_equal(found[sure], plane.argmax(axis=0)[sure])
