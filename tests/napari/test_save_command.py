"""Save segmentation: what is offered, what is written, what is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels
from napari.utils.notifications import notification_manager
from qtpy.QtWidgets import QFileDialog

from napari_omniseg.bridge.labels_layer import file_layer
from napari_omniseg.files.save_kinds import kind_of_filter, kinds_for, suggested_name
from napari_omniseg.panels.save_segmentation import save_layer, save_segmentation
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.reading import read_segmentation
from omniseg_backend.images.segmentation import Segmentation
from tests.images.ct_series import write_series


def layer_of(segmentation: Segmentation) -> Labels:
    made = file_layer(segmentation)
    return Labels(made.array.copy(), **made.attributes)


def volume(geometry: Geometry, **fields: object) -> Labels:
    labels = np.zeros((1, *geometry.shape), np.uint8)
    labels[0, 1, 1] = 1
    return layer_of(Segmentation(labels, geometry, ClassTable.from_names(["liver"]), **fields))


PLAIN = Geometry((5, 4, 3), np.diag([0.5, 0.5, 2.0, 1.0]), "mm", 3)


@pytest.fixture
def told() -> list:
    notification_manager.records.clear()
    return notification_manager.records


def test_dicom_is_offered_first_for_what_came_from_dicom_and_only_there(tmp_path: Path) -> None:
    series = write_series(tmp_path / "ct")
    titles = [kind.title for kind in kinds_for(volume(series.geometry, source=series.source))]
    assert titles[:2] == ["DICOM segmentation", "NIfTI"]
    assert kinds_for(volume(PLAIN))[0].title == "NIfTI"
    assert "DICOM segmentation" not in [kind.title for kind in kinds_for(volume(PLAIN))]


def test_png_is_offered_for_pictures_alone() -> None:
    assert kinds_for(Labels(np.eye(4, dtype=int)))[0].title == "PNG picture"
    assert "PNG picture" not in [kind.title for kind in kinds_for(volume(PLAIN))]


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("liver", "liver.nii.gz"),
        ("scan.nii.gz, liver", "scan, liver.nii.gz"),
        ("picture.png", "picture.nii.gz"),
        ("a/b: c?", "a_b_ c_.nii.gz"),
        ("..", "segmentation.nii.gz"),
        ("at 0.5 mm", "at 0.5 mm.nii.gz"),
    ],
)
def test_the_suggested_name_is_one_everywhere(layer: str, expected: str) -> None:
    assert suggested_name(layer, kinds_for(volume(PLAIN))[0]) == expected


def test_the_filter_that_was_chosen_names_the_kind() -> None:
    kinds = kinds_for(volume(PLAIN))
    assert kind_of_filter(kinds, "3D Slicer segmentation (*.seg.nrrd)").suffixes == (".seg.nrrd",)
    assert kind_of_filter(kinds, "") is kinds[0]


def test_the_active_layer_is_saved_in_the_background(
    qtbot, tmp_path: Path, told: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = (str(tmp_path / "mine"), "3D Slicer segmentation (*.seg.nrrd)")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: answer)
    viewer = ViewerModel()
    viewer.add_layer(volume(PLAIN))
    save_segmentation(viewer)
    qtbot.waitUntil(lambda: bool(told))
    assert [str(record) for record in told] == [f"INFO: Saved {tmp_path / 'mine.seg.nrrd'}."]
    assert read_segmentation(tmp_path / "mine.seg.nrrd").classes.names == ("liver",)


def test_a_refusal_is_one_sentence(qtbot, tmp_path: Path, told: list) -> None:
    layer = volume(PLAIN)
    kinds = {kind.title: kind for kind in kinds_for(Labels(np.eye(4, dtype=int)))}
    save_layer(layer, str(tmp_path / "m.png"), kinds["PNG picture"].write)
    qtbot.waitUntil(lambda: bool(told))
    assert told[0].severity == "error"
    assert told[0].message.endswith(".")
    assert not list(tmp_path.glob("m*"))


def test_what_is_painted_meanwhile_is_not_in_the_file(qtbot, tmp_path: Path, told: list) -> None:
    layer = volume(PLAIN)
    before = layer.data.copy()
    save_layer(layer, str(tmp_path / "m.nii.gz"), kinds_for(layer)[0].write)
    layer.data[:] = 1
    qtbot.waitUntil(lambda: bool(told))
    assert told[0].message == f"Saved {tmp_path / 'm.nii.gz'}, with m.json beside it."
    assert np.array_equal(read_segmentation(tmp_path / "m.nii.gz").labels[0].T, before)


def test_cancelling_the_dialog_does_nothing(monkeypatch: pytest.MonkeyPatch, told: list) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    viewer = ViewerModel()
    viewer.add_layer(volume(PLAIN))
    save_segmentation(viewer)
    assert told == []


def test_without_a_labels_layer_it_says_which_to_select(told: list) -> None:
    viewer = ViewerModel()
    viewer.add_image(np.zeros((4, 4)))
    save_segmentation(viewer)
    assert [record.message for record in told] == [
        "Select the Labels layer that is to be saved, then choose this again."
    ]
