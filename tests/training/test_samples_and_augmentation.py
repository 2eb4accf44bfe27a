from __future__ import annotations

import numpy as np
import pytest

from omniseg_backend.training.augmentation import (
    DoubledAugmentation,
    OnlineAugmentation,
    augmentation_of,
    pad_to,
    random_crop,
)
from omniseg_backend.training.samples import Plane, StepSamples, TrainingPlanes
from tests.training.conftest import toy_settings


def plane(seed: int, size: int = 32, *, empty: bool = False) -> Plane:
    random = np.random.default_rng(seed)
    labels = np.zeros((size, size), np.uint8)
    if not empty:
        labels[8:20, 8:20] = 1
    inputs = (labels[np.newaxis] + 0.1 * random.random((1, size, size))).astype(np.float32)
    return Plane(inputs, labels, seed)


@pytest.fixture
def planes() -> TrainingPlanes:
    return TrainingPlanes([plane(i) for i in range(10)], [plane(99, empty=True)], 0.2)


def test_an_epoch_without_empty_planes_shows_each_plane_once():
    planes = TrainingPlanes([plane(i) for i in range(10)], [], 0.0)
    for epoch in range(3):
        seen = {planes.draw(7, epoch * 10 + place).case for place in range(10)}
        assert seen == set(range(10))


def test_the_share_of_empty_planes_is_kept(planes):
    drawn = [planes.draw(1, position).has_foreground for position in range(2000)]
    assert 1 - np.mean(drawn) == pytest.approx(0.2, abs=0.03)


def test_what_a_position_shows_depends_on_seed_and_position_alone(planes):
    augment = OnlineAugmentation((32, 32), ("rows",))
    samples = StepSamples(planes, 3, augment)
    forwards = [samples[position] for position in range(6)]
    backwards = [StepSamples(planes, 3, augment)[position] for position in reversed(range(6))]
    for (inputs, labels), (again, labels_again) in zip(forwards, reversed(backwards), strict=True):
        assert np.array_equal(inputs, again)
        assert np.array_equal(labels, labels_again)
    other = StepSamples(planes, 4, augment)[0][0]
    assert not np.array_equal(forwards[0][0], other)


def test_geometry_moves_image_and_labels_together():
    augment = OnlineAugmentation((32, 32), ("rows", "columns"))
    for seed in range(12):
        inputs, labels = augment(plane(0), seed)
        assert inputs.shape == (1, 32, 32)
        assert labels.dtype == np.uint8
        if labels.any() and not labels.all():
            assert inputs[0][labels == 1].mean() > inputs[0][labels == 0].mean()


def test_some_crops_lose_half_of_their_contrast():
    augment = OnlineAugmentation((32, 32), ())
    contrasts = []
    for seed in range(60):
        inputs, labels = augment(plane(0), seed)
        if 50 < labels.sum() < 900:
            contrasts.append(inputs[0][labels == 1].mean() - inputs[0][labels == 0].mean())
    assert len(contrasts) > 30
    assert 0.05 < min(contrasts) < 0.5 < 0.9 < np.median(contrasts)


@pytest.mark.parametrize("kind", ["online", "doubled"])
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_only_turned_crops_leave_the_rotation_limit(tmp_path, kind, share):
    settings = toy_settings(
        tmp_path,
        input_size=(32, 32),
        symmetric_axes=(),
        augmentation=kind,
        rotation=5.0,
        turned_share=share,
    )
    augment = augmentation_of(settings)
    sides = [augment(half_labelled(0, noise=seed), 2 * seed + 1)[1] for seed in range(40)]
    upside_down = [labels[16:].sum() > labels[:16].sum() for labels in sides]
    # A half turn either way lies between a quarter and half of all angles.
    assert any(upside_down) is bool(share)


def half_labelled(axis: int, noise: int = 0) -> Plane:
    labels = np.zeros((32, 32), np.uint8)
    labels[(slice(0, 10), slice(None)) if axis == 0 else (slice(None), slice(0, 10))] = 1
    inputs = labels[np.newaxis] + 1e-3 * np.random.default_rng(noise).random((1, 32, 32))
    return Plane(inputs.astype(np.float32), labels, 0)


@pytest.mark.parametrize(("axis", "name"), [(0, "rows"), (1, "columns")])
def test_planes_are_mirrored_along_declared_axes_only(axis, name):
    def mirrored(symmetric) -> int:
        augment = OnlineAugmentation((32, 32), symmetric)
        count = 0
        for seed in range(30):
            labels = augment(half_labelled(axis), seed)[1]
            before, after = np.split(labels, 2, axis=axis)
            count += int(after.sum() > before.sum())
        return count

    other = "columns" if name == "rows" else "rows"
    assert mirrored(()) == 0
    assert mirrored((other,)) == 0
    assert mirrored((name,)) > 5


def test_doubled_shows_every_plane_plain_or_in_one_fixed_copy():
    augment = DoubledAugmentation((32, 32), ())
    one = plane(5)
    plain = augment(one, 2)[0]
    copies = [augment(one, seed)[0] for seed in (1, 3, 5)]
    assert np.array_equal(plain, one.inputs)
    assert np.array_equal(copies[0], copies[1])
    assert np.array_equal(copies[0], copies[2])
    assert not np.array_equal(copies[0], plain)


def test_crops_lie_inside_and_cut_image_and_labels_alike():
    random = np.random.default_rng(0)
    large = plane(1, size=64)
    for _ in range(20):
        inputs, labels = random_crop(large, (48, 32), random)
        assert inputs.shape == (1, 48, 32)
        assert np.array_equal(inputs[0] > 0.5, labels == 1)


def test_padding_repeats_the_edge():
    padded = pad_to(np.arange(4.0).reshape(1, 2, 2), 3, 4)
    assert padded.shape == (1, 3, 4)
    assert np.array_equal(padded[0, 2], [2, 3, 3, 3])
