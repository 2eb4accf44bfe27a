"""The magicgui controls of a form's plain fields, each with how it is read and filled."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from magicgui.widgets import CheckBox, ComboBox, Container, FileEdit, LineEdit, SpinBox

from napari_omniseg.models.spec_fields import Editor, FormField, text_of, value_of

#: Bundles to choose from: as shown, and what names them.
Models = Sequence[tuple[str, str]]

_FILE_MODES = {Editor.FILE: "r", Editor.FOLDER: "d", Editor.OUTPUT: "w"}
#: Of a combo box, in characters: it is as wide as the panel, not as its longest choice.
_CHARACTERS = 12
_NOT_STATED = "not stated"


@dataclasses.dataclass(frozen=True)
class Control:
    """A control.

    Attributes:
        widget: magicgui's.
        read: What it shows, as pydantic takes it; None for nothing.
        write: Show a value; None for the default.
        offer: Take new bundles to choose from.
    """

    widget: Any
    read: Callable[[], object]
    write: Callable[[Any], None]
    offer: Callable[[Models], None] = lambda _models: None


def control_of(field: FormField) -> Control:
    """The control of a field that is no group."""
    if field.editor is Editor.SWITCH:
        return _switch(field)
    if field.editor is Editor.WHOLE:
        return _whole(field)
    if field.editor is Editor.CHOICE:
        return _choice(field)
    if field.editor is Editor.BUNDLE:
        return _bundle()
    if field.editor in _FILE_MODES:
        return _path(_FILE_MODES[field.editor])
    return _text(field)


def narrow(box: ComboBox) -> ComboBox:
    """As wide as the panel allows, whatever its choices are called."""
    native = box.native
    native.setMinimumContentsLength(_CHARACTERS)
    native.setSizeAdjustPolicy(native.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return box


def _text(field: FormField) -> Control:
    edit = LineEdit()
    edit.native.setPlaceholderText(field.hint)

    def write(value: object) -> None:
        edit.value = text_of(value)

    return Control(edit, lambda: value_of(field, edit.value), write)


def _switch(field: FormField) -> Control:
    box = CheckBox(value=bool(field.default), text=field.label)

    def write(value: object) -> None:
        box.value = bool(field.default if value is None else value)

    return Control(box, lambda: box.value, write)


def _whole(field: FormField) -> Control:
    low, high = field.limits
    box = SpinBox(value=field.default, min=low, max=high)

    def write(value: object) -> None:
        box.value = field.default if value is None else value

    return Control(box, lambda: box.value, write)


def _choice(field: FormField) -> Control:
    default = _plain(field.default)
    empty = [] if default is not None else [(_NOT_STATED, None)]
    box = narrow(ComboBox(choices=[*empty, *field.choices], value=default))

    def write(value: object) -> None:
        box.value = default if value is None else _plain(value)

    return Control(box, lambda: box.value, write)


def _plain(value: object) -> object:
    return value.value if isinstance(value, enum.Enum) else value


def _path(mode: str) -> Control:
    edit = _file_edit(mode)

    def write(value: object) -> None:
        edit.value = None if value is None else Path(str(value))

    return Control(edit, lambda: _typed_path(edit), write)


def _bundle() -> Control:
    """One of the listed models, or a bundle's file: what was touched last takes the other away."""
    combo = narrow(ComboBox(choices=[(_NOT_STATED, None)], value=None))
    edit = _file_edit("r")
    edit.line_edit.native.setPlaceholderText("or a bundle's path")
    edit.line_edit.native.setAccessibleName("path")
    both = Container(widgets=[combo, edit], labels=False)
    both.margins = (0, 0, 0, 0)

    def on_chosen(chosen: object) -> None:
        if chosen is not None:
            edit.line_edit.value = ""

    def on_typed(_path: object) -> None:
        if _typed_path(edit):
            combo.value = None

    combo.changed.connect(on_chosen)
    edit.line_edit.changed.connect(on_typed)

    def write(value: object) -> None:
        named = None if value is None else str(value)
        listed = named in combo.choices
        combo.value = named if listed else None
        edit.line_edit.value = "" if listed or named is None else named

    def offer(models: Models) -> None:
        chosen = _typed_path(edit) or combo.value
        combo.choices = [(_NOT_STATED, None), *models]
        write(chosen)

    return Control(both, lambda: _typed_path(edit) or combo.value, write, offer)


def _file_edit(mode: str) -> FileEdit:
    edit = FileEdit(mode=mode, nullable=True)
    button = edit.choose_btn.native
    button.setToolTip(edit.choose_btn.text)
    button.setAccessibleName(edit.choose_btn.text.lower())
    edit.choose_btn.text = "…"
    button.setMaximumWidth(button.fontMetrics().averageCharWidth() * 6)
    return edit


def _typed_path(edit: FileEdit) -> str | None:
    return edit.line_edit.value.strip() or None
