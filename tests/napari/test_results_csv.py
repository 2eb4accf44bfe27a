"""The table as a file: all figures, where they are from, and what they may be used for."""

from __future__ import annotations

import csv
import io

import numpy as np
from napari.components import ViewerModel

from napari_omniseg.bridge.origin import labels_origin
from napari_omniseg.models.class_csv import class_csv, class_text
from napari_omniseg.models.class_rows import ClassRows
from napari_omniseg.models.result_figures import ResultFigures
from omniseg_backend.common.progress import no_progress
from tests.napari.results_makers import NeverCancelled, show_drawn, two_balls


def rows_of(viewer: ViewerModel, made) -> ClassRows:
    figures = ResultFigures(viewer.dims)
    figures.follow(made.labels)
    return figures.count()(no_progress, NeverCancelled()).rows


def test_a_row_says_what_was_found_by_which_model() -> None:
    viewer = ViewerModel()
    made = show_drawn(viewer)
    text = class_csv(rows_of(viewer, made), labels_origin(made.labels.metadata))
    first, second, third = csv.DictReader(io.StringIO(text))
    assert first["class"] == "left ventricle"
    voxels = np.count_nonzero(two_balls() == 1)
    assert float(first["size"]) == voxels * 2 / 1000
    assert (first["unit"], first["components"], first["confidence"]) == ("mL", "2", "0.9000")
    assert (first["model"], first["model_version"]) == ("cardiac-mri-compact", "1.2.0")
    assert first["model_sha256"] == "ab" * 32
    assert first["notice"] == "research use, not reviewed"
    assert (second["review"], second["figures_from"]) == ("yes", "model")
    assert (third["size"], third["confidence"]) == ("0", "")


def test_a_series_has_a_row_per_time_point() -> None:
    viewer = ViewerModel()
    made = show_drawn(viewer, np.stack([two_balls(), 0 * two_balls()]), time=True)
    text = class_text(rows_of(viewer, made), labels_origin(made.labels.metadata))
    lines = [line.split("\t") for line in text.splitlines()]
    assert [line[2] for line in lines[1:4]] == ["mean", "0", "1"]
    assert float(lines[1][3]) * 2 == float(lines[2][3])


def test_no_cell_becomes_a_formula() -> None:
    viewer = ViewerModel()
    layer = viewer.add_labels(
        np.ones((4, 4), np.uint8), features={"index": [1], "name": ["=cmd()\tx"]}
    )
    figures = ResultFigures(viewer.dims)
    figures.follow(layer)
    rows = figures.count()(no_progress, NeverCancelled()).rows
    line = class_text(rows, None).splitlines()[1]
    assert line.startswith("'=cmd()")
    assert len(line.split("\t")) == 16
