"""The fields, shapes and canvas that phantoms are drawn with."""

from __future__ import annotations

import numpy as np
import pytest

from omniseg_sample_data.bounds import SlabBounds
from omniseg_sample_data.canvas import Canvas
from omniseg_sample_data.fields import rician, smooth_field, speckle, to_bytes
from omniseg_sample_data.grid import centred_grid, world_points
from omniseg_sample_data.shapes import blend, coverage, ellipsoid, tube


def grid(*lengths: int) -> tuple[np.ndarray, ...]:
    axes = (np.arange(n, dtype=float) - n // 2 for n in lengths)
    return tuple(np.meshgrid(*axes, indexing="ij"))


def test_a_smooth_field_has_unit_variance_everywhere_and_the_length_asked_for():
    fields = np.stack(
        [smooth_field(np.random.default_rng(s), (60, 40), [12.0, 6.0]) for s in range(400)]
    )
    assert abs(fields.mean()) < 0.02
    assert fields.std(axis=0).min() > 0.85
    assert fields.std(axis=0).max() < 1.15
    middle = fields[:, 30, 20]
    along = np.mean(middle * fields[:, 42, 20])
    across = np.mean(middle * fields[:, 30, 32])
    assert 0.4 < along < 0.85  # one length away
    assert abs(across) < 0.35  # two lengths away


def test_rician_noise_of_a_strong_signal_is_gaussian_and_of_none_is_rayleigh():
    rng = np.random.default_rng(0)
    strong = rician(rng, np.full(40_000, 10.0), 0.5)
    none = rician(rng, np.zeros(40_000), 0.5)
    assert strong.mean() == pytest.approx(np.sqrt(100.25), abs=0.02)
    assert strong.std() == pytest.approx(0.5, rel=0.03)
    assert none.mean() == pytest.approx(0.5 * np.sqrt(np.pi / 2.0), rel=0.02)


def test_speckle_is_rayleigh_with_mean_one():
    grain = speckle(np.random.default_rng(1), (300, 300), (1.0, 1.0))
    assert grain.mean() == pytest.approx(1.0)
    # Contrast of fully developed speckle: sqrt(4 / pi - 1) = 0.523.
    assert grain.std() == pytest.approx(0.523, abs=0.03)


def test_a_sphere_has_its_distance_exactly():
    points = grid(21, 21, 21)
    radius = np.sqrt(sum(p**2 for p in points))
    distance = ellipsoid(points, (0, 0, 0), (6, 6, 6))
    np.testing.assert_allclose(distance, radius - 6.0, atol=1e-9)


@pytest.mark.parametrize("turn", [0.0, 30.0, 90.0])
def test_a_turned_ellipse_is_zero_on_its_rim_with_unit_slope(turn):
    angle, along = np.deg2rad(turn), np.linspace(0.0, 6.28, 50)
    for factor in (0.99, 1.01):
        u, v = factor * 8.0 * np.cos(along), factor * 3.0 * np.sin(along)
        x = u * np.cos(angle) - v * np.sin(angle)
        y = u * np.sin(angle) + v * np.cos(angle)
        distance = ellipsoid((x + 2.0, y - 1.0), (2.0, -1.0), (8.0, 3.0), turn)
        assert (np.sign(distance) == np.sign(factor - 1.0)).all()
        assert np.abs(distance).max() < 0.09


def test_an_ellipsoid_with_an_infinite_axis_is_a_cylinder():
    points = grid(15, 15, 9)
    distance = ellipsoid(points, (0, 0, 0), (5, 5, np.inf))
    np.testing.assert_array_equal(distance, np.repeat(distance[:, :, :1], 9, axis=2))


def test_a_tube_has_the_distance_from_its_polyline():
    x, y = grid(31, 31)
    distance = tube((x, y), np.array([(-8.0, 0.0), (8.0, 0.0), (8.0, 8.0)]), 2.0)
    assert distance[15, 15 + 5] == pytest.approx(3.0)  # 5 above the first piece
    assert distance[15 - 12, 15] == pytest.approx(2.0)  # 4 beyond its end
    assert distance[15 + 11, 15 + 4] == pytest.approx(1.0)  # 3 beside the second piece


def test_blending_never_removes_from_the_union_and_meets_it_far_from_the_seam():
    x, y = grid(41, 41)
    first = ellipsoid((x, y), (-6, 0), (8, 8))
    second = ellipsoid((x, y), (6, 0), (8, 8))
    joined = blend(first, second, 4.0)
    assert (joined <= np.minimum(first, second) + 1e-12).all()
    far = np.abs(first - second) > 4.0
    np.testing.assert_allclose(joined[far], np.minimum(first, second)[far])


def test_coverage_adds_up_to_the_area():
    x, y = grid(61, 61)
    share = coverage(ellipsoid((x, y), (0.3, -0.2), (20, 11)), 1.0)
    assert share.sum() == pytest.approx(np.pi * 20 * 11, rel=0.003)


def test_bounds_hold_all_that_a_shape_touches_on_an_oblique_grid():
    axes = np.array([[-2.0, 0.3, 0.1], [0.2, 2.0, -0.4], [0.0, 0.5, 5.0]])
    geometry, origin = centred_grid((40, 30, 12), axes, (1.0, 2.0, 3.0), (10.0, 20.0, 30.0))
    points = world_points(geometry, origin)
    centre, radii = (12.0, -8.0, 6.0), (9.0, 6.0, 14.0)
    box = SlabBounds(points).box(centre, radii)
    inside = ellipsoid(points, centre, radii) < 0.0
    kept = np.zeros_like(inside)
    kept[box] = True
    assert inside.any()
    assert not (inside & ~kept).any()
    assert kept.sum() < 0.5 * kept.size


def test_bounds_of_something_outside_are_empty():
    box = SlabBounds(grid(9, 9, 9)).box((100.0, 0.0, 0.0), (3.0, 3.0, 3.0))
    assert np.zeros((9, 9, 9))[box].size == 0


def test_a_grid_has_the_anatomys_origin_at_the_isocentre():
    geometry, origin = centred_grid((5, 5, 5), np.diag([-2.0, 2.0, 3.0]), (0, 0, 0), (7.04, 8, 9))
    np.testing.assert_allclose(origin, (7.0, 8.0, 9.0))
    np.testing.assert_allclose(geometry.affine @ [2, 2, 2, 1], [7.0, 8.0, 9.0, 1.0])
    assert [p[2, 2, 2] for p in world_points(geometry, origin)] == pytest.approx([0, 0, 0])


def test_painting_mixes_by_coverage_and_labels_from_one_half():
    canvas = Canvas((4,), (0.0, 100.0))
    canvas.paint(np.array([0.0, 0.25, 0.5, 1.0]), (10.0, 0.0), 3)
    np.testing.assert_allclose(canvas.values, [[0, 2.5, 5, 10], [100, 75, 50, 0]])
    np.testing.assert_array_equal(canvas.labels, [0, 0, 3, 3])
    canvas.paint(np.ones(4), (1.0, 1.0), None)
    np.testing.assert_array_equal(canvas.labels, [0, 0, 3, 3])
    canvas.paint(np.array([1.0, 0, 0, 1.0]), (1.0, 1.0), 0)
    np.testing.assert_array_equal(canvas.labels, [0, 0, 3, 0])


def test_bytes_are_rounded_and_clipped():
    np.testing.assert_array_equal(
        to_bytes(np.array([-1.0, 0.0, 0.5, 1.0, 2.0])), [0, 0, 128, 255, 255]
    )
