"""For any transforms a layer can have: results lie exactly on it, and files keep the place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from napari.layers import Image as ImageLayer
from napari.layers import Labels

from napari_omniseg.bridge.labels_layer import file_layer, result_layers
from napari_omniseg.bridge.layer_data import LayerData
from napari_omniseg.bridge.layer_image import LayerSnapshot, image_of, layer_of
from napari_omniseg.bridge.layer_labels import segmentation_of_layer
from napari_omniseg.files import writer
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.reading import read_segmentation
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.inference.results import SegmentResult

SIZES = st.floats(0.05, 20.0)
SIGNS = st.sampled_from([-1.0, 1.0])
SMALL = st.floats(-0.9, 0.9)
FAR = st.floats(-500.0, 500.0)
UNITS = st.sampled_from(["mm", "um", "pixel"])
LABELS = st.sampled_from([("S", "A", "R"), ("S", "P", "L"), ("z", "y", "x"), ("R", "I", "P")])
SETTINGS = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def turns(draw: st.DrawFn, n: int) -> np.ndarray:
    """A rotation of n dimensions."""
    seed = draw(st.integers(0, 2**32 - 1))
    turned, upper = np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))
    turned = turned * np.sign(np.diag(upper))
    if np.linalg.det(turned) < 0:
        turned[:, 0] *= -1
    return turned


@st.composite
def transforms(draw: st.DrawFn, n: int) -> dict[str, Any]:
    """Everything that napari's layers take at once: scale, translate, rotate, shear and affine."""
    rows = st.lists(FAR, min_size=n, max_size=n)
    affine = np.eye(n + 1)
    affine[:n, :n] = draw(turns(n)) @ np.diag([draw(SIZES) * draw(SIGNS) for _ in range(n)])
    affine[:n, n] = draw(rows)
    return {
        "scale": [draw(SIZES) * draw(SIGNS) for _ in range(n)],
        "translate": draw(rows),
        "rotate": draw(turns(n)),
        "shear": [draw(SMALL) for _ in range(n * (n - 1) // 2)],
        "affine": affine,
        "units": (draw(UNITS),) * n,
    }


def world_of(layer: ImageLayer | Labels) -> np.ndarray:
    """Where the corners of a layer's grid lie, shape (corners, n)."""
    n = layer.ndim
    corners = np.array(np.meshgrid(*[[0, 7]] * n)).reshape(n, -1).T
    return np.array([layer.data_to_world(corner) for corner in corners])


def result_of(image: Image) -> SegmentResult:
    labels = np.zeros((image.frames, *image.geometry.shape), np.uint8)
    labels[:, 1, 0] = 1
    segmentation = Segmentation(
        labels,
        image.geometry,
        ClassTable.from_names(["organ"]),
        has_time=image.has_time,
        frame_seconds=image.frame_seconds,
    )
    return SegmentResult(segmentation, (), (), {"total": 0.0}, np.zeros_like(labels))


def made(data: LayerData) -> ImageLayer | Labels:
    kind = Labels if data.layer_type == "labels" else ImageLayer
    return kind(data.array, **data.attributes)


def assert_on_it(source: ImageLayer, axes: str) -> None:
    """The result's layers lie where the source does, within 1e-9 of its extent."""
    snapshot = LayerSnapshot.of(source)
    image = image_of(snapshot, axes)
    there = world_of(source)
    tolerance = 1e-9 * max(1.0, float(np.abs(there).max()))
    for data in result_layers(result_of(image), snapshot, axes, name="result"):
        layer = made(data)
        assert layer.data.shape == tuple(source.data.shape[: source.ndim])
        assert layer.units == source.units
        assert layer.axis_labels == source.axis_labels
        np.testing.assert_allclose(world_of(layer), there, rtol=0, atol=tolerance)


@SETTINGS
@given(transforms(3), LABELS)
def test_results_lie_on_volumes(given_: dict[str, Any], labels: tuple[str, ...]) -> None:
    assert_on_it(ImageLayer(np.zeros((4, 3, 5)), axis_labels=labels, **given_), "zyx")


@SETTINGS
@given(transforms(2))
def test_results_lie_on_pictures(given_: dict[str, Any]) -> None:
    assert_on_it(ImageLayer(np.zeros((4, 5, 3), np.uint8), rgb=True, **given_), "yx")


@SETTINGS
@given(transforms(4))
def test_results_lie_on_volumes_in_time(given_: dict[str, Any]) -> None:
    assert_on_it(ImageLayer(np.zeros((2, 4, 3, 5)), **given_), "tzyx")


@SETTINGS
@given(transforms(3), LABELS)
def test_the_geometry_says_where_the_layer_lies(
    given_: dict[str, Any], labels: tuple[str, ...]
) -> None:
    """Whatever the letters: distances in the world are those of the geometry's affine."""
    layer = ImageLayer(np.zeros((4, 3, 5)), axis_labels=labels, **given_)
    geometry = image_of(LayerSnapshot.of(layer), "zyx").geometry
    millimetres = {"millimeter": 1.0, "micrometer": 1e-3, "pixel": 1.0}[str(layer.units[0])]
    assert geometry.unit == ("px" if str(layer.units[0]) == "pixel" else "mm")
    first, second = np.array([1, 0, 2]), np.array([3, 2, 4])
    apart = np.subtract(layer.data_to_world(second), layer.data_to_world(first)) * millimetres
    in_ras = geometry.affine[:3, :3] @ (second - first)[::-1]
    np.testing.assert_allclose(np.linalg.norm(in_ras), np.linalg.norm(apart), rtol=1e-9)


@SETTINGS
@given(transforms(3))
def test_an_image_that_we_open_and_move_comes_back_moved(given_: dict[str, Any]) -> None:
    geometry = Geometry((5, 3, 4), np.diag([0.5, 0.7, 2.0, 1.0]), "mm", 3)
    opened = layer_of(Image(np.zeros((1, 1, 5, 3, 4)), geometry))
    layer = ImageLayer(opened.array, **opened.attributes)
    layer.affine = given_["affine"] @ layer.affine.affine_matrix
    moved = image_of(LayerSnapshot.of(layer), "zyx").geometry
    here = np.array(layer.data_to_world((3, 2, 1)))
    ras = moved.affine @ [1, 2, 3, 1]
    np.testing.assert_allclose(ras[:3] * [-1, -1, 1], here[::-1], rtol=0, atol=1e-8)


@SETTINGS
@given(given_=transforms(3), seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd"])
def test_files_keep_labels_and_place(
    suffix: str, given_: dict[str, Any], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    values = np.random.default_rng(seed).integers(0, 4, (4, 3, 5), np.uint8)
    given_["units"] = ("mm",) * 3
    layer = Labels(values, axis_labels=("S", "P", "L"), **given_)
    expected = segmentation_of_layer(layer)
    # What no format with single-precision offsets holds is beside the point: metres away.
    assume(np.abs(expected.geometry.affine).max() < 1e4)
    target = tmp_path_factory.mktemp("saved") / f"mask{suffix}"
    writer.labels_as_nifti(str(target), *layer.as_layer_data_tuple()[:2])
    back = read_segmentation(target)
    assert np.array_equal(back.labels, expected.labels)
    np.testing.assert_allclose(back.geometry.affine, expected.geometry.affine, rtol=0, atol=1e-6)
    again = made(file_layer(back))
    assert np.array_equal(again.data, values)
    np.testing.assert_allclose(world_of(again), world_of(layer), rtol=0, atol=1e-5)
