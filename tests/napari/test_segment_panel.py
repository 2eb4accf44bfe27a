"""The Segment panel as its user meets it, beside a viewer without a window."""

from __future__ import annotations

import dataclasses
import sys
import threading
from pathlib import Path

import dask.array
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton, QComboBox

from napari_omniseg.bridge.origin import labels_origin
from napari_omniseg.models.preferences import Preferences
from napari_omniseg.models.scope import Scope
from napari_omniseg.models.tasks import list_tasks
from omniseg_backend.images.modality import Modality
from tests.napari.segment_makers import Desk, mean_dice, names_of, sample, truth_of


@pytest.fixture
def desk(plugins: None, plugin_preferences: Path, qtbot) -> Desk:
    return Desk(qtbot)


def picture(desk: Desk, *, modality: Modality = Modality.ENDOSCOPY, **attributes: object) -> Image:
    """A colour picture of another plugin's, of which the user says what it shows."""
    rng = np.random.default_rng(1)
    layer = desk.add_image(rng.integers(0, 255, (96, 128, 3), np.uint8), **attributes)
    say_modality(desk, modality)
    return layer


def say_modality(desk: Desk, modality: Modality) -> None:
    box = desk.panel.form.image.modality
    box.setCurrentIndex(box.findData(modality))
    box.activated.emit(box.currentIndex())
    desk.settle()


def test_one_click_segments_a_sample(desk: Desk, qtbot) -> None:
    image = desk.open_sample("abdominal_ct")
    assert desk.panel.form.task.task_id == "demo-abdominal-ct"
    qtbot.mouseClick(desk.panel.run_bar.button, Qt.MouseButton.LeftButton)
    desk.settle()
    (labels,) = desk.made()
    assert mean_dice(np.asarray(labels.data), truth_of("abdominal_ct")) > 0.8
    origin = labels_origin(labels.metadata)
    assert origin is not None
    assert origin.image_layer == image.name
    assert origin.provenance is not None
    assert origin.provenance.bundle == "demo-abdominal-ct-compact"
    assert desk.viewer.layers[-1] is labels
    assert "DEMO" in desk.text()
    assert "liver" in desk.text()


def test_a_second_result_is_added_beside_the_first(desk: Desk) -> None:
    desk.open_sample("surgical_instruments")
    for _ in range(2):
        desk.segment()
    first, second = names_of(desk.made())
    assert first != second


def test_variants_show_what_they_cost_and_are_worth(desk: Desk) -> None:
    desk.open_sample("cardiac_mri")
    desk.measure()
    buttons = desk.panel.form.variants.buttons
    texts = {name: made.text().splitlines() for name, made in buttons.items() if made.isEnabled()}
    assert list(texts) == ["compact", "balanced", "accurate"]
    assert [lines[1] for lines in texts.values()] == ["1.5 M", "3.1 M", "6.1 M"]
    assert all(lines[2].startswith("Dice 0.9") for lines in texts.values())
    assert all(lines[3].endswith(" s") for lines in texts.values())
    assert buttons["compact"].isChecked()


def test_a_pressed_variant_is_run_and_remembered(desk: Desk, qtbot) -> None:
    desk.open_sample("cardiac_mri")
    qtbot.mouseClick(desk.panel.form.variants.buttons["balanced"], Qt.MouseButton.LeftButton)
    desk.settle()
    desk.segment()
    origin = labels_origin(desk.made()[0].metadata)
    assert origin is not None
    assert origin.provenance is not None
    assert origin.provenance.bundle == "cardiac-mri-balanced"
    assert Preferences().variant == "balanced"


def test_variants_without_a_model_say_so(desk: Desk) -> None:
    desk.open_sample("abdominal_ct")
    accurate = desk.panel.form.variants.buttons["accurate"]
    assert not accurate.isEnabled()
    assert "no such model" in accurate.toolTip()


def test_tasks_that_fit_stand_first_and_others_tell_why(desk: Desk) -> None:
    desk.open_sample("abdominal_ct")
    tasks = desk.tasks()
    assert next(iter(tasks)) == "demo-abdominal-ct"
    assert [task for task, fits in tasks.items() if fits] == ["demo-abdominal-ct"]
    box = desk.panel.form.task
    row = box.findData("cardiac-mri")
    assert "modality ct" in box.model().item(row).toolTip()


def test_of_an_unknown_image_the_user_says_what_to_look_for(desk: Desk) -> None:
    desk.add_image(np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8))
    form = desk.panel.form
    assert form.image.modality.isVisibleTo(desk.panel)
    assert form.task.task_id is None
    desk.panel.segment()
    assert "choose a task" in desk.text()
    say_modality(desk, Modality.MRI)
    assert form.task.task_id == "cardiac-mri"


def test_a_guess_is_shown_as_one(desk: Desk) -> None:
    values = np.random.default_rng(0).integers(-1000, 500, (4, 64, 64)).astype(np.int16)
    desk.add_image(values, units="mm")
    assert desk.panel.form.image.modality.currentText() == "CT (a guess)"
    assert desk.panel.form.task.task_id == "demo-abdominal-ct"


def test_a_stated_modality_can_be_overruled_only_where_nothing_fits(desk: Desk) -> None:
    desk.open_sample("cardiac_mri")
    assert not desk.panel.form.image.modality.isVisibleTo(desk.panel)
    desk.open_sample("fluorescence_nuclei")
    assert desk.panel.form.image.modality.isVisibleTo(desk.panel)
    assert "No task fits" in desk.text()
    say_modality(desk, Modality.MRI)
    desk.segment()
    origin = labels_origin(desk.made()[0].metadata)
    assert origin is not None
    assert origin.provenance is not None
    assert origin.provenance.modality == "mri (stated by an override)"


def test_the_picker_follows_the_viewer(desk: Desk) -> None:
    picker = desk.panel.form.image.picker
    ct = desk.open_sample("abdominal_ct")
    heart = desk.open_sample("cardiac_mri")
    assert picker.layer is heart
    desk.viewer.layers.selection.active = ct
    assert picker.layer is ct
    ct.name = "renamed"
    assert picker.currentText() == "renamed"
    desk.viewer.layers.remove(ct)
    assert picker.layer is heart
    desk.viewer.layers.clear()
    assert picker.layer is None
    desk.settle()


def test_axes_are_asked_only_where_they_are_open(desk: Desk) -> None:
    form = desk.panel.form
    desk.open_sample("abdominal_ct")
    assert not form.image.axes.isVisibleTo(desk.panel)
    desk.add_image(np.zeros((3, 48, 64), np.uint8) + np.arange(64, dtype=np.uint8))
    assert form.image.axes.isVisibleTo(desk.panel)
    assert form.image.read_axes() == "zyx"
    form.image.axes.setCurrentIndex(form.image.axes.findData("tyx"))
    form.image.axes.activated.emit(form.image.axes.currentIndex())
    desk.settle()
    say_modality(desk, Modality.MRI)
    desk.segment()
    (labels,) = desk.made()
    assert labels.data.shape == (3, 48, 64)


def test_a_colour_picture_of_another_plugin(desk: Desk) -> None:
    layer = picture(desk, scale=(2, 3), translate=(5, 6))
    desk.segment()
    (labels,) = desk.made()
    assert labels.data.shape == (96, 128)
    np.testing.assert_array_equal(labels.scale, layer.scale)
    np.testing.assert_array_equal(labels.translate, layer.translate)


def test_lazy_and_multiscale_layers(desk: Desk) -> None:
    whole = np.random.default_rng(2).integers(0, 255, (96, 128, 3), np.uint8)
    lazy = dask.array.from_array(whole, chunks=(32, 64, 3))
    desk.add_image([lazy, lazy[::2, ::2]], multiscale=True, rgb=True)
    say_modality(desk, Modality.ENDOSCOPY)
    desk.segment()
    (labels,) = desk.made()
    assert labels.data.shape == (96, 128)


def test_the_uncertainty_map_is_a_hidden_layer_that_is_no_image_to_segment(
    desk: Desk, qtbot
) -> None:
    image = desk.open_sample("cardiac_mri")
    qtbot.keyClick(desk.panel.form.uncertainty, Qt.Key.Key_Space)
    assert Preferences().uncertainty
    desk.segment()
    assert [layer.visible for layer in desk.viewer.layers] == [True, False, True]
    assert desk.panel.form.image.picker.watcher.layers == (image,)


def test_a_rectangle_limits_the_run_and_keeps_the_grid(desk: Desk, qtbot) -> None:
    image = desk.open_sample("abdominal_ct")
    desk.panel.form.scope.choose(Scope.RECTANGLE)
    assert "press Draw" in desk.text()
    qtbot.mouseClick(desk.panel.form.scope.draw, Qt.MouseButton.LeftButton)
    shapes = desk.viewer.layers[-1]
    assert shapes.mode == "add_rectangle"
    assert desk.panel.form.image.layer is image
    shapes.add_rectangles(np.array([[12, 40, 30], [12, 40, 90], [12, 90, 90], [12, 90, 30]]))
    desk.settle()
    desk.segment()
    (labels,) = desk.made()
    assert labels.data.shape == image.data.shape
    rows, columns = np.flatnonzero(labels.data.any((0, 2))), np.flatnonzero(labels.data.any((0, 1)))
    assert rows.min() >= 40
    assert rows.max() <= 90
    assert columns.min() >= 30
    assert columns.max() <= 90


def test_this_slice_alone(desk: Desk) -> None:
    desk.open_sample("abdominal_ct")
    desk.panel.form.scope.choose(Scope.SLICE)
    desk.viewer.dims.set_current_step(0, 7)
    desk.segment()
    (labels,) = desk.made()
    assert np.flatnonzero(np.asarray(labels.data).any((1, 2))).tolist() == [7]


def test_pressing_without_an_image_says_what_to_do(desk: Desk) -> None:
    desk.panel.segment()
    assert "open one" in desk.text()


def test_values_that_are_no_numbers_are_told(desk: Desk) -> None:
    values = np.ones((64, 64), np.float32)
    values[30, 30] = np.nan
    desk.add_image(values)
    desk.panel.segment()
    assert "NaN" in desk.text()
    assert not desk.made()


def test_a_layer_with_too_many_dimensions_is_refused(desk: Desk) -> None:
    desk.add_image(np.zeros((2, 2, 2, 2, 8, 8), np.uint8))
    assert "6 dimensions" in desk.text()
    desk.panel.segment()
    assert "6 dimensions" in desk.text()


def test_the_wrong_kind_of_layer_is_named(desk: Desk) -> None:
    desk.open_sample("cardiac_mri")
    points = desk.viewer.add_points(name="marks")
    desk.panel.segment_layer(points)
    assert "marks is a Points layer" in desk.text()
    assert not desk.panel.run.busy


def test_a_damaged_bundle_is_told_and_the_others_stay(
    plugins: None, plugin_preferences: Path, home: Path, qtbot
) -> None:
    models = home / "models"
    models.mkdir(parents=True)
    (models / "broken.omniseg").write_bytes(b"no zip")
    desk = Desk(qtbot)
    assert "broken.omniseg" in desk.panel.shelf_message.text()
    desk.open_sample("cardiac_mri")
    assert desk.panel.form.task.task_id == "cardiac-mri"


def test_cancelling_leaves_nothing(desk: Desk, qtbot) -> None:
    slices = np.random.default_rng(0).integers(-1000, 500, (80, 64, 64)).astype(np.int16)
    desk.add_image(slices, units="mm")
    with qtbot.waitSignal(desk.panel.run.progressed):
        desk.panel.segment()
    assert desk.panel.run_bar.button.text().startswith("Cancel")
    with qtbot.waitSignal(desk.panel.run.cancelled):
        qtbot.mouseClick(desk.panel.run_bar.button, Qt.MouseButton.LeftButton)
    assert len(desk.viewer.layers) == 1
    assert desk.text().startswith("Cancelled")
    desk.settle()
    desk.segment()
    assert len(desk.made()) == 1


def test_removing_the_image_ends_its_run(desk: Desk, qtbot) -> None:
    slices = np.random.default_rng(0).integers(-1000, 500, (80, 64, 64)).astype(np.int16)
    layer = desk.add_image(slices, units="mm")
    with qtbot.waitSignal(desk.panel.run.progressed):
        desk.panel.segment()
    with qtbot.waitSignal(desk.panel.run.cancelled):
        desk.viewer.layers.remove(layer)
    desk.settle()
    assert not desk.viewer.layers


def test_two_viewers_have_a_panel_each(desk: Desk, qtbot) -> None:
    other = Desk(qtbot, ViewerModel())
    desk.open_sample("cardiac_mri")
    other.open_sample("abdominal_ct")
    desk.panel.segment()
    other.panel.segment()
    desk.settle()
    other.settle()
    assert [labels.data.ndim for labels in desk.made()] == [2]
    assert [labels.data.ndim for labels in other.made()] == [3]


def test_nothing_long_of_the_backend_runs_on_the_main_thread(desk: Desk) -> None:
    """Every call on this thread is looked at while an image is opened and segmented."""
    rooms = ("inference/s", "inference/e", "inference/b", "bundles/s", "preprocessing/")
    seen: set[str] = set()

    def look(frame, event: str, argument: object) -> None:
        path = frame.f_code.co_filename
        place = path.partition("omniseg_backend/")[2]
        if event == "call" and place.startswith(rooms):
            seen.add(f"{place}: {frame.f_code.co_name}")

    assert threading.current_thread() is threading.main_thread()
    sys.setprofile(look)
    try:
        desk.open_sample("cardiac_mri")
        desk.segment()
    finally:
        sys.setprofile(None)
    assert len(desk.made()) == 1
    light = {"bundles/shelf.py", "bundles/settings.py", "preprocessing/settings.py"}
    assert not {one for one in seen if one.partition(":")[0] not in light}


def test_samples_are_those_of_the_project() -> None:
    assert sample("abdominal_ct").modality is Modality.CT


def test_a_task_that_needs_a_region_asks_for_it(desk: Desk) -> None:
    desk.open_sample("cardiac_mri")
    form, tasks = desk.panel.form, list_tasks(desk.panel.form.image.question())
    asking = [
        dataclasses.replace(fit, task=dataclasses.replace(fit.task, needs_region=True))
        for fit in tasks.fits
    ]
    catalogue = dataclasses.replace(tasks.catalogue, tasks=tuple(fit.task for fit in asking))
    form.show_tasks(dataclasses.replace(tasks, catalogue=catalogue, fits=tuple(asking)))
    desk.segment()
    assert "no region marked" in desk.text()
    form.task.choose("cardiac-mri")
    assert form.scope.scope is Scope.RECTANGLE
    assert form.scope.draw.isVisibleTo(desk.panel)


def test_an_oblique_layer_of_another_plugin_gets_its_mask_in_the_same_place(desk: Desk) -> None:
    turn = np.eye(4)
    turn[:3, :3] = [[0.8, 0.36, -0.48], [-0.6, 0.48, -0.64], [0.0, 0.8, 0.6]]
    turn[:3, 3] = [-30.0, 12.0, 100.0]
    values = np.random.default_rng(0).integers(-1000, 500, (5, 64, 48)).astype(np.int16)
    image = desk.add_image(values, affine=turn, scale=(3.1, 0.9, 0.7), units="mm")
    desk.segment()
    (labels,) = desk.made()
    corners = np.array([[0, 0, 0], [4, 0, 0], [0, 63, 0], [0, 0, 47]])
    for corner in corners:
        np.testing.assert_allclose(
            labels.data_to_world(corner), image.data_to_world(corner), atol=1e-9
        )
    assert labels.units == image.units


def test_arrow_keys_go_from_one_variant_to_the_next(desk: Desk, qtbot) -> None:
    desk.open_sample("cardiac_mri")
    with qtbot.waitActive(desk.panel):
        desk.panel.show()
        desk.panel.activateWindow()
    buttons = desk.panel.form.variants.buttons
    buttons["compact"].setFocus()
    qtbot.keyClick(buttons["compact"], Qt.Key.Key_Right)
    assert desk.panel.form.variants.variant == "balanced"
    assert Preferences().variant == "balanced"


def test_every_control_tells_what_it_is_for(desk: Desk) -> None:
    controls = desk.panel.findChildren((QAbstractButton, QComboBox))
    named = [one for one in controls if one.objectName() != "qt_spinbox_lineedit"]
    assert len(named) >= 12
    assert not [one for one in named if not one.toolTip() or not one.accessibleName()]
