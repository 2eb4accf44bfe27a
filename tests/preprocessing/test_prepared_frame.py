"""One frame as network input: neighbours, padding, windows, labels."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.preprocessing.frame import PreparedFrame, prepare_labels
from omniseg_backend.preprocessing.settings import (
    FitToSize,
    Percentiles,
    PreprocessingSettings,
    Slicing,
    Tiles,
    Window,
)


def settings_of(**changes: Any) -> PreprocessingSettings:
    return PreprocessingSettings(
        **{
            "modality": Modality.MRI,
            "image_channels": 1,
            "normalisation": Window(low=-100, high=100),
            "sampling": FitToSize(),
            "slicing": Slicing.AXIAL,
            "input_size": (32, 32),
            **changes,
        }
    )


def volume_of(array: np.ndarray) -> Image:
    """(time, channel, i, j, k) as an Image whose axes run to the left, back and head."""
    geometry = Geometry(array.shape[2:], np.diag([-1.0, -1.0, 3.0, 1.0]), "mm", 3)
    names = tuple(f"channel {index}" for index in range(array.shape[1]))
    return Image(array, geometry, names, name="volume.nii.gz", has_time=len(array) > 1)


@pytest.fixture
def five_slices() -> Image:
    """Slice k of channel c is filled with 10 k + c."""
    k = np.arange(5)
    array = (10 * k + np.arange(2)[:, np.newaxis]).reshape(1, 2, 1, 1, 5)
    return volume_of(np.broadcast_to(array, (1, 2, 32, 32, 5)).astype(np.int16))


def levels(plane: np.ndarray) -> list[int]:
    """The one value of every channel, before normalisation."""
    assert (np.ptp(plane, axis=(1, 2)) == 0).all()
    return [round(float(value) * 100) for value in plane[:, 0, 0]]


def test_a_slice_alone_has_its_own_channels(five_slices: Image) -> None:
    prepared = PreparedFrame(five_slices, settings_of(image_channels=2))
    assert levels(prepared.plane(3)) == [30, 31]


@pytest.mark.parametrize(
    ("plane", "expected"),
    [
        (2, [10, 11, 20, 21, 30, 31]),
        (0, [0, 1, 0, 1, 10, 11]),
        (4, [30, 31, 40, 41, 40, 41]),
    ],
)
def test_neighbours_stand_lowest_first_and_ends_repeat(
    five_slices: Image, plane: int, expected: list[int]
) -> None:
    settings = settings_of(image_channels=2, neighbours=1)
    prepared = PreparedFrame(five_slices, settings)
    assert levels(prepared.plane(plane)) == expected
    assert prepared.plane(plane).shape[0] == settings.network_channels


def test_wide_neighbourhoods_reach_over_the_end(five_slices: Image) -> None:
    prepared = PreparedFrame(five_slices, settings_of(image_channels=2, neighbours=2))
    assert levels(prepared.plane(0))[::2] == [0, 0, 0, 10, 20]


def test_planes_do_not_depend_on_the_order_they_are_asked_in(five_slices: Image) -> None:
    settings = settings_of(image_channels=2, neighbours=1)
    forwards, backwards = (PreparedFrame(five_slices, settings) for _ in range(2))
    there = [forwards.plane(index) for index in range(5)]
    back = [backwards.plane(index) for index in reversed(range(5))]
    for first, second in zip(there, reversed(back), strict=True):
        np.testing.assert_array_equal(first, second)


def test_each_frame_is_scaled_by_its_own_values() -> None:
    rng = np.random.default_rng(0)
    quiet = rng.uniform(0, 1, (1, 32, 32, 3))
    loud = rng.uniform(0, 1000, (1, 32, 32, 3))
    settings = settings_of(normalisation=Percentiles())
    series = volume_of(np.stack([quiet, loud]))
    for frame, alone in enumerate((quiet, loud)):
        expected = PreparedFrame(volume_of(alone[np.newaxis]), settings).plane(1)
        np.testing.assert_array_equal(PreparedFrame(series, settings, frame).plane(1), expected)


def test_windows_are_cut_from_the_padded_plane() -> None:
    array = np.random.default_rng(1).uniform(-90, 90, (1, 1, 50, 20, 1)).astype(np.float32)
    prepared = PreparedFrame(volume_of(array), settings_of(sampling=Tiles(overlap=0.5)))
    windows = prepared.windows(0)
    assert windows.shape == (3, 1, 32, 32)
    expected = array[0, 0, :32, :, 0].T / 100  # rows run along j, columns along i
    np.testing.assert_allclose(windows[0, 0, 6:26], expected, atol=1e-6)
    assert (windows[0, 0, :6] == -1).all()


def test_labels_land_on_the_pixels_of_the_image() -> None:
    rng = np.random.default_rng(2)
    shape = (20, 28, 4)
    values = np.where(rng.random(shape) > 0.7, 90, -90).astype(np.int16)
    image = volume_of(values[np.newaxis, np.newaxis])
    truth = Segmentation(
        ((values > 0) * 7).astype(np.uint8)[np.newaxis],
        image.geometry,
        ClassTable.from_names(["bright"], [7]),
    )
    prepared = PreparedFrame(image, settings_of(sampling=Tiles()))
    labels = prepare_labels(truth, prepared)
    for index in range(4):
        bright = prepared.plane(index)[0] > 0
        np.testing.assert_array_equal(labels[index] == 1, bright)


def test_gaps_in_label_values_cost_no_class() -> None:
    image = volume_of(np.zeros((1, 1, 32, 32, 1), np.int16))
    labels = np.zeros((1, 32, 32, 1), np.uint16)
    labels[0, :8], labels[0, 8:16], labels[0, 16:24] = 1000, 3, 20
    truth = Segmentation(labels, image.geometry, ClassTable.from_names("abc", [3, 20, 1000]))
    indices = prepare_labels(truth, PreparedFrame(image, settings_of()))
    # i runs to the left, as columns do.
    assert indices[0, 0, [0, 8, 16, 24]].tolist() == [3, 1, 2, 0]


def test_shrunk_labels_keep_the_share_of_each_class() -> None:
    image = volume_of(np.zeros((1, 1, 128, 128, 1), np.int16))
    columns, rows = np.indices((128, 128))
    disc = (columns - 60) ** 2 + (rows - 70) ** 2 < 40**2
    labels = disc[np.newaxis, :, :, np.newaxis].astype(np.uint8)
    truth = Segmentation(labels, image.geometry, ClassTable.from_names(["disc"]))
    indices = prepare_labels(truth, PreparedFrame(image, settings_of()))
    assert indices.sum() * 16 == pytest.approx(disc.sum(), rel=0.02)


def test_a_frame_that_is_let_go_frees_the_image() -> None:
    image = volume_of(np.zeros((1, 1, 32, 32, 2), np.int16))
    watched = weakref.ref(image.array)
    prepared = PreparedFrame(image, settings_of())
    prepared.plane(0)
    gc.disable()
    try:
        del image, prepared
        assert watched() is None
    finally:
        gc.enable()
