"""Counts follow the labels, and tell what is the run's from what was painted."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Labels

from napari_omniseg.models.class_counts import ClassCounter
from napari_omniseg.models.class_rows import ClassRows
from napari_omniseg.models.class_visibility import ClassVisibility
from napari_omniseg.models.result_figures import ResultFigures
from omniseg_backend.common.errors import DataError
from omniseg_backend.common.progress import no_progress
from tests.napari.results_makers import NeverCancelled, show_drawn, two_balls


def figures_of(layer: Labels, figures: ResultFigures) -> ClassRows:
    return figures.count()(no_progress, NeverCancelled()).rows


def test_a_second_count_finds_components_anew_only_where_voxels_changed() -> None:
    frames = two_balls()[np.newaxis]
    counter = ClassCounter()
    first = counter.count(frames)[0]
    assert (first[1].components, first[2].components) == (2, 1)
    frames[0, 0, 0, 0] = 2
    second = counter.count(frames)[0]
    assert second[1] is first[1]
    assert (second[2].components, second[2].voxels) == (2, first[2].voxels + 1)


def test_the_same_box_and_number_of_voxels_elsewhere_is_a_change() -> None:
    frames = np.zeros((1, 4, 4), np.uint8)
    frames[0, [0, 0, 3, 3, 1], [0, 3, 0, 3, 1]] = 1
    counter = ClassCounter()
    first = counter.count(frames)[0][1]
    frames[0, 1, 1], frames[0, 1, 2] = 0, 1
    second = counter.count(frames)[0][1]
    assert second.voxels == first.voxels
    assert second.fingerprint != first.fingerprint


def test_labels_as_made_are_the_runs_in_every_class(viewer) -> None:
    made = show_drawn(viewer)
    figures = ResultFigures(viewer.dims)
    first = figures.follow(made.labels)
    rows = figures_of(made.labels, figures)
    assert [row.source for row in rows.rows] == ["run", "run", "run"]
    assert [row.measurement for row in first.rows] == [row.measurement for row in rows.rows]


def test_what_was_painted_before_the_panel_opened_shows(viewer) -> None:
    made = show_drawn(viewer)
    # As many voxels and components as before, elsewhere: only the fingerprint can tell.
    made.labels.data[...] = np.roll(made.labels.data, 1, axis=2)
    made.labels.data[0, 0, 0] = 3
    figures = ResultFigures(viewer.dims)
    figures.follow(made.labels)
    assert figures_of(made.labels, figures).rows[2].source == "hand"


def test_other_layers_are_counted_and_claim_no_confidence(viewer) -> None:
    layer = viewer.add_labels(two_balls().astype(np.int32) * 3, scale=(2, 1, 1))
    figures = ResultFigures(viewer.dims)
    assert not figures.follow(layer).rows
    rows = figures_of(layer, figures)
    assert [row.entry.name for row in rows.rows] == ["class 3", "class 6"]
    assert rows.rows[0].confidence_text() == "not known"
    assert rows.rows[0].measurement.unit == "px3"


def test_other_layers_have_the_colours_that_they_show_and_keep_them_when_hidden(viewer) -> None:
    layer = viewer.add_labels(two_balls().astype(np.int32) * 3)
    shown = [tuple(np.round(layer.get_color(v)[:3] * 255).astype(int)) for v in (3, 6)]
    figures = ResultFigures(viewer.dims)
    figures.follow(layer)
    entries = [row.entry for row in figures_of(layer, figures).rows]
    assert [entry.colour for entry in entries] == shown
    ClassVisibility().hide(layer, entries, {3})
    assert [row.entry for row in figures_of(layer, figures).rows] == entries


def test_values_that_no_file_holds_are_refused(viewer) -> None:
    layer = viewer.add_labels(np.full((4, 4), -1, np.int32))
    figures = ResultFigures(viewer.dims)
    figures.follow(layer)
    with pytest.raises(DataError, match="renumber the labels"):
        figures_of(layer, figures)


def test_a_series_has_a_mean_and_each_time_point(viewer) -> None:
    labels = np.stack([two_balls(), np.zeros_like(two_balls())])
    made = show_drawn(viewer, labels, time=True)
    figures = ResultFigures(viewer.dims)
    figures.follow(made.labels)
    row = figures_of(made.labels, figures).rows[0]
    assert row.measurement.value == pytest.approx(row.frame_measurements[0].value / 2)
    assert row.size_text(1) == "none found"
    assert row.source == "run"
    viewer.dims.set_point(0, 1)
    assert figures.frame == 1
