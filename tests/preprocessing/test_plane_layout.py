"""Planes from voxel axes and back: exact for every orientation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.orientation import turn_to
from omniseg_backend.preprocessing.layout import plane_layout
from omniseg_backend.preprocessing.settings import Slicing

#: All 48 ways to name three axes, such as RAS or PIL.
ORIENTATIONS = [
    "".join(letters)
    for axes in itertools.permutations(("RL", "AP", "SI"))
    for letters in itertools.product(*axes)
]
ANATOMICAL = (Slicing.AXIAL, Slicing.CORONAL, Slicing.SAGITTAL)
RAS = Geometry((5, 6, 7), np.diag([0.7, 0.9, 3.0, 1.0]), "mm", 3)


def world_volume() -> np.ndarray:
    """Values that tell where they are: 100 R + 10 A + S, in voxels."""
    i, j, k = np.indices(RAS.shape)
    return (100 * i + 10 * j + k).astype(np.int16)


def test_there_are_48_orientations() -> None:
    assert len(set(ORIENTATIONS)) == 48


@pytest.mark.parametrize("slicing", list(Slicing))
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_planes_and_back_is_exact(orientation: str, slicing: Slicing) -> None:
    turn = turn_to(RAS, orientation)
    stored, geometry = turn.apply(world_volume()), turn.apply_to_geometry(RAS)
    layout = plane_layout(geometry, slicing)
    planes = layout.to_planes(stored)
    assert planes.shape == (layout.planes, *layout.plane_shape)
    np.testing.assert_array_equal(layout.from_planes(planes), stored)


@pytest.mark.parametrize("slicing", ANATOMICAL)
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_the_network_sees_the_same_planes_however_stored(
    orientation: str, slicing: Slicing
) -> None:
    turn = turn_to(RAS, orientation)
    layout = plane_layout(turn.apply_to_geometry(RAS), slicing)
    expected = plane_layout(RAS, slicing)
    np.testing.assert_array_equal(
        layout.to_planes(turn.apply(world_volume())), expected.to_planes(world_volume())
    )
    np.testing.assert_allclose(layout.plane_spacing, expected.plane_spacing)
    np.testing.assert_allclose(layout.geometry.affine, expected.geometry.affine, atol=1e-9)


def test_axial_planes_are_displayed_as_radiologists_expect() -> None:
    planes = plane_layout(RAS, Slicing.AXIAL).to_planes(world_volume())
    first_row_and_column = planes[0, 0, 0]
    # Top left of the lowest slice: the patient's right and front.
    assert first_row_and_column == 100 * 4 + 10 * 5 + 0
    # Rows run to the back, columns to the patient's left, slices to the head.
    assert planes[0, 1, 0] - first_row_and_column == -10
    assert planes[0, 0, 1] - first_row_and_column == -100
    assert planes[1, 0, 0] - first_row_and_column == 1


@pytest.mark.parametrize(
    ("slicing", "shape", "spacing"),
    [
        (Slicing.AXIAL, (7, 6, 5), (0.9, 0.7)),
        (Slicing.CORONAL, (6, 7, 5), (3.0, 0.7)),
        (Slicing.SAGITTAL, (5, 7, 6), (3.0, 0.9)),
    ],
)
def test_each_plane_has_its_own_rows_columns_and_spacing(
    slicing: Slicing, shape: tuple[int, int, int], spacing: tuple[float, float]
) -> None:
    layout = plane_layout(RAS, slicing)
    assert (layout.planes, *layout.plane_shape) == shape
    assert layout.plane_spacing == pytest.approx(spacing)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_native_slices_the_last_axis(orientation: str) -> None:
    turn = turn_to(RAS, orientation)
    geometry = turn.apply_to_geometry(RAS)
    layout = plane_layout(geometry, Slicing.NATIVE)
    assert layout.planes == geometry.shape[2]
    plane = {"S": Slicing.AXIAL, "A": Slicing.CORONAL, "R": Slicing.SAGITTAL}
    axis = {"R": "R", "L": "R", "A": "A", "P": "A", "S": "S", "I": "S"}[orientation[2]]
    assert layout.turn == plane_layout(geometry, plane[axis]).turn


@pytest.mark.parametrize("slicing", list(Slicing))
def test_a_picture_is_never_turned(slicing: Slicing) -> None:
    picture = np.arange(12).reshape(4, 3, 1)  # four columns, three rows
    layout = plane_layout(Geometry.of_picture(4, 3), slicing)
    assert (layout.planes, *layout.plane_shape) == (1, 3, 4)
    np.testing.assert_array_equal(layout.to_planes(picture)[0], picture[:, :, 0].T)
    np.testing.assert_array_equal(layout.from_planes(layout.to_planes(picture)), picture)


def test_turning_moves_no_memory() -> None:
    volume = world_volume()
    planes = plane_layout(RAS, Slicing.CORONAL).to_planes(volume)
    assert np.shares_memory(planes, volume)
