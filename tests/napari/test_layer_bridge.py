"""Images become layers and come back as they were, wherever they lie."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image as ImageLayer

from napari_omniseg.bridge.layer_image import LayerSnapshot, image_of, layer_of
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image


def oblique() -> Geometry:
    """20 degrees about an axis that is none of the grid's, spacing 0.7 x 0.9 x 3.1 mm."""
    angle = np.deg2rad(20.0)
    axis = np.array([1.0, 2.0, 3.0]) / np.sqrt(14.0)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    turn = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag([0.7, 0.9, 3.1])
    affine[:3, 3] = [-30.0, 12.0, 100.0]
    return Geometry((6, 5, 4), affine, "mm", 3)


@pytest.fixture
def volume() -> Image:
    return Image(np.arange(120, dtype=np.int16).reshape(1, 1, 6, 5, 4), oblique(), name="oblique")


def test_an_oblique_volume_comes_back_exactly(volume: Image) -> None:
    made = layer_of(volume)
    layer = ImageLayer(made.array, **made.attributes)
    back = image_of(LayerSnapshot.of(layer), "zyx")
    assert np.array_equal(back.geometry.affine, volume.geometry.affine)
    assert np.array_equal(back.array, volume.array)
    assert np.shares_memory(back.array, volume.array)


def test_a_moved_layer_takes_its_geometry_from_its_transforms(volume: Image) -> None:
    made = layer_of(volume)
    layer = ImageLayer(made.array, **made.attributes)
    layer.translate = (10.0, 0.0, 0.0)  # along k, before the affine
    back = image_of(LayerSnapshot.of(layer), "zyx")
    shifted = volume.geometry.affine @ np.array([0.0, 0.0, 10.0, 1.0])
    np.testing.assert_allclose(back.geometry.affine[:, 3], shifted, atol=1e-9)
    np.testing.assert_allclose(
        back.geometry.affine[:3, :3], volume.geometry.affine[:3, :3], atol=1e-12
    )
