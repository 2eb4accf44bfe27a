"""Layers of other plugins: whatever their type, axes, units and transforms, they become Images."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
import pytest
from napari.layers import Image as ImageLayer
from napari.layers import Labels
from numpy.typing import NDArray

from napari_omniseg.bridge import layer_image
from napari_omniseg.bridge.layer_image import LayerSnapshot, image_of
from napari_omniseg.bridge.layer_labels import segmentation_of_layer
from omniseg_backend.common.errors import DataError, GeometryError, ResourceError
from omniseg_backend.images.image import Image

RNG = np.random.default_rng(5)


def read(layer: ImageLayer, axes: str | None = None) -> Image:
    snapshot = LayerSnapshot.of(layer)
    return image_of(snapshot, axes or snapshot.readings()[0])


class OnDisk:
    """An array as zarr has it: shape, type and pieces, and no more."""

    def __init__(self, array: NDArray[Any]) -> None:
        self._array, self.asked = array, 0
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim
        self.size = array.size

    def __getitem__(self, key: object) -> NDArray[Any]:
        self.asked += 1
        return self._array[key]

    def __array__(self, dtype: object = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self._array, dtype)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [3, 4])
def test_colours_are_three_channels_in_their_own_type(kind: type, channels: int) -> None:
    array = RNG.random((6, 5, channels))
    array = array.astype(kind) if kind is np.float32 else (array * np.iinfo(kind).max).astype(kind)
    image = read(ImageLayer(array, rgb=True))
    assert image.channel_names == ("R", "G", "B")
    assert image.array.dtype == kind
    assert np.array_equal(image.array[0, :, :, :, 0], array[..., :3].transpose(2, 1, 0))


def test_channels_that_labels_name_stay_channels() -> None:
    array = RNG.random((2, 6, 5)).astype(np.float32)
    layer = ImageLayer(array, axis_labels=("c", "y", "x"))
    image = read(layer)
    assert image.channel_names == ("channel 0", "channel 1")
    assert np.array_equal(image.array[0, 1, :, :, 0], array[1].T)
    assert image.geometry.shape == (5, 6, 1)


@pytest.mark.parametrize(
    ("shape", "options", "axes", "frames", "grid"),
    [
        ((7, 6, 5), {"axis_labels": ("t", "y", "x")}, "tyx", 7, (5, 6, 1)),
        ((7, 6, 5), {"units": ("s", "um", "um")}, "tyx", 7, (5, 6, 1)),
        ((7, 6, 5), {}, "zyx", 1, (5, 6, 7)),
        ((3, 7, 6, 5), {}, "tzyx", 3, (5, 6, 7)),
        ((3, 2, 7, 6, 5), {}, "tczyx", 3, (5, 6, 7)),
        ((3, 2, 6, 5), {"axis_labels": ("t", "c", "y", "x")}, "tcyx", 3, (5, 6, 1)),
        ((3, 6, 5, 3), {"rgb": True, "axis_labels": ("t", "y", "x")}, "tyx", 3, (5, 6, 1)),
        ((4, 3, 6, 5, 3), {"rgb": True}, "tzyx", 4, (5, 6, 3)),
    ],
)
def test_time_and_depth(
    shape: tuple[int, ...], options: dict[str, Any], axes: str, frames: int, grid: tuple[int, ...]
) -> None:
    layer = ImageLayer(np.zeros(shape, np.uint8), **options)
    assert LayerSnapshot.of(layer).readings()[0] == axes
    image = read(layer)
    assert (image.frames, image.geometry.shape) == (frames, grid)
    assert image.has_time == ("t" in axes)


def test_the_time_between_frames_comes_from_scale_and_unit() -> None:
    layer = ImageLayer(
        np.zeros((4, 6, 5), np.uint8), scale=(40.0, 1.0, 1.0), units=("ms", "um", "um")
    )
    assert read(layer).frame_seconds == pytest.approx(0.04)
    assert read(ImageLayer(np.zeros((4, 6, 5)), axis_labels=("t", "y", "x"))).frame_seconds is None


def test_a_dask_layer_is_computed_only_when_its_image_is_made() -> None:
    computed = []

    def block(block_info: dict[Any, Any] | None = None) -> NDArray[np.uint8]:
        computed.append(1)
        return np.full((1, 6, 5), 9, np.uint8)

    lazy = da.map_blocks(block, chunks=((1,) * 7, (6,), (5,)), dtype=np.uint8)
    layer = ImageLayer(lazy, contrast_limits=(0, 255), axis_labels=("t", "y", "x"))
    computed.clear()
    snapshot = LayerSnapshot.of(layer)
    snapshot.placement(snapshot.readings()[0])
    assert computed == []
    assert int(image_of(snapshot, "tyx").array.min()) == 9
    assert len(computed) == 7


def test_a_lazy_layer_beyond_the_memory_is_refused_and_not_computed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = OnDisk(np.zeros((50, 64, 64), np.uint16))
    layer = ImageLayer(source, contrast_limits=(0, 1), multiscale=False)
    source.asked = 0
    monkeypatch.setattr(layer_image, "available_memory", lambda: 1000)
    with pytest.raises(ResourceError, match="for the whole layer"):
        read(layer)
    assert source.asked == 0


def test_arrays_on_disk_are_read() -> None:
    array = RNG.integers(0, 99, (4, 6, 5), np.uint16)
    image = read(ImageLayer(OnDisk(array), contrast_limits=(0, 99), multiscale=False))
    assert np.array_equal(image.array[0, 0].transpose(2, 1, 0), array)


def test_of_a_multiscale_layer_the_finest_level_is_taken() -> None:
    fine = RNG.integers(0, 99, (8, 12), np.uint8)
    image = read(ImageLayer([fine, fine[::2, ::2]], multiscale=True, scale=(2, 3)))
    assert np.array_equal(image.array[0, 0, :, :, 0], fine.T)
    assert image.geometry.spacing == (3.0, 2.0, 1.0)


@pytest.mark.parametrize(
    "kind", [np.bool_, np.int8, np.int32, np.int64, np.uint64, np.float16, np.float64]
)
def test_numbers_of_any_type_are_real_numbers_of_the_backend(kind: type) -> None:
    array = RNG.integers(0, 2, (6, 5)).astype(kind)
    image = read(ImageLayer(array))
    assert image.array.dtype.kind in "iuf"
    white = 255 if kind is np.bool_ else 1
    assert np.array_equal(image.array[0, 0, :, :, 0], array.T.astype(np.float64) * white)


def test_complex_numbers_are_refused() -> None:
    """napari shows none today, but hands any array to a writer."""
    snapshot = LayerSnapshot.of_data(np.zeros((6, 5), np.complex64), {"name": "field"})
    with pytest.raises(DataError, match="found complex numbers"):
        image_of(snapshot, "yx")


@pytest.mark.parametrize(
    ("units", "scale", "unit", "spacing"),
    [
        (("um", "um", "um"), (2.0, 0.5, 0.25), "mm", (0.00025, 0.0005, 0.002)),
        (("mm", "um", "um"), (2.0, 500.0, 250.0), "mm", (0.25, 0.5, 2.0)),
        (("pixel",) * 3, (3.0, 1.0, 1.0), "px", (1.0, 1.0, 3.0)),
        (("um", "pixel", "pixel"), (3.0, 1.0, 1.0), "px", (1.0, 1.0, 3.0)),
        (("degree", "mm", "mm"), (3.0, 1.0, 1.0), "px", (1.0, 1.0, 3.0)),
    ],
)
def test_units_of_volumes(
    units: tuple[str, ...], scale: tuple[float, ...], unit: str, spacing: tuple[float, ...]
) -> None:
    geometry = read(ImageLayer(np.zeros((4, 6, 5)), scale=scale, units=units)).geometry
    assert geometry.unit == unit
    np.testing.assert_allclose(geometry.spacing, spacing)


def test_a_picture_in_micrometres() -> None:
    layer = ImageLayer(np.zeros((6, 5)), scale=(0.65, 0.325), translate=(100, 10), units="um")
    geometry = read(layer).geometry
    assert (geometry.unit, geometry.dimensions) == ("mm", 2)
    np.testing.assert_allclose(geometry.spacing[:2], (0.000325, 0.00065))
    np.testing.assert_allclose(geometry.affine @ [1, 1, 0, 1], [0.010325, 0.10065, 0, 1])


@pytest.mark.parametrize(
    ("labels", "to_ras"),
    [
        (("S", "A", "R"), (1, 1, 1)),
        (("S", "P", "L"), (-1, -1, 1)),
        (("I", "A", "L"), (-1, 1, -1)),
        # Nothing anatomical is said: taken as what we ourselves write.
        (("z", "y", "x"), (-1, -1, 1)),
        (("-3", "-2", "-1"), (-1, -1, 1)),
    ],
)
def test_directions_come_from_the_labels_of_axes(
    labels: tuple[str, ...], to_ras: tuple[int, ...]
) -> None:
    layer = ImageLayer(np.zeros((4, 6, 5)), scale=(3, 2, 1), axis_labels=labels, units="mm")
    x, y, z = to_ras
    expected = np.diag([1.0 * x, 2.0 * y, 3.0 * z, 1.0])
    np.testing.assert_allclose(read(layer).geometry.affine, expected)


def test_sagittal_axes_are_put_in_their_places() -> None:
    layer = ImageLayer(np.zeros((4, 6, 5)), scale=(3, 2, 1), axis_labels=("R", "S", "A"))
    geometry = read(layer).geometry
    assert geometry.orientation == "ASR"
    np.testing.assert_allclose(geometry.spacing, (1, 2, 3))


def test_a_collapsed_axis_is_refused() -> None:
    matrix = np.array([[1.0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1 + 1e-9, 0], [0, 0, 0, 1]])
    with pytest.raises(GeometryError, match="collapses an axis"):
        read(ImageLayer(np.zeros((4, 6, 5)), affine=matrix))


@pytest.mark.parametrize("shape", [(9,), (2, 2, 2, 2, 2, 2)])
def test_shapes_that_are_no_image_are_refused(shape: tuple[int, ...]) -> None:
    snapshot = LayerSnapshot.of_data(np.zeros(shape), {"name": "odd"})
    with pytest.raises(DataError, match=f"a layer with {len(shape)} dimensions"):
        snapshot.readings()


@pytest.mark.parametrize("kind", [np.bool_, np.int8, np.int32, np.int64, np.uint16, np.uint64])
def test_labels_of_any_type(kind: type) -> None:
    layer = Labels(np.eye(6, 5).astype(kind))
    found = segmentation_of_layer(layer)
    assert found.labels.dtype == (np.uint16 if kind is np.uint16 else np.uint8)
    assert np.array_equal(found.labels[0, :, :, 0], np.eye(5, 6))
    assert found.classes.names == ("class 1",)


def test_values_beyond_those_of_files_are_refused() -> None:
    values = np.array([[0, 65535]], np.int32)
    assert segmentation_of_layer(Labels(values)).classes.values == (65535,)
    with pytest.raises(DataError, match=r"labels from 1 to 65536.*renumber the labels"):
        segmentation_of_layer(Labels(values + 1))
    with pytest.raises(DataError, match="labels from -1 to 65534"):
        segmentation_of_layer(Labels(values - 1))


def test_names_of_another_plugins_features() -> None:
    features = {"index": [1, 2, 3, np.nan], "name": ["cell", "cell", None, "lost"]}
    found = segmentation_of_layer(Labels(np.diag([1, 2, 3]), features=features))
    assert found.classes.names == ("cell", "cell (2)", "class 3")


def test_a_name_that_looks_like_an_unnamed_class() -> None:
    features = {"index": [5], "name": ["class 3"]}
    found = segmentation_of_layer(Labels(np.diag([5, 3]), features=features))
    assert found.classes.names == ("class 3", "class 3, unnamed")


def test_colours_of_another_plugins_labels_are_those_on_the_screen() -> None:
    layer = Labels(np.diag([1, 2, 900]))
    shown = [tuple(np.round(layer.get_color(v)[:3] * 255).astype(int)) for v in (1, 2, 900)]
    assert [entry.colour for entry in segmentation_of_layer(layer).classes] == shown


def test_labels_on_disk_and_lazy_ones() -> None:
    values = np.diag([1, 2, 3])
    for data in (da.from_array(values), OnDisk(values)):
        found = segmentation_of_layer(Labels(data, multiscale=False))
        assert found.classes.values == (1, 2, 3)
