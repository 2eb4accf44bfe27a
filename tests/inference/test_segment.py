"""Segmenting with networks whose answer is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from omniseg_backend.bundles.rules import CleanUpRule, ReviewRule
from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.errors import UsageError
from omniseg_backend.common.provenance import NOTICE
from omniseg_backend.images.image import Image
from omniseg_backend.inference.batches import batch_size
from omniseg_backend.inference.measurements import Measurement
from omniseg_backend.inference.region import Region
from omniseg_backend.inference.segment import segment
from omniseg_backend.preprocessing.settings import (
    Percentiles,
    SeenRange,
    Slicing,
    TargetSpacing,
    Tiles,
)

from .conftest import OMNISEGNET, blocks, blurring_model, convolution_model

MakeBundle = Callable[..., Bundle]
MakeVolume = Callable[..., Image]

TILES = {"sampling": Tiles(overlap=0.5), "slicing": Slicing.AXIAL}


@pytest.mark.parametrize("sampling", [Tiles(), TargetSpacing(spacing_mm=1.0)], ids=lambda s: s.kind)
def test_a_block_is_found_voxel_by_voxel(
    make_bundle: MakeBundle, make_volume: MakeVolume, sampling: Any
) -> None:
    image = make_volume(blocks(50, 41, 6), (1.0, 1.0, 4.0))
    bundle = make_bundle(preprocessing={"sampling": sampling, "slicing": Slicing.AXIAL})
    result = segment(image, bundle, threads=1)
    expected = (image.array[:, 0] > 0).astype(np.uint8)
    np.testing.assert_array_equal(result.segmentation.labels, expected)
    (square,) = result.classes
    assert (square.value, square.name, square.voxels) == (1, "square", 12 * 12 * 2)
    assert square.measurement == Measurement(pytest.approx(12 * 12 * 2 * 4 / 1000), "mL")
    assert (square.components, square.none_found, square.review) == (1, False, False)
    assert square.confidence == pytest.approx(1.0, abs=1e-6)
    assert result.flags == ()
    assert result.uncertainty is None


def test_the_segmentation_lies_on_the_image(
    make_bundle: MakeBundle, make_volume: MakeVolume
) -> None:
    image = make_volume(blocks(30, 40, 5), (0.7, 0.9, 3.0))
    bundle = make_bundle()
    segmentation = segment(image, bundle, threads=1).segmentation
    assert segmentation.geometry is image.geometry
    assert segmentation.classes == bundle.manifest.class_table()
    assert segmentation.name == image.name
    provenance = segmentation.provenance
    assert provenance is not None
    assert (provenance.bundle, provenance.bundle_version) == (bundle.manifest.id, "1.0.0")
    assert provenance.bundle_hash == bundle.manifest_hash
    assert provenance.software.startswith("napari-omniseg ")
    assert (provenance.synthetic, provenance.notice) == (False, NOTICE)
    assert provenance.modality == "mri (stated by the file)"


@pytest.mark.parametrize("shape", [(97, 61), (32, 200), (33, 31), (150, 150)])
def test_fit_finds_a_square_where_it_is(make_bundle: MakeBundle, shape: tuple[int, int]) -> None:
    rows, columns = shape
    pixels = np.full(shape, -1.0, np.float32)
    top, left = rows // 3, columns // 4
    pixels[top : top + 14, left : left + 12] = 1.0
    image = Image.from_picture(pixels)
    result = segment(image, make_bundle(), threads=1)
    found = np.argwhere(result.segmentation.labels[0, :, :, 0])
    pixel = max(1.0, max(shape) / 32 / 2)  # half of what the network resolves
    assert np.abs(found.min(axis=0) - [left, top]).max() <= pixel
    assert np.abs(found.max(axis=0) - [left + 11, top + 13]).max() <= pixel


def test_a_picture_is_measured_in_its_own_unit(make_bundle: MakeBundle) -> None:
    pixels = np.full((32, 32), -1.0, np.float32)
    pixels[4:14, 6:26] = 1.0
    bundle = make_bundle()
    plain = segment(Image.from_picture(pixels), bundle, threads=1)
    spaced = segment(Image.from_picture(pixels, spacing=(0.5, 0.5)), bundle, threads=1)
    assert plain.classes[0].measurement == Measurement(200, "px")
    assert spaced.classes[0].measurement == Measurement(pytest.approx(50.0), "mm2")


def test_nothing_found_is_said(make_bundle: MakeBundle, make_volume: MakeVolume) -> None:
    result = segment(make_volume(np.full((20, 20, 3), -0.2, np.float32)), make_bundle(), threads=1)
    assert result.none_found
    (square,) = result.classes
    assert (square.none_found, square.voxels, square.components) == (True, 0, 0)
    assert square.confidence is None
    assert square.peak == pytest.approx(1 / (1 + np.exp(4)), rel=1e-3)
    assert not square.review
    assert [flag.code for flag in result.flags] == ["constant", "none_found"]
    assert result.flags[1].sentence.startswith("None found: square (highest probability 0.02)")


def test_what_clean_up_leaves_nothing_of_is_doubtful(
    make_bundle: MakeBundle, make_volume: MakeVolume
) -> None:
    rule = CleanUpRule(class_name="square", min_size=10_000)
    bundle = make_bundle(clean_up=(rule,))
    result = segment(make_volume(blocks(32, 32, 4)), bundle, threads=1)
    (square,) = result.classes
    assert square.none_found
    assert square.confidence is None
    assert square.review
    assert [flag.code for flag in result.flags] == ["none_found", "review"]


def two_class_model() -> bytes:
    """Class 1 for values near 1, class 2 for values near -1, background near 0."""
    weights = np.array([0.0, 10.0, -10.0], np.float32).reshape(3, 1, 1, 1)
    return convolution_model(weights, np.array([5.0, 0.0, 0.0], np.float32))


def test_gaps_in_class_values_are_restored(
    make_bundle: MakeBundle, make_volume: MakeVolume
) -> None:
    values = np.zeros((32, 32, 3), np.float32)
    values[2:8, 2:8], values[20:30, 20:30, 1] = 1.0, -1.0
    bundle = make_bundle(two_class_model(), classes=((300, "left"), (7, "right")))
    result = segment(make_volume(values), bundle, threads=1)
    labels = result.segmentation.labels
    assert labels.dtype == np.uint16
    np.testing.assert_array_equal(labels[0] == 300, values > 0.5)
    np.testing.assert_array_equal(labels[0] == 7, values < -0.5)
    assert [(c.value, c.voxels) for c in result.classes] == [(300, 108), (7, 100)]


def test_clean_up_rules_go_by_class_name(make_bundle: MakeBundle, make_volume: MakeVolume) -> None:
    values = np.zeros((32, 32, 2), np.float32)
    values[2:8, 2:8] = values[20:22, 20:22] = 1.0
    values[2:8, 20:28] = values[20:22, 2:4] = -1.0
    rules = (CleanUpRule(class_name="right", keep_largest=True),)
    classes = ((1, "left"), (2, "right"))
    bundle = make_bundle(two_class_model(), classes=classes, clean_up=rules)
    left, right = segment(make_volume(values), bundle, threads=1).classes
    assert (left.components, left.voxels) == (2, 80)
    assert (right.components, right.voxels) == (1, 96)


def test_confidence_is_calibrated_and_reviewed(
    make_bundle: MakeBundle, make_volume: MakeVolume
) -> None:
    image = make_volume(blocks(32, 32, 4))  # logits of 20 inside
    rule = ReviewRule(threshold=0.9, detected=0, bad=0, false_flags=0, good=0)
    sure = segment(image, make_bundle(temperature=5.0, review=rule), threads=1)
    unsure = segment(image, make_bundle(temperature=10.0, review=rule), threads=1)
    assert sure.classes[0].confidence == pytest.approx(1 / (1 + np.exp(-4)), abs=1e-4)
    assert unsure.classes[0].confidence == pytest.approx(1 / (1 + np.exp(-2)), abs=1e-4)
    assert (sure.classes[0].review, unsure.classes[0].review) == (False, True)
    np.testing.assert_array_equal(sure.segmentation.labels, unsure.segmentation.labels)


def test_a_volume_is_its_planes(
    make_bundle: MakeBundle, make_volume: MakeVolume, omnisegnet_model: bytes
) -> None:
    values = np.random.default_rng(0).uniform(-1, 1, (64, 64, 6)).astype(np.float32)
    bundle = make_bundle(
        omnisegnet_model,
        classes=((1, "a"), (2, "b")),
        architecture=OMNISEGNET,
        preprocessing={"input_size": (64, 64), "slicing": Slicing.AXIAL},
    )
    whole = segment(make_volume(values), bundle, threads=1).segmentation.labels
    assert len(np.unique(whole)) > 1
    for k in range(6):
        alone = segment(make_volume(values[:, :, k : k + 1]), bundle, threads=1)
        np.testing.assert_array_equal(alone.segmentation.labels[..., 0], whole[..., k])


def test_frames_are_segmented_alone(make_bundle: MakeBundle, make_volume: MakeVolume) -> None:
    bundle = make_bundle(preprocessing={"normalisation": Percentiles(), **TILES})
    rng = np.random.default_rng(1)
    series = np.stack([rng.normal(10**frame, 3, (24, 20, 3)) for frame in range(3)])
    result = segment(make_volume(series, (1, 1, 2)), bundle, threads=1)
    assert result.segmentation.has_time
    assert result.segmentation.labels.shape == series.shape
    (square,) = result.classes
    for frame in range(3):
        alone = segment(make_volume(series[frame], (1, 1, 2)), bundle, threads=1)
        np.testing.assert_array_equal(
            result.segmentation.labels[frame], alone.segmentation.labels[0]
        )
        assert square.frame_measurements[frame] == alone.classes[0].measurement
    mean = np.mean([measurement.value for measurement in square.frame_measurements])
    assert square.measurement.value == pytest.approx(mean)
    assert square.voxels == np.count_nonzero(result.segmentation.labels)


def test_neighbouring_slices_arrive_in_order(
    make_bundle: MakeBundle, make_volume: MakeVolume
) -> None:
    # This network copies the slice below; the lowest slice is its own neighbour.
    weights = np.zeros((2, 3, 1, 1), np.float32)
    weights[1, 0] = 20.0
    model = convolution_model(weights, np.zeros(2, np.float32))
    values = np.where(np.random.default_rng(2).random((32, 32, 5)) > 0.5, 1.0, -1.0)
    bundle = make_bundle(model, preprocessing={"neighbours": 1, "slicing": Slicing.AXIAL})
    labels = segment(make_volume(values.astype(np.float32)), bundle, threads=1).segmentation.labels
    below = np.concatenate([values[..., :1], values[..., :-1]], axis=-1)
    np.testing.assert_array_equal(labels[0] == 1, below > 0)


@pytest.mark.parametrize(
    "preprocessing",
    [TILES, {"slicing": Slicing.CORONAL}, {"sampling": TargetSpacing(spacing_mm=1.3)}],
    ids=["tiles", "fit", "spacing"],
)
def test_inside_a_region_the_answer_is_that_of_the_whole(
    make_bundle: MakeBundle, make_volume: MakeVolume, preprocessing: dict[str, Any]
) -> None:
    values = np.random.default_rng(3).normal(0, 1, (70, 60, 8)).astype(np.float32)
    bundle = make_bundle(
        blurring_model(), preprocessing={"normalisation": Percentiles(), **preprocessing}
    )
    image = make_volume(values, (0.9, 1.1, 2.0))
    whole = segment(image, bundle, threads=1).segmentation.labels
    region = Region((11, 40), (30, 60), (2, 5))
    limited = segment(image, bundle, region=region, threads=1)
    assert limited.segmentation.provenance is not None
    assert limited.segmentation.provenance.region == region.as_text()
    expected = np.zeros_like(whole)
    inside = (slice(None), *region.slices)
    expected[inside] = whole[inside]
    np.testing.assert_array_equal(limited.segmentation.labels, expected)
    assert limited.classes[0].voxels == np.count_nonzero(expected)


def test_a_region_saves_work(make_bundle: MakeBundle, make_volume: MakeVolume) -> None:
    calls: list[float] = []
    image = make_volume(blocks(64, 64, 10))
    bundle = make_bundle(preprocessing=TILES)
    for region in (None, Region((0, 20), (0, 20), (4, 6))):
        calls.append(0)

        def count(stage: str, fraction: float) -> None:
            calls[-1] += stage == "segmenting"

        segment(image, bundle, region=region, progress=count, threads=1)
    windows = 10 * 9, 2 * 1
    assert calls == [-(-count // batch_size((32, 32))) for count in windows]


def test_a_region_outside_of_the_image_is_refused(
    make_bundle: MakeBundle, make_volume: MakeVolume
) -> None:
    with pytest.raises(UsageError, match="a box inside"):
        segment(
            make_volume(blocks(20, 20, 3)), make_bundle(), region=Region((0, 21), (0, 5), (0, 1))
        )


class TestCutOuts:
    """Tasks trained on cut-outs see the region alone."""

    @pytest.fixture
    def bundle(self, make_bundle: MakeBundle) -> Bundle:
        seen = SeenRange(spacing_mm=(1.0, 1.0), extent=(20.0, 40.0), extent_unit="mm")
        return make_bundle(task={"needs_region": True}, preprocessing={"seen": seen})

    def test_the_network_sees_the_region_alone(
        self, bundle: Bundle, make_volume: MakeVolume
    ) -> None:
        image = make_volume(blocks(100, 90, 6))
        region = Region((0, 32), (4, 36), (0, 4))
        result = segment(image, bundle, region=region, threads=1)
        # At 32 x 32 nothing is scaled, so every voxel is exact; 100 x 90 would be blurred.
        np.testing.assert_array_equal(result.segmentation.labels[0], image.array[0, 0] > 0)
        assert result.segmentation.geometry is image.geometry
        assert result.flags == ()

    def test_a_large_image_without_a_region_is_refused(
        self, bundle: Bundle, make_volume: MakeVolume
    ) -> None:
        with pytest.raises(UsageError, match="a region around the square"):
            segment(make_volume(blocks(100, 90, 6)), bundle, threads=1)

    def test_an_image_as_small_as_a_cut_out_needs_none(
        self, bundle: Bundle, make_volume: MakeVolume
    ) -> None:
        image = make_volume(blocks(32, 32, 4))
        labels = segment(image, bundle, threads=1).segmentation.labels
        np.testing.assert_array_equal(labels[0], image.array[0, 0] > 0)


def test_one_tile_is_the_same_as_none(make_bundle: MakeBundle, make_volume: MakeVolume) -> None:
    image = make_volume(np.random.default_rng(4).normal(0, 1, (32, 32, 3)).astype(np.float32))
    fitted, tiled = (
        segment(image, make_bundle(blurring_model(), preprocessing=p), threads=1)
        for p in ({"slicing": Slicing.AXIAL}, TILES)
    )
    np.testing.assert_array_equal(fitted.segmentation.labels, tiled.segmentation.labels)
    assert fitted.classes == tiled.classes


def test_tiles_give_what_one_look_at_the_whole_gives(make_bundle: MakeBundle) -> None:
    pixels = np.random.default_rng(5).uniform(-1, 1, (96, 80)).astype(np.float32)
    image = Image.from_picture(pixels)
    model = blurring_model(reach=3)
    tiled = segment(image, make_bundle(model, preprocessing=TILES), threads=1)
    size = {"input_size": (96, 80)}
    whole = segment(image, make_bundle(model, preprocessing={**TILES, **size}), threads=1)
    differ = tiled.segmentation.labels != whole.segmentation.labels
    # Zero padding at a tile's border reaches one pixel, where the Gaussian weighs least.
    assert differ.mean() < 0.01
