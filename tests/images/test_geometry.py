"""Grids in space: spacing, extent, sizes, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from omniseg_backend.common.errors import GeometryError
from omniseg_backend.images.geometry import Geometry


def test_spacing_extent_and_size_of_a_sheared_flipped_grid():
    affine = np.diag([-2.0, 3.0, 4.0, 1.0])
    affine[0, 1] = 4.0
    geometry = Geometry((10, 20, 30), affine, "mm", 3)
    assert geometry.spacing == pytest.approx((2.0, 5.0, 4.0))
    assert geometry.extent == pytest.approx((20.0, 100.0, 120.0))
    # Shearing lengthens an axis and keeps the volume.
    assert geometry.voxel_size == pytest.approx(24.0)


def test_a_picture_without_spacing_is_measured_in_pixels():
    geometry = Geometry.of_picture(640, 480)
    assert (geometry.shape, geometry.unit, geometry.dimensions) == ((640, 480, 1), "px", 2)
    assert geometry.voxel_size == 1.0


def test_the_size_of_a_pixel_ignores_the_third_axis():
    assert Geometry.of_picture(4, 3, (0.2, 0.5)).voxel_size == pytest.approx(0.1)


def test_a_microscope_voxel_of_a_tenth_of_a_micrometre_is_accepted():
    geometry = Geometry((2, 2, 2), np.diag([1e-4, 1e-4, 1e-4, 1.0]), "mm", 3)
    assert geometry.voxel_size == pytest.approx(1e-12)


@pytest.mark.parametrize(
    "affine",
    [
        np.zeros((4, 4)),
        np.diag([1.0, 0.0, 1.0, 1.0]),
        np.array([[1, 2, 0, 0], [2, 4, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]),
        np.full((4, 4), np.nan),
        np.diag([np.inf, 1, 1, 1]),
        np.eye(3),
    ],
)
def test_affines_that_describe_no_grid_are_refused(affine):
    with pytest.raises(GeometryError, match="correct the image's header"):
        Geometry((2, 2, 2), affine, "mm", 3)


@pytest.mark.parametrize("shape", [(0, 1, 1), (2, 2), (1, 2, 3, 4), (-1, 2, 2)])
def test_empty_or_flat_shapes_are_refused(shape):
    with pytest.raises(GeometryError, match="three lengths"):
        Geometry(shape, np.eye(4), "mm", 3)


def test_the_affine_cannot_be_changed_in_place():
    source = np.eye(4)
    geometry = Geometry((1, 1, 1), source, "mm", 3)
    source[0, 0] = 9.0
    assert geometry.affine[0, 0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        geometry.affine[0, 0] = 2.0


def test_grids_are_close_only_with_equal_shape_unit_and_place():
    base = Geometry((2, 3, 4), np.eye(4), "mm", 3)
    moved = np.eye(4)
    moved[0, 3] = 2e-6
    assert base.is_close(Geometry((2, 3, 4), np.eye(4), "mm", 3))
    assert not base.is_close(Geometry((2, 3, 4), moved, "mm", 3))
    assert base.is_close(Geometry((2, 3, 4), moved, "mm", 3), tolerance=1e-5)
    assert not base.is_close(Geometry((2, 3, 4), np.eye(4), "px", 3))
    assert not base.is_close(Geometry((2, 3, 5), np.eye(4), "mm", 3))
