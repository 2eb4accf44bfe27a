"""Filling and smoothing change one class against the background, and can be undone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_omniseg.models.corrections import CorrectionRequest, apply, correction
from napari_omniseg.models.labels_snapshot import LabelsSnapshot
from napari_omniseg.models.mask_edits import holes_filled, smoothed
from napari_omniseg.models.view_place import ViewPlace
from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.common.progress import no_progress
from tests.napari.results_makers import NeverCancelled, show_drawn, two_balls


def ring() -> np.ndarray:
    """Class 1 around a hole that holds some of class 2."""
    labels = np.zeros((20, 20), np.uint8)
    labels[4:16, 4:16] = 1
    labels[8:12, 8:12] = 0
    labels[9, 9] = 2
    return labels


def changed(labels: np.ndarray, change: tuple) -> np.ndarray:
    result = labels.copy()
    result[change[0]] = change[1]
    return result


def computed(viewer, layer, request: CorrectionRequest):
    snapshot = LabelsSnapshot.of(layer)
    place = ViewPlace.of(viewer.dims, layer, snapshot)
    return correction(layer, snapshot, place, request)(no_progress, NeverCancelled())


def test_filling_keeps_what_another_class_holds() -> None:
    expected = ring()
    expected[8:12, 8:12] = 1
    expected[9, 9] = 2
    assert np.array_equal(changed(ring(), holes_filled(ring(), 1)), expected)


@pytest.mark.parametrize("shape", [(30, 30), (14, 15, 16)])
def test_holes_are_those_that_scipy_fills(shape: tuple[int, ...]) -> None:
    seeded = np.random.default_rng(3)
    labels = (seeded.random(shape) < 0.6).astype(np.uint8)
    labels[seeded.random(shape) < 0.1] = 2
    expected = labels.copy()
    expected[ndimage.binary_fill_holes(labels == 1) & (labels == 0)] = 1
    assert np.count_nonzero(expected != labels)
    assert np.array_equal(changed(labels, holes_filled(labels, 1)), expected)


def test_smoothing_takes_single_voxels_away_and_closes_small_gaps() -> None:
    labels = np.zeros((30, 30), np.uint8)
    labels[8:22, 8:22] = 1
    labels[3, 3] = 1  # a speck
    labels[14, 14] = 0  # a gap
    after = changed(labels, smoothed(labels, 1, (1.0, 1.0), 1.5))
    assert after[3, 3] == 0
    assert after[14, 14] == 1
    assert np.array_equal(after[10:20, 8], labels[10:20, 8])  # straight borders stay


def test_smoothing_leaves_the_border_with_a_neighbour_where_it_is() -> None:
    labels = np.zeros((40, 40), np.uint8)
    labels[10:30, 10:20] = 1
    labels[10:30, 20:30] = 2
    after = changed(labels, smoothed(labels, 1, (1.0, 1.0), 2.0))
    assert np.array_equal(after == 2, labels == 2)
    assert (after[14:26, 19] == 1).all()


def test_smoothing_reaches_less_far_across_thick_slices() -> None:
    labels = np.zeros((9, 31, 31), np.uint8)
    labels[4, 8:23, 8:23] = 1  # one slice of 10 mm
    after = changed(labels, smoothed(labels, 1, (10.0, 1.0, 1.0), 2.0))
    assert (after[4, 12:19, 12:19] == 1).all()
    thin = changed(labels, smoothed(labels, 1, (1.0, 1.0, 1.0), 2.0))
    assert not thin.any()


def test_filling_a_slice_is_one_step_of_naparis_undo(viewer) -> None:
    labels = np.stack([ring(), ring(), ring()])
    made = show_drawn(viewer, labels)
    before = made.labels.data.copy()
    viewer.dims.set_current_step(0, 1)
    sentence = apply(computed(viewer, made.labels, CorrectionRequest("fill", 1, False, 1.0)))
    assert sentence == "15 voxels added; Ctrl+Z undoes it."
    assert np.array_equal(made.labels.data[[0, 2]], before[[0, 2]])
    assert np.count_nonzero(made.labels.data[1] == 1) == 12 * 12 - 1
    made.labels.undo()
    assert np.array_equal(made.labels.data, before)
    made.labels.redo()
    assert np.count_nonzero(made.labels.data[1] == 1) == 12 * 12 - 1


def test_what_was_painted_meanwhile_is_left_alone(viewer) -> None:
    made = show_drawn(viewer, ring(), spacing=(1.0, 1.0))
    change = computed(viewer, made.labels, CorrectionRequest("fill", 1, True, 1.0))
    made.labels.data_setitem((np.array([10]), np.array([10])), 3)
    apply(change)
    assert made.labels.data[10, 10] == 3
    assert made.labels.data[11, 11] == 1


def test_only_the_time_point_that_is_shown_is_corrected(viewer) -> None:
    made = show_drawn(viewer, np.stack([ring(), ring()]), spacing=(1.0, 1.0), time=True)
    viewer.dims.set_current_step(0, 1)
    apply(computed(viewer, made.labels, CorrectionRequest("fill", 1, True, 1.0)))
    assert np.array_equal(made.labels.data[0], ring())
    assert made.labels.data[1, 11, 11] == 1


def test_a_slice_is_refused_in_three_dimensions_and_outside(viewer) -> None:
    made = show_drawn(viewer)
    viewer.dims.ndisplay = 3
    with pytest.raises(UsageError, match="correct the whole volume"):
        computed(viewer, made.labels, CorrectionRequest("fill", 1, False, 1.0))
    viewer.dims.ndisplay = 2
    viewer.add_image(np.zeros((90, 4, 4)))
    viewer.dims.set_current_step(0, 80)
    with pytest.raises(UsageError, match="click the class"):
        computed(viewer, made.labels, CorrectionRequest("fill", 1, False, 1.0))


def test_labels_that_cannot_be_changed_are_refused(viewer) -> None:
    data = two_balls()
    data.flags.writeable = False
    layer = viewer.add_labels(data)
    with pytest.raises(DataError, match="duplicate the layer"):
        computed(viewer, layer, CorrectionRequest("fill", 1, True, 1.0))
