"""Clean-up rules on masks drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from omniseg_backend.bundles.rules import CleanUpRule
from omniseg_backend.images.geometry import Geometry, Unit
from omniseg_backend.inference.cleanup import clean_up, enclosed, smallest_voxels
from omniseg_backend.inference.components import class_boxes, count_classes, label_components


def rule(**fields: object) -> CleanUpRule:
    return CleanUpRule.model_validate({"class_name": "x", **fields})


def grid(*shape: int, spacing: float = 1.0, unit: Unit = "mm") -> Geometry:
    dimensions = 2 if shape[0] == 1 else 3
    affine = np.diag([spacing, spacing, spacing if dimensions == 3 else 1.0, 1.0])
    return Geometry((shape[2], shape[1], shape[0]), affine, unit, dimensions)  # type: ignore[arg-type]


def drawn(*rows: str) -> np.ndarray:
    """One plane of class indices; a dot is background."""
    return np.array([[[0 if c == "." else int(c) for c in row] for row in rows]], np.uint8)


def cleaned(labels: np.ndarray, index: int = 1, **fields: object) -> np.ndarray:
    copy = labels.copy()
    clean_up(copy, index, rule(**fields), grid(*labels.shape))
    return copy


def test_only_the_largest_component_stays() -> None:
    labels = drawn("11..1", "11...", "....1", "2...1")
    expected = drawn("11...", "11...", ".....", "2....")
    np.testing.assert_array_equal(cleaned(labels, keep_largest=True), expected)


def test_voxels_that_share_a_corner_are_one_component() -> None:
    labels = drawn("11..", "11..", "..1.", "...1")
    np.testing.assert_array_equal(cleaned(labels, keep_largest=True), labels)


def test_small_components_go_and_the_exact_size_stays() -> None:
    labels = drawn("111.1", "....1", "1....")
    expected = drawn("111.1", "....1", ".....")
    np.testing.assert_array_equal(cleaned(labels, min_size=2), expected)


def test_holes_are_filled_with_background_only() -> None:
    labels = drawn("11111", "1.1.1", "11121", "11111", "1...1")
    expected = drawn("11111", "11111", "11121", "11111", "1...1")
    np.testing.assert_array_equal(cleaned(labels, fill_holes=True), expected)


def test_an_island_removed_from_a_hole_leaves_no_hole() -> None:
    labels = drawn("11111", "1...1", "1.1.1", "1...1", "11111")
    filled = cleaned(labels, keep_largest=True, fill_holes=True)
    np.testing.assert_array_equal(filled, np.ones_like(labels))


def test_without_rules_nothing_changes() -> None:
    labels = drawn("1.1", "...", "1.1")
    np.testing.assert_array_equal(cleaned(labels), labels)


def test_other_classes_are_left_alone() -> None:
    labels = drawn("22.2", "1..1", "11.2")
    found = cleaned(labels, keep_largest=True, fill_holes=True, min_size=2)
    np.testing.assert_array_equal(found == 2, labels == 2)


def test_a_class_that_is_absent_is_no_trouble() -> None:
    labels = drawn("22.2")
    np.testing.assert_array_equal(cleaned(labels, 1, keep_largest=True), labels)
    np.testing.assert_array_equal(cleaned(labels, 3, keep_largest=True), labels)


def shell(planes: int) -> np.ndarray:
    """A box around a hollow, of which the given number of planes is left."""
    box = np.ones((5, 6, 6), np.uint8)
    box[1:4, 1:5, 1:5] = 0
    return np.ascontiguousarray(box[:planes])


def test_a_hollow_in_a_volume_is_closed_in_all_directions() -> None:
    assert cleaned(shell(5), fill_holes=True).all()
    tube = cleaned(shell(3), fill_holes=True)  # open at its last plane
    np.testing.assert_array_equal(tube, shell(3))


def test_a_ring_in_one_slice_of_a_volume_encloses_nothing() -> None:
    ring = np.zeros((3, 6, 6), np.uint8)
    ring[1] = shell(5)[2]
    np.testing.assert_array_equal(cleaned(ring, fill_holes=True), ring)
    assert cleaned(ring[1:2], fill_holes=True).all()  # but in a single plane it does


@pytest.mark.parametrize(
    ("unit", "shape", "spacing", "grid_unit", "expected"),
    [
        ("px", (1, 9, 9), 0.5, "mm", 10),
        ("px", (4, 9, 9), 0.5, "px", 10),
        ("mm2", (1, 9, 9), 0.5, "mm", 40),
        ("mm3", (4, 9, 9), 0.5, "mm", 80),
        ("mm3", (4, 9, 9), 0.1, "mm", 10_000),
        ("mm3", (1, 9, 9), 0.5, "mm", 0),
        ("mm2", (4, 9, 9), 0.5, "mm", 0),
        ("mm2", (1, 9, 9), 1.0, "px", 0),
    ],
)
def test_sizes_in_millimetres_apply_where_they_mean_something(
    unit: str, shape: tuple[int, ...], spacing: float, grid_unit: Unit, expected: int
) -> None:
    geometry = grid(*shape, spacing=spacing, unit=grid_unit)
    assert smallest_voxels(rule(min_size=10, unit=unit), geometry) == expected


def test_only_the_part_inside_a_view_is_touched() -> None:
    labels = drawn("1....", "..11.", "..11.")
    part = labels[:, 1:, 1:]
    clean_up(part, 1, rule(keep_largest=True, min_size=5), grid(*part.shape))
    np.testing.assert_array_equal(labels, drawn("1....", ".....", "....."))


def test_counting_classes() -> None:
    labels = drawn("11..3", "....3", "1...3")
    assert count_classes(labels, 4) == [(3, 2), (0, 0), (3, 1), (0, 0)]
    assert class_boxes(labels, 3)[2] is None
    assert label_components(np.ones((2, 2, 2), bool))[1] == 1


@pytest.mark.parametrize("shape", [(7,), (9, 8), (6, 7, 5), (1, 6, 6)])
@pytest.mark.parametrize("share", [0.4, 0.7, 1.0])
def test_enclosed_is_what_dilating_the_outside_leaves(shape: tuple[int, ...], share: float) -> None:
    random = np.random.default_rng(0)
    for _ in range(20):
        mask = random.random(shape) < share
        filled = ndimage.binary_fill_holes(mask)
        np.testing.assert_array_equal(enclosed(mask), filled & ~mask)
