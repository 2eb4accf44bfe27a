"""Regions: read, refused, cut out and turned."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from omniseg_backend.common.errors import UsageError
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.orientation import turn_to
from omniseg_backend.inference.region import (
    Region,
    check_region,
    crop,
    in_planes,
    parse_region,
    whole,
)
from omniseg_backend.preprocessing.layout import plane_layout
from omniseg_backend.preprocessing.settings import Slicing

OBLIQUE = np.array([[0.7, 0.1, 0, 5], [-0.1, 0.8, 0.2, -3], [0, 0.1, 2.5, 40], [0, 0, 0, 1.0]])
VOLUME = Geometry((10, 12, 6), OBLIQUE, "mm", 3)
PICTURE = Geometry.of_picture(20, 16)


def test_three_ranges_for_a_volume() -> None:
    assert parse_region("1:4, 2:12,0:6", VOLUME) == Region((1, 4), (2, 12), (0, 6))


def test_two_ranges_for_a_picture_are_columns_and_rows() -> None:
    region = parse_region("3:20,0:16", PICTURE)
    assert region == Region((3, 20), (0, 16), (0, 1))
    assert parse_region(region.as_text(), PICTURE) == region


def test_a_number_left_out_is_the_end() -> None:
    assert parse_region(":,2:,:3", VOLUME) == Region((0, 10), (2, 12), (0, 3))


@pytest.mark.parametrize(
    "text", ["", "1:2", "1:2,3:4", "1:2,3:4,5", "a:b,0:1,0:1", "-1:4,0:4,0:4", "0:1,0:1,0:1,0:1"]
)
def test_what_is_no_region_of_a_volume_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected 3 ranges such as"):
        parse_region(text, VOLUME)


@pytest.mark.parametrize("text", ["0:11,0:12,0:6", "4:4,0:12,0:6", "5:4,0:12,0:6", "0:1,0:1,6:7"])
def test_a_box_outside_of_the_image_or_empty_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"a box inside 0:10,0:12,0:6"):
        parse_region(text, VOLUME)


def test_a_region_made_in_code_is_checked_too() -> None:
    with pytest.raises(UsageError, match="at least one voxel"):
        check_region(Region((0, 5), (-1, 3), (0, 1)), VOLUME)


def test_a_cut_out_lies_where_it_lay() -> None:
    array = np.arange(2 * 10 * 12 * 6).reshape(1, 2, 10, 12, 6)
    image = Image(array, VOLUME, ("a", "b"))
    region = Region((2, 7), (3, 5), (1, 6))
    part = crop(image, region)
    assert part.array[0, 1, 4, 1, 2] == array[0, 1, 6, 4, 3]
    np.testing.assert_allclose(
        part.geometry.affine @ [4, 1, 2, 1], VOLUME.affine @ [6, 4, 3, 1], atol=1e-12
    )
    assert part.geometry.shape == part.array.shape[2:] == (5, 2, 5)


@pytest.mark.parametrize("slicing", list(Slicing))
@pytest.mark.parametrize(
    "orientation", ["".join(p) for p in itertools.permutations("RAS")] + ["LPI", "PIR", "SLP"]
)
def test_a_region_in_planes_holds_the_same_voxels(orientation: str, slicing: Slicing) -> None:
    geometry = turn_to(VOLUME, orientation).apply_to_geometry(VOLUME)
    values = np.arange(np.prod(geometry.shape)).reshape(geometry.shape)
    layout = plane_layout(geometry, slicing)
    i, j, k = geometry.shape
    region = Region((1, i - 2), (0, j - 1), (3, k))
    box = in_planes(region, layout, geometry)
    found = layout.to_planes(values)[box.slices]
    np.testing.assert_array_equal(np.sort(found.ravel()), np.sort(values[region.slices].ravel()))


def test_the_whole_leaves_nothing_out() -> None:
    assert whole(VOLUME).as_text() == "0:10,0:12,0:6"
