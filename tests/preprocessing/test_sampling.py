"""Each kind of sampling is obeyed, and the way back puts things where they were."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.modality import Modality
from omniseg_backend.preprocessing.layout import plane_layout
from omniseg_backend.preprocessing.sampling import Blend, SamplingPlan, sampling_plan
from omniseg_backend.preprocessing.settings import (
    FitToSize,
    PreprocessingSettings,
    Sampling,
    Slicing,
    TargetSpacing,
    Tiles,
    Window,
)

FLOOR = np.array([-1.0], np.float32)


def plan_of(
    rows: int,
    columns: int,
    sampling: Sampling,
    *,
    size: tuple[int, int] = (64, 64),
    spacing: tuple[float, float] | None = None,
) -> SamplingPlan:
    """The plan of a picture; ``spacing`` is that of columns, then of rows."""
    settings = PreprocessingSettings(
        modality=Modality.MRI,
        image_channels=1,
        normalisation=Window(low=-1, high=1),
        sampling=sampling,
        input_size=size,
    )
    layout = plane_layout(Geometry.of_picture(columns, rows, spacing), Slicing.NATIVE)
    return sampling_plan(layout, settings)


def there_and_back(plan: SamplingPlan, plane: np.ndarray) -> np.ndarray:
    """What a network that copies its input returns on the image's plane."""
    padded = plan.scale_and_pad(plane[np.newaxis].astype(np.float32), FLOOR)
    return plan.to_plane(plan.cut(padded))[0]


def test_fit_keeps_proportions_and_fills_the_longer_side() -> None:
    plan = plan_of(100, 200, FitToSize())
    assert plan.scaled == (32, 64)
    assert plan.before == (16, 0)
    assert plan.corners == ((0, 0),)


def test_fit_keeps_proportions_in_millimetres() -> None:
    # Rows twice as far apart as columns: 100 rows are as long as 200 columns.
    plan = plan_of(100, 200, FitToSize(), spacing=(0.5, 1.0))
    assert plan.scaled == (64, 64)


def test_a_target_spacing_is_met() -> None:
    plan = plan_of(100, 80, TargetSpacing(spacing_mm=2.0), spacing=(1.0, 0.5))
    assert plan.scaled == (25, 40)


def test_a_target_spacing_needs_a_spacing() -> None:
    with pytest.raises(DataError, match="no pixel spacing"):
        plan_of(100, 80, TargetSpacing(spacing_mm=2.0))


def test_tiles_keep_pixels_as_they_are() -> None:
    plan = plan_of(150, 90, Tiles())
    assert plan.scaled == plan.plane == (150, 90)
    assert len(plan.corners) > 1


@settings(max_examples=40)
@given(
    rows=st.integers(1, 300),
    columns=st.integers(1, 300),
    overlap=st.floats(0.0, 0.9),
)
def test_tiles_cover_every_pixel_and_overlap_as_asked(
    rows: int, columns: int, overlap: float
) -> None:
    plan = plan_of(rows, columns, Tiles(overlap=overlap))
    covered = np.zeros(plan.padded, int)
    for top, left in plan.corners:
        assert 0 <= top <= plan.padded[0] - 64
        assert 0 <= left <= plan.padded[1] - 64
        covered[top : top + 64, left : left + 64] += 1
    assert covered.min() >= 1
    for side in (0, 1):
        starts = sorted({corner[side] for corner in plan.corners})
        # Rounding to whole pixels may move two neighbours apart by one.
        assert all(
            b - a <= math.floor(64 * (1 - overlap)) + 1 for a, b in itertools.pairwise(starts)
        )


@settings(max_examples=40)
@given(
    rows=st.integers(1, 200), columns=st.integers(1, 200), overlap=st.sampled_from([0.0, 0.25, 0.5])
)
def test_blending_tiles_of_an_unchanged_picture_gives_it_back(
    rows: int, columns: int, overlap: float
) -> None:
    plane = np.random.default_rng(rows * 1000 + columns).normal(size=(rows, columns))
    plan = plan_of(rows, columns, Tiles(overlap=overlap))
    np.testing.assert_allclose(there_and_back(plan, plane), plane, atol=1e-5)


def test_weights_of_overlapping_tiles_add_up_to_one() -> None:
    plan = plan_of(150, 90, Tiles(overlap=0.5))
    ones = np.ones((len(plan.corners), 2, 64, 64), np.float32)
    np.testing.assert_allclose(plan.join(ones), 1.0, atol=1e-6)


def test_a_pixel_is_decided_by_the_tile_that_sees_it_best() -> None:
    plan = plan_of(64, 96, Tiles(overlap=0.5))
    assert plan.corners == ((0, 0), (0, 32))
    outputs = np.stack([np.zeros((1, 64, 64)), np.ones((1, 64, 64))]).astype(np.float32)
    row = plan.join(outputs)[0, 32]
    assert (row[:32] == 0).all()  # only the first tile is there
    assert (row[64:] == 1).all()
    assert row[40] < 0.1  # 8 from the first tile's centre, 24 from the second's
    assert row[56] > 0.9
    assert (np.diff(row) >= 0).all()


def test_one_tile_is_the_untiled_plane() -> None:
    plane = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
    tiled, fitted = plan_of(64, 64, Tiles()), plan_of(64, 64, FitToSize())
    assert tiled == fitted
    np.testing.assert_array_equal(there_and_back(tiled, plane), plane)


@pytest.mark.parametrize("shape", [(64, 64), (64, 33), (17, 64)])
def test_at_identity_the_way_back_is_exact(shape: tuple[int, int]) -> None:
    labels = np.random.default_rng(1).integers(0, 5, shape)
    plan = plan_of(*shape, FitToSize())
    assert plan.scaled == shape
    np.testing.assert_array_equal(there_and_back(plan, labels), labels)


@settings(max_examples=40)
@given(rows=st.integers(24, 150), columns=st.integers(24, 150), data=st.data())
def test_fit_returns_a_square_to_its_place(rows: int, columns: int, data: st.DataObject) -> None:
    plan = plan_of(rows, columns, FitToSize())
    top = data.draw(st.integers(0, rows - 12))
    left = data.draw(st.integers(0, columns - 12))
    plane = np.full((rows, columns), -1.0)
    plane[top : top + 12, left : left + 12] = 1.0
    found = np.argwhere(there_and_back(plan, plane) > 0)
    assert np.abs(found.min(axis=0) - [top, left]).max() <= 1
    assert np.abs(found.max(axis=0) - [top + 11, left + 11]).max() <= 1


def test_padding_is_the_darkest_value() -> None:
    plan = plan_of(32, 64, FitToSize())
    padded = plan.scale_and_pad(np.full((1, 32, 64), 0.5, np.float32), FLOOR)
    assert padded.shape == (1, 64, 64)
    assert (padded[0, :16] == -1).all()
    assert (padded[0, 48:] == -1).all()
    assert (padded[0, 16:48] == 0.5).all()


@pytest.mark.parametrize(
    "sampling",
    [Tiles(overlap=0.5), TargetSpacing(spacing_mm=0.6), TargetSpacing(spacing_mm=1.7)],
    ids=["tiles", "finer", "coarser"],
)
def test_a_part_needs_only_the_windows_over_it(sampling: Sampling) -> None:
    plan = plan_of(300, 260, sampling, spacing=(1.0, 1.0), size=(48, 48))
    generator = np.random.default_rng(2)
    outputs = generator.normal(size=(len(plan.corners), 1, 48, 48)).astype(np.float32)
    whole = plan.to_plane(outputs)
    for rows, columns in (((0, 20), (0, 20)), ((140, 160), (90, 91)), ((280, 300), (3, 260))):
        needed = plan.windows_over(rows, columns)
        assert len(needed) < len(plan.corners)
        blend = Blend(plan)
        for index in needed:
            blend.add(index, outputs[index])
        part = (slice(None), slice(*rows), slice(*columns))
        np.testing.assert_array_equal(blend.plane()[part], whole[part])


def test_an_empty_blend_is_an_error() -> None:
    with pytest.raises(ValueError, match="no window"):
        Blend(plan_of(10, 10, Tiles())).scaled_plane()
