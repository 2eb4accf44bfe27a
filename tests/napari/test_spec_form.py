"""Forms for any kind of job: they state what somebody stated, and explain what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from magicgui.widgets import CheckBox, ComboBox, FileEdit, LineEdit, SpinBox
from pydantic import BaseModel, Field
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QWidget

from napari_omniseg.models.spec_fields import form_fields
from napari_omniseg.widgets.field_editor import GroupEditor
from napari_omniseg.widgets.spec_form import SpecForm
from omniseg_backend.common.settings import NamesBundle, Settings, Unit
from omniseg_backend.jobs.kinds import kinds
from omniseg_backend.jobs.kinds.evaluate import EvaluateSpec
from omniseg_backend.jobs.kinds.segment import SegmentSpec
from omniseg_backend.jobs.kinds.train import TrainSpec
from omniseg_backend.jobs.spec import JobSpec
from omniseg_backend.jobs.spec_file import parse_spec

TRAINING = {
    "kind": "train",
    "title": "Hearts",
    "output": "/tmp/heart.omniseg",
    "settings": {
        "dataset": "/data/hearts",
        "budget": {"minutes": 12.5},
        "initial_bundle": "cardiac-mri-compact",
        "symmetric_axes": ["rows", "columns"],
        "input_size": [256, 320],
        "sampling": {"kind": "spacing", "spacing_mm": 1.5},
        "surface_tolerance": {"value": 2.0, "unit": "mm"},
        "clean_up": [{"class_name": "disc", "keep_largest": True}],
        "keep_statistics": True,
        "patience": 4,
        "learning_rate": 0.0003,
    },
}


def form_of(qtbot, spec: type[JobSpec]) -> SpecForm:
    form = SpecForm(spec)
    qtbot.addWidget(form)
    return form


def setting(form: SpecForm, *path: str):
    return form.editor("settings", *path).control.widget


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_kind_has_a_form_that_is_made_in_pieces_and_described(qtbot, kind: str) -> None:
    form = form_of(qtbot, kinds()[kind])
    assert form.editors == []
    qtbot.waitUntil(lambda: form.complete)
    form.advanced.open()
    qtbot.waitUntil(lambda: form.complete)
    shown = {editor.field.path for editor in form.editors}
    assert shown == {field.path for field in form_fields(form.spec)}
    for editor in form.editors:
        assert editor.control.widget.native.toolTip()
        for part in editor.control.widget.native.findChildren(QWidget):
            if part.focusPolicy() != Qt.FocusPolicy.NoFocus:
                assert part.accessibleName()


def test_required_fields_come_first_and_are_marked(qtbot) -> None:
    form = form_of(qtbot, EvaluateSpec)
    qtbot.waitUntil(lambda: form.complete)
    assert [editor.field.label for editor in form.editors] == [
        "Bundle", "Dataset", "Split", "Output",
    ]  # fmt: skip
    labels = [label.text() for label in form.findChildren(QLabel)]
    assert "Dataset *" in labels
    assert "Split" in labels


def test_an_empty_form_states_nothing(qtbot) -> None:
    form = form_of(qtbot, TrainSpec)
    form.advanced.open()
    assert form.content() == {"kind": "train", "settings": {}}


def test_a_spec_comes_back_as_it_was_filled_in(qtbot) -> None:
    asked = parse_spec(TRAINING)
    form = form_of(qtbot, TrainSpec)
    form.fill(asked)
    assert form.advanced.is_open
    back = form.read()
    assert back == asked
    assert back is not None
    assert back.settings.model_fields_set == asked.settings.model_fields_set
    assert setting(form, "budget", "minutes").value == "12.5"
    assert setting(form, "input_size").value == "256x320"
    form.fill(parse_spec({"kind": "train", "settings": {"dataset": "/other"}}))
    assert form.content() == {"kind": "train", "settings": {"dataset": "/other"}}


def test_what_a_user_touches_is_stated_even_at_its_default(qtbot) -> None:
    form = form_of(qtbot, TrainSpec)
    setting(form, "dataset").line_edit.value = " /data/hearts "
    setting(form, "variant").value = "balanced"
    setting(form, "variant").value = "compact"
    spec = form.read()
    assert isinstance(spec, TrainSpec)
    assert spec.settings.model_fields_set == {"dataset", "variant"}
    assert spec.settings.dataset == Path("/data/hearts")


def test_controls_fit_the_fields(qtbot) -> None:
    form = form_of(qtbot, TrainSpec)
    form.advanced.open()
    assert isinstance(setting(form, "dataset"), FileEdit)
    assert setting(form, "dataset").mode.value == "d"
    assert form.editor("output").control.widget.mode.value == "w"
    assert isinstance(setting(form, "variant"), ComboBox)
    assert isinstance(setting(form, "keep_statistics"), CheckBox)
    box = setting(form, "neighbours")
    assert isinstance(box, SpinBox)
    assert (box.min, box.max, box.value) == (0, 3, 0)
    rotation = form.editor("settings", "rotation")
    assert rotation.field.label == "Rotation (degrees)"
    assert "From 0 to 180 degrees. By default 15." in rotation.control.widget.native.toolTip()
    assert isinstance(rotation.control.widget, LineEdit)
    assert isinstance(form.editor("settings", "task"), GroupEditor)


def test_wrong_values_are_explained_beside_their_fields(qtbot) -> None:
    form = form_of(qtbot, TrainSpec)
    form.advanced.open()
    setting(form, "budget", "minutes").value = "soon"
    setting(form, "learning_rate").value = "7"
    setting(form, "symmetric_axes").value = "rows; depth"
    assert form.read() is None

    def said(*path: str) -> str:
        return form.editor("settings", *path).complaint

    assert said("dataset") == "This must be stated."
    assert said("budget", "minutes") == "Found 'soon', expected a number (above 0 to 10080)."
    assert said("learning_rate") == "Found '7', expected above 0 to 1."
    assert said("symmetric_axes").startswith("Found 'depth', expected 'rows' or 'columns'")
    assert said("variant") == ""
    setting(form, "learning_rate").value = "0.001"
    assert said("learning_rate") == ""


@pytest.mark.parametrize("typed", ["128", "128x128", "128 X 128", "128 \u00d7 128", " 128; 128 "])
def test_sides_are_taken_as_people_write_them(qtbot, typed: str) -> None:
    form = form_of(qtbot, TrainSpec)
    form.advanced.open()
    setting(form, "dataset").line_edit.value = "/data"
    setting(form, "input_size").value = typed
    spec = form.read()
    assert isinstance(spec, TrainSpec)
    assert spec.settings.input_size == (128, 128)


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("input_size", "0", "Found 0, 0, expected a pair of multiples of 16."),
        ("input_size", "17", "Found 17, 17, expected a pair of multiples of 16."),
        (
            "input_size",
            "256x",
            "Found '256x', expected a side such as 256, or height and width such as 256x320.",
        ),
        ("clean_up", "[1,2]", "Found 1 and 2, expected named values."),
        ("clean_up", "[1,2,3,4,5]", "Found 1, 2, 3 and others, expected named values."),
        ("clean_up", "[{}, {}]", "Each needs a value “class_name”."),
    ],
)
def test_a_wrong_field_is_one_sentence(qtbot, name: str, typed: str, said: str) -> None:
    form = form_of(qtbot, TrainSpec)
    form.advanced.open()
    setting(form, name).value = typed
    assert form.read() is None
    assert form.editor("settings", name).complaint == said


def test_a_rule_over_several_fields_is_told_at_the_first_of_them(qtbot) -> None:
    form = form_of(qtbot, TrainSpec)
    setting(form, "dataset").line_edit.value = "/data"
    setting(form, "budget", "minutes").value = "3"
    setting(form, "budget", "steps").value = "3"
    assert form.read() is None
    told = form.editor("settings", "budget", "epochs").complaint
    assert "exactly one of epochs, minutes and steps" in told
    form = form_of(qtbot, SegmentSpec)
    setting(form, "image").line_edit.value = "/data/image.png"
    setting(form, "task").value = "cells"
    form.editor("settings", "model").fill("/some/model.omniseg")
    assert form.read() is None
    assert not any(editor.complaint for editor in form.editors)
    (sentence,) = form.unplaced
    assert sentence.endswith("expected a model alone, or a task with or without a variant.")


def test_a_group_is_stated_as_a_whole_or_not_at_all(qtbot) -> None:
    form = form_of(qtbot, TrainSpec)
    form.advanced.open()
    setting(form, "dataset").line_edit.value = "/data"
    tolerance = form.editor("settings", "surface_tolerance")
    assert isinstance(tolerance, GroupEditor)
    assert tolerance.inner == {}
    tolerance.control.widget.value = True
    value, unit = tolerance.inner[""]
    value.control.widget.value = "1.5"
    unit.control.widget.value = "mm"
    spec = form.read()
    assert isinstance(spec, TrainSpec)
    assert spec.settings.surface_tolerance is not None
    assert spec.settings.surface_tolerance.value == 1.5
    tolerance.control.widget.value = False
    spec = form.read()
    assert isinstance(spec, TrainSpec)
    assert spec.settings.surface_tolerance is None


def test_one_of_several_kinds_of_a_field(qtbot) -> None:
    form = form_of(qtbot, TrainSpec)
    form.advanced.open()
    setting(form, "dataset").line_edit.value = "/data"
    sampling = form.editor("settings", "sampling")
    assert isinstance(sampling, GroupEditor)
    sampling.control.widget.value = "spacing"
    assert form.read() is None
    assert sampling.complaint == "This must be stated."
    sampling.inner["spacing"][0].control.widget.value = "0.8"
    spec = form.read()
    assert isinstance(spec, TrainSpec)
    assert spec.settings.sampling is not None
    assert spec.settings.sampling.kind == "spacing"


def test_of_the_listed_models_and_a_path_the_one_that_was_touched_last_is_shown(qtbot) -> None:
    form = form_of(qtbot, EvaluateSpec)
    form.offer([("heart 1.0 (current)", "/models/heart.omniseg")])
    editor = form.editor("settings", "bundle")
    combo, path = editor.control.widget
    combo.value = "/models/heart.omniseg"
    assert editor.control.read() == "/models/heart.omniseg"
    form.offer([("new 1.0 (candidate)", "/models/new"), ("heart 1.0", "/models/heart.omniseg")])
    assert combo.value == "/models/heart.omniseg"
    path.line_edit.value = "/mine.omniseg"
    assert editor.control.read() == "/mine.omniseg"
    assert combo.value is None
    assert editor.stated() == ((("settings", "bundle"), "/mine.omniseg"),)
    combo.value = "/models/new"
    assert path.line_edit.value == ""
    assert editor.stated() == ((("settings", "bundle"), "/models/new"),)
    qtbot.keyClicks(path.line_edit.native, "/typed.omniseg")
    assert combo.value is None
    assert editor.control.read() == "/typed.omniseg"
    form.offer([("heart 1.0", "/models/heart.omniseg")])
    assert (combo.value, path.line_edit.value) == (None, "/typed.omniseg")
    path.line_edit.value = ""
    assert editor.stated() == ()


class Depth(BaseModel):
    """A nested model."""

    layers: int = 3
    """How many."""


class StrangeSettings(Settings):
    """Shapes that no kind of ours has."""

    anything: dict[str, int] = {}  # noqa: RUF012 - pydantic copies defaults
    """By name."""
    ratio: Annotated[float, Field(gt=0), Unit("mm")] = 0.5
    """A number."""
    negative: Annotated[int, Field(ge=-5, lt=5)] = -2
    """A whole number."""
    either: int | str = 3
    """One of two types."""
    level: Literal[1, 2, 3] = 2
    """Numbers to choose from."""
    depth: Depth | None = None
    """May be left out."""
    bundle: Annotated[Path | None, NamesBundle()] = None
    """A model."""


class StrangeSpec(JobSpec):
    """A kind of another distribution."""

    work = "nowhere:run"
    summary = "Strange."
    default_output = "strange.json"

    kind: Literal["strange"] = "strange"
    settings: StrangeSettings = StrangeSettings()
    """What is asked."""


def test_a_kind_that_nobody_here_knows_has_a_form(qtbot) -> None:
    form = form_of(qtbot, StrangeSpec)
    form.advanced.open()
    assert form.read() == StrangeSpec(settings=StrangeSettings())
    setting(form, "anything").value = '{"a": 1}'
    setting(form, "negative").value = -5
    setting(form, "either").value = "7"
    setting(form, "level").value = 3
    form.editor("settings", "depth").control.widget.value = True
    spec = form.read()
    assert isinstance(spec, StrangeSpec)
    asked = spec.settings
    assert (asked.anything, asked.negative, asked.level, asked.depth) == ({"a": 1}, -5, 3, Depth())
    setting(form, "anything").value = "{a"
    assert form.read() is None
    assert form.editor("settings", "anything").complaint.startswith("Found '{a', expected")
