"""Flying to a class: its largest slice, its box in the middle, then its next component."""

from __future__ import annotations

import numpy as np
import pytest

from napari_omniseg.models.class_spots import spots_of
from napari_omniseg.models.flight import Flight
from omniseg_backend.common.progress import no_progress
from tests.napari.results_makers import NeverCancelled, show_drawn, two_balls


def fly(flight: Flight, layer, value: int, frame: int = 0) -> str:
    return flight.land(flight.search(layer, value, frame)(no_progress, NeverCancelled()))


def test_spots_come_by_size_with_their_widest_slices() -> None:
    spots = spots_of(two_balls()[np.newaxis], 1, 0)
    assert [spot.widest for spot in spots] == [(5, 20, 14), (9, 12, 38)]
    assert spots[0].voxels > spots[1].voxels
    assert spots[0].centre == (5.0, 20.0, 14.0)


def test_it_goes_to_the_largest_slice_and_on_to_the_next_component(viewer) -> None:
    made = show_drawn(viewer)
    flight = Flight(viewer)
    assert fly(flight, made.labels, 1).startswith("Component 1 of 2")
    assert viewer.dims.current_step[0] == 5
    centre = made.labels.data_to_world((5, 20, 14))
    assert viewer.scene.camera.center[1:] == pytest.approx(centre[1:])
    assert fly(flight, made.labels, 1).startswith("Component 2 of 2")
    assert viewer.dims.current_step[0] == 9
    assert fly(flight, made.labels, 1).startswith("Component 1 of 2")
    assert fly(flight, made.labels, 2) == ""
    assert viewer.dims.current_step[0] in (5, 6)


def test_along_another_axis_it_goes_to_the_slice_of_that(viewer) -> None:
    made = show_drawn(viewer)
    viewer.dims.order = (2, 0, 1)
    fly(Flight(viewer), made.labels, 1)
    assert made.labels.world_to_data(viewer.dims.point)[2] == pytest.approx(14)


def test_in_three_dimensions_the_camera_goes_to_the_middle_of_the_box(viewer) -> None:
    made = show_drawn(viewer)
    viewer.dims.ndisplay = 3
    fly(Flight(viewer), made.labels, 1)
    assert viewer.scene.camera.center == pytest.approx(made.labels.data_to_world((5, 20, 14)))


def test_what_this_time_point_lacks_is_found_in_another(viewer) -> None:
    labels = np.stack([np.zeros_like(two_balls()), two_balls()])
    made = show_drawn(viewer, labels, time=True)
    flight = Flight(viewer)
    fly(flight, made.labels, 1, frame=0)
    assert viewer.dims.current_step[:2] == (1, 5)
    assert fly(flight, made.labels, 3) == "None found: there is nothing to go to."


def test_a_layer_that_was_removed_meanwhile_is_not_flown_to(viewer) -> None:
    made = show_drawn(viewer)
    flight = Flight(viewer)
    found = flight.search(made.labels, 1, 0)(no_progress, NeverCancelled())
    before = viewer.dims.current_step
    viewer.layers.remove(made.labels)
    assert flight.land(found) == ""
    assert viewer.dims.current_step == before
