"""Masks must lie on their images: what is refused, what passes, and what a list says of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image as ImageLayer
from napari.layers import Labels

from napari_omniseg.bridge.layer_image import LayerSnapshot
from napari_omniseg.models.labels_snapshot import LabelsSnapshot
from napari_omniseg.models.layer_pairs import layer_pairs
from napari_omniseg.models.one_place import require_one_place
from omniseg_backend.common.errors import DataError, GeometryError
from tests.napari.results_makers import show_drawn, two_balls

MM = ("millimeter",) * 2


def checked(image: ImageLayer, labels: Labels) -> str:
    return require_one_place(LabelsSnapshot.of(labels), LayerSnapshot.of(image))


def picture(*channels: int, **attributes: Any) -> ImageLayer:
    values = np.zeros((*channels, 64, 48), np.float32)
    return ImageLayer(values, name="photo", **attributes)


def mask(shape: tuple[int, ...] = (64, 48), **attributes: Any) -> Labels:
    return Labels(np.ones(shape, np.uint8), name="lesion", **attributes)


@pytest.mark.parametrize(
    ("attributes", "found"),
    [
        ({"translate": (60, 60)}, "lie up to 84.9 pixels away from photo"),
        ({"translate": (0, 0.2)}, "lie up to 0.2 pixels away"),
        ({"rotate": 30}, "pixels away"),
        ({"shear": [0.5]}, "spacing of 1 x 1.118"),
        ({"scale": (2, 2)}, "a spacing of 2 x 2, expected 1 x 1, the spacing of photo"),
        ({"scale": (3, 0.5)}, "a spacing of 3 x 0.5"),
        ({"affine": np.diag([-1.0, 1.0, 1.0])}, "lie up to 126 pixels away"),
    ],
)
def test_a_mask_that_lies_elsewhere_is_refused(attributes: dict[str, Any], found: str) -> None:
    with pytest.raises(GeometryError, match=r"^lesion: found ") as refused:
        checked(picture(), mask(**attributes))
    assert found in str(refused.value)
    assert "resample" in str(refused.value)


def test_sizes_are_named_where_they_differ() -> None:
    with pytest.raises(GeometryError, match="labels of 8 x 48 pixels, expected 64 x 48"):
        checked(picture(), mask((8, 48)))
    with pytest.raises(DataError, match=r"labels of 3 x 8 x 48 pixels.*photo, which has 64 x 48"):
        checked(picture(), mask((3, 8, 48)))


@pytest.mark.parametrize(
    ("image", "labels"),
    [
        ({"scale": (0.5, 0.25), "units": MM}, {"scale": (0.5, 0.25)}),
        ({"scale": (0.5, 0.25), "units": MM}, {"scale": (500, 250), "units": ("micrometer",) * 2}),
        ({"rotate": 30, "translate": (5, 9)}, {"rotate": 30, "translate": (5, 9)}),
        ({"scale": (2, 2), "translate": (1, 1)}, {"affine": [[2, 0, 1], [0, 2, 1], [0, 0, 1]]}),
        ({}, {"translate": (0.05, 0)}),
    ],
)
def test_one_place_can_be_said_in_several_ways(
    image: dict[str, Any], labels: dict[str, Any]
) -> None:
    assert checked(picture(**image), mask(**labels)) == "yx"


def test_lengths_are_compared_in_one_unit() -> None:
    scale = (0.5, 0.25)
    with pytest.raises(GeometryError, match=r"0\.0005 x 0\.00025 mm, expected 0\.5 x 0\.25 mm"):
        checked(
            picture(scale=scale, units=MM), mask(scale=scale, units=("micrometer", "micrometer"))
        )


def test_channels_and_colours_lie_nowhere() -> None:
    many = picture(4, scale=(9, 2, 2), translate=(7, 5, 5))
    assert checked(many, mask(scale=(2, 2), translate=(5, 5))) == "cyx"
    colours = ImageLayer(np.zeros((64, 48, 3), np.uint8), rgb=True, scale=(2, 2))
    assert checked(colours, mask(scale=(2, 2))) == "yx"
    with pytest.raises(GeometryError, match="spacing of 1 x 1"):
        checked(colours, mask())


def test_a_series_is_compared_in_time_where_both_say_it(viewer: ViewerModel) -> None:
    made = show_drawn(viewer, np.stack([two_balls(), two_balls()]), time=True)
    assert checked(made.image, made.labels) == "tzyx"
    made.labels.translate = (1, 0, 0, 0)
    with pytest.raises(GeometryError, match="begin 1 time points after"):
        checked(made.image, made.labels)
    one_frame = Labels(two_balls(), affine=made.image.affine.affine_matrix[1:, 1:])
    with pytest.raises(DataError, match="expected labels of the image"):
        checked(made.image, one_frame)


def test_napari_s_own_new_layer_lies_on_its_image(viewer: ViewerModel) -> None:
    made = show_drawn(viewer)
    viewer.layers.selection.active = made.image
    viewer._new_labels()
    assert checked(made.image, viewer.layers[-1]) == "zyx"


def test_a_mask_finds_the_image_that_it_lies_on() -> None:
    here, there = picture(), picture(translate=(0, 100))
    own = mask(translate=(0, 100))
    found = layer_pairs([there, here, own])
    assert [pair.image for pair in found.pairs] == [there]
    assert found.left_out == ()


def test_what_lies_nowhere_or_has_another_size_is_told() -> None:
    small = ImageLayer(np.zeros((5, 5)), name="small")
    found = layer_pairs([picture(), mask(translate=(60, 60)), mask((8, 48)), small])
    assert found.pairs == ()
    assert "84.9 pixels away from photo" in str(found.left_out[0])
    assert "labels of 8 x 48 pixels" in str(found.left_out[1])
    assert layer_pairs([mask()]).left_out == ()


def test_a_result_is_the_mask_of_its_own_image_alone(viewer: ViewerModel) -> None:
    made = show_drawn(viewer)
    twin = viewer.add_image(made.image.data, affine=made.image.affine, units=made.image.units)
    made.image.translate = (3, 0, 0)
    found = layer_pairs(viewer.layers)
    assert twin in viewer.layers
    assert found.pairs == ()
    assert "6 mm away from heart.nii.gz" in str(found.left_out[0])
