from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from omniseg_backend.common.errors import DataError
from omniseg_backend.metrics.surface import (
    hausdorff95,
    pool,
    surface_dice,
    surface_distances,
)


def ball(shape, centre, radius, spacing):
    """Voxels whose centres lie in an ellipsoid of voxels that is a ball in millimetres."""
    grid = np.ogrid[tuple(slice(0, n) for n in shape)]
    squares = sum(
        ((axis - middle) * step) ** 2
        for axis, middle, step in zip(grid, centre, spacing, strict=True)
    )
    return squares <= radius**2


def box(shape, *spans):
    mask = np.zeros(shape, bool)
    mask[tuple(slice(*span) for span in spans)] = True
    return mask


def spaced_pairs():
    shapes = hnp.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=6)
    return shapes.flatmap(
        lambda shape: st.tuples(
            hnp.arrays(bool, shape),
            hnp.arrays(bool, shape),
            st.tuples(*[st.floats(0.1, 5.0) for _ in shape]),
        )
    )


# Golden values


def test_single_voxels():
    truth = box((10, 10), (1, 2), (1, 2))
    prediction = box((10, 10), (4, 5), (5, 6))
    assert hausdorff95(truth, prediction, (1.0, 1.0)) == pytest.approx(5.0)
    assert hausdorff95(truth, prediction, (2.0, 0.5)) == pytest.approx(math.hypot(6.0, 2.0))


def test_percentile_interpolates_between_distances():
    # The truth's five voxels lie 0, 1, 2, 3 and 4 from the prediction's one: the 95th
    # percentile stands at rank 0.95 * 4 = 3.8.
    truth = box((1, 6), (0, 1), (0, 5))
    prediction = box((1, 6), (0, 1), (0, 1))
    assert hausdorff95(truth, prediction, (1.0, 1.0)) == pytest.approx(3.8)
    assert hausdorff95(prediction, truth, (1.0, 1.0)) == pytest.approx(3.8)
    assert surface_dice(truth, prediction, (1.0, 1.0), 2.0) == pytest.approx((3 + 1) / 6)


def test_inner_voxels_are_no_surface():
    solid = box((9, 9), (2, 7), (2, 7))
    hollow = solid.copy()
    hollow[4, 4] = False
    # The hole makes its four neighbours boundary voxels, one voxel inside the solid's ring.
    distances = surface_distances(solid, hollow, (1.0, 1.0))
    assert distances.from_truth.tolist() == [0.0] * 16
    assert sorted(distances.from_prediction.tolist()) == [0.0] * 16 + [1.0] * 4


def test_voxels_at_the_image_edge_are_surface():
    full = np.ones((3, 3), bool)
    assert surface_distances(full, full, (1.0, 1.0)).from_truth.size == 8


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_shifted_cubes(axis):
    spacing = (0.1, 0.5, 3.0)
    truth = box((20, 20, 20), (5, 12), (5, 12), (5, 12))
    prediction = np.roll(truth, 3, axis)
    shift = 3 * spacing[axis]
    distances = surface_distances(truth, prediction, spacing)
    assert distances.from_truth.max() == pytest.approx(shift)
    assert hausdorff95(truth, prediction, spacing) == pytest.approx(shift)
    # The tolerance holds at its very edge, although 3 * 0.1 > 0.3 in floating point.
    assert surface_dice(truth, prediction, spacing, round(shift, 3)) == 1.0
    assert surface_dice(truth, prediction, spacing, 0.9 * shift) < 1.0


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.8, 0.8, 2.0)])
@pytest.mark.parametrize("radii", [(20.0, 20.0), (20.0, 17.0), (9.0, 21.0)])
def test_concentric_spheres(spacing, radii):
    shape = tuple(math.ceil(46.0 / step) for step in spacing)
    centre = tuple((n - 1) / 2 for n in shape)
    truth, prediction = (ball(shape, centre, radius, spacing) for radius in radii)
    gap = abs(radii[0] - radii[1])
    voxel = math.hypot(*spacing)
    assert hausdorff95(truth, prediction, spacing) == pytest.approx(gap, abs=voxel)
    assert surface_dice(truth, prediction, spacing, gap + voxel) == 1.0
    if gap > voxel:
        assert surface_dice(truth, prediction, spacing, gap - voxel) < 0.1


# Empty masks


@pytest.mark.parametrize("swap", [False, True])
def test_one_empty_stands_at_the_diagonal(swap):
    pair = [box((10, 20, 5), (2, 4), (2, 4), (2, 4)), np.zeros((10, 20, 5), bool)]
    truth, prediction = pair[::-1] if swap else pair
    spacing = (0.5, 0.5, 3.0)
    assert hausdorff95(truth, prediction, spacing) == pytest.approx(math.hypot(5, 10, 15))
    assert surface_dice(truth, prediction, spacing, 1.0) == 0.0
    assert surface_dice(truth, prediction, spacing, 1000.0) == 0.0


def test_both_empty_have_no_distance():
    empty = np.zeros((4, 5), bool)
    assert hausdorff95(empty, empty, (1.0, 1.0)) is None
    assert surface_dice(empty, empty, (1.0, 1.0), 1.0) is None


# Properties


@given(spaced_pairs())
@settings(max_examples=30, deadline=None)
def test_equals_the_definition_by_brute_force(triple):
    truth, prediction, spacing = triple
    distances = surface_distances(truth, prediction, spacing)
    surfaces = [_boundary_points(mask) * spacing for mask in (truth, prediction)]
    if not (truth.any() and prediction.any()):
        assert not np.isfinite(distances.from_truth).any()
        assert not np.isfinite(distances.from_prediction).any()
        return
    table = np.linalg.norm(surfaces[0][:, None] - surfaces[1][None], axis=-1)
    np.testing.assert_allclose(distances.from_truth, table.min(axis=1), atol=1e-12)
    np.testing.assert_allclose(distances.from_prediction, table.min(axis=0), atol=1e-12)


def _boundary_points(mask):
    padded = np.pad(mask, 1)
    points = []
    for point in np.argwhere(padded):
        steps = np.vstack([np.eye(mask.ndim, dtype=int), -np.eye(mask.ndim, dtype=int)])
        if not all(padded[tuple(point + step)] for step in steps):
            points.append(point - 1)
    return np.array(points, float).reshape(-1, mask.ndim)


def test_near_and_far_parts_of_one_surface():
    # A wedge that opens from 0 to 60 voxels: its ends are measured in different ways.
    truth, prediction = np.zeros((2, 80, 90), bool)
    columns = np.arange(80)
    truth[columns, 5] = True
    prediction[columns, 5 + columns * 3 // 4] = True
    spacing = (0.7, 1.3)
    surfaces = [_boundary_points(mask) * spacing for mask in (truth, prediction)]
    table = np.linalg.norm(surfaces[0][:, None] - surfaces[1][None], axis=-1)
    distances = surface_distances(truth, prediction, spacing)
    np.testing.assert_allclose(distances.from_truth, table.min(axis=1), atol=1e-12)
    np.testing.assert_allclose(distances.from_prediction, table.min(axis=0), atol=1e-12)
    assert distances.from_prediction.min() == 0.0
    assert distances.from_prediction.max() > 70.0


@given(spaced_pairs(), st.floats(0.0, 10.0))
@settings(max_examples=30, deadline=None)
def test_symmetry_and_bounds(triple, tolerance):
    truth, prediction, spacing = triple
    distance = hausdorff95(truth, prediction, spacing)
    share = surface_dice(truth, prediction, spacing, tolerance)
    assert distance == hausdorff95(prediction, truth, spacing)
    assert share == surface_dice(prediction, truth, spacing, tolerance)
    if distance is None:
        assert share is None
        return
    diagonal = math.hypot(*(n * step for n, step in zip(truth.shape, spacing, strict=True)))
    assert 0.0 <= distance <= diagonal
    assert 0.0 <= share <= 1.0
    if (truth == prediction).all():
        assert (distance, share) == (0.0, 1.0)
    if truth.any() and prediction.any():
        assert distance < diagonal


@given(spaced_pairs(), st.lists(st.integers(0, 3), min_size=6, max_size=6))
@settings(max_examples=30, deadline=None)
def test_translation_invariance(triple, margins):
    truth, prediction, spacing = triple
    if not (truth.any() and prediction.any()):
        return
    width = [(margins[2 * axis], margins[2 * axis + 1]) for axis in range(truth.ndim)]
    moved = [np.pad(mask, width) for mask in (truth, prediction)]
    still = hausdorff95(truth, prediction, spacing)
    assert hausdorff95(*moved, spacing) == pytest.approx(still, abs=1e-12)
    assert surface_dice(*moved, spacing, 1.0) == surface_dice(truth, prediction, spacing, 1.0)


@given(spaced_pairs(), st.floats(0.5, 4.0))
@settings(max_examples=30, deadline=None)
def test_distances_scale_with_the_spacing(triple, factor):
    truth, prediction, spacing = triple
    plain = hausdorff95(truth, prediction, spacing)
    scaled = hausdorff95(truth, prediction, [factor * step for step in spacing])
    assert scaled == (None if plain is None else pytest.approx(factor * plain))


# Pooling


def test_pooled_slices_keep_to_their_slice():
    left = box((1, 10), (0, 1), (0, 1))
    right = box((1, 10), (0, 1), (4, 5))
    empty = np.zeros((1, 10), bool)
    near = surface_distances(left, left, (1.0, 1.0))
    far = surface_distances(left, right, (1.0, 1.0))
    missed = surface_distances(left, empty, (1.0, 1.0))
    nothing = surface_distances(empty, empty, (1.0, 1.0))
    pooled = pool([near, far, nothing])
    assert sorted(pooled.from_truth.tolist()) == [0.0, 4.0]
    assert pooled.hausdorff95 == pytest.approx(3.8)
    assert pool([near, missed]).surface_dice(100.0) == pytest.approx(2 / 3)
    assert pool([missed, nothing]).hausdorff95 == pytest.approx(math.hypot(1, 10))
    assert pool([nothing]).hausdorff95 is None


# Refusals


def test_refuses_bad_arguments():
    mask = np.ones((3, 3), bool)
    for spacing in [(1.0,), (1.0, 0.0), (1.0, math.nan), (1.0, 1.0, 1.0)]:
        with pytest.raises(DataError, match="spacing"):
            hausdorff95(mask, mask, spacing)
    with pytest.raises(DataError, match="tolerance"):
        surface_dice(mask, mask, (1.0, 1.0), -1.0)
    with pytest.raises(DataError, match="uint8"):
        hausdorff95(mask.astype(np.uint8), mask.astype(np.uint8), (1.0, 1.0))


# MONAI as the yardstick


@pytest.fixture(scope="module")
def monai_metrics():
    pytest.importorskip("torch")
    return pytest.importorskip("monai.metrics")


def _monai_cases():
    generator = np.random.default_rng(11)
    yield "2d noise", *(generator.random((2, 24, 31)) < 0.4), (1.0, 1.0)
    yield "2d anisotropic", *(generator.random((2, 24, 31)) < 0.05), (0.7, 2.3)
    yield "3d noise", *(generator.random((2, 12, 15, 9)) < 0.6), (0.8, 0.8, 3.0)
    yield "3d sparse", *(generator.random((2, 12, 15, 9)) < 0.02), (0.5, 1.5, 5.0)
    shape, spacing = (30, 28, 14), (0.9, 0.9, 2.5)
    yield (
        "balls",
        ball(shape, (14, 13, 7), 10.0, spacing),
        ball(shape, (16, 12, 6), 8.5, spacing),
        spacing,
    )
    # Cut by the image's edge, where the surface is what lies on the edge.
    yield (
        "cut balls",
        ball(shape, (2, 13, 1), 10.0, spacing),
        ball(shape, (0, 15, 2), 11.0, spacing),
        spacing,
    )


@pytest.mark.parametrize("case", list(_monai_cases()), ids=lambda case: case[0])
def test_agrees_with_monai(monai_metrics, case):
    import torch

    _, truth, prediction, spacing = case
    tensors = [torch.from_numpy(mask)[None, None].float() for mask in (prediction, truth)]
    theirs = monai_metrics.compute_hausdorff_distance(
        *tensors, include_background=True, percentile=95, spacing=spacing
    ).item()
    assert theirs > 0
    assert hausdorff95(truth, prediction, spacing) == pytest.approx(theirs, rel=1e-6)
    for tolerance in (0.0, 1.13, 2.71):
        theirs = monai_metrics.compute_surface_dice(
            *tensors, [tolerance], include_background=True, spacing=spacing
        ).item()
        ours = surface_dice(truth, prediction, spacing, tolerance)
        assert ours == pytest.approx(theirs, rel=1e-6)
