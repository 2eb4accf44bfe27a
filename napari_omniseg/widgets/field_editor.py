"""One field of a form: its label, its control, what it states and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from magicgui.widgets import CheckBox, ComboBox, Container, Label
from pydantic import BaseModel
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget

from napari_omniseg.models.spec_fields import Editor, FormField, kind_name, nested
from napari_omniseg.widgets.field_controls import Control, Models, control_of, narrow

_COMPLAINT = "color: #e0524d;"  # as of MessageLine: read on light and on dark


class FieldEditor:
    """States nothing until its user, or a spec, has: what is not stated keeps its default.

    A fine-tuning takes over from its bundle what is not stated, so a default that nobody chose
    must not count as chosen.

    Args:
        field: What is edited.
        control: With what.
    """

    def __init__(self, field: FormField, control: Control) -> None:
        self.field = field
        self.control = control
        self._stated = False
        self._filling = False
        star = " *" if field.required else ""
        own = isinstance(control.widget, CheckBox)
        self.label = Label(value="" if own else f"{field.label}{star}")
        self.label.native.setBuddy(control.widget.native)
        self.label.native.setWordWrap(True)
        self.complaint = Label(value="")
        self.complaint.native.setWordWrap(True)
        self.complaint.native.setTextFormat(Qt.TextFormat.PlainText)
        self.complaint.native.setStyleSheet(_COMPLAINT)
        for widget in (self.label, control.widget):
            widget.tooltip = field.help_text
        self._describe(control.widget.native)
        control.widget.changed.connect(self._on_changed)

    @property
    def widgets(self) -> Iterator[Any]:
        """What stands below each other."""
        yield from (self.label, self.control.widget, self.complaint)

    def stated(self) -> tuple[tuple[tuple[str, ...], object], ...]:
        """Its path and value, if it states anything."""
        value = self.control.read() if self._stated else None
        return () if value is None else ((self.field.path, value),)

    def fill(self, value: object) -> None:
        """Take over what a spec states; None for nothing."""
        self._filling = True
        try:
            self.control.write(value)
        finally:
            self._filling = False
        self._stated = value is not None

    def offer(self, models: Models) -> None:
        """Offer these bundles."""
        self._filling = True
        try:
            self.control.offer(models)
        finally:
            self._filling = False

    def complain(self, sentence: str) -> None:
        """Show what is wrong below the control; empty for nothing."""
        self.complaint.value = sentence
        self.complaint.visible = bool(sentence)
        described = " ".join(part for part in (sentence, self.field.help_text) if part)
        self.control.widget.native.setAccessibleDescription(described)

    def settle(self) -> None:
        """Hide what is empty; to be called when the widgets stand in their container."""
        self.label.visible = bool(self.label.value)
        self.complain("")

    def _on_changed(self, _value: object) -> None:
        if not self._filling:
            self._stated = True
            self.complain("")

    def _describe(self, native: QWidget) -> None:
        native.setAccessibleName(self.field.label)
        for part in native.findChildren(QWidget):
            if part.focusPolicy() != Qt.FocusPolicy.NoFocus and not part.accessibleName():
                part.setAccessibleName(self.field.label)
                part.setToolTip(self.field.help_text)


class GroupEditor(FieldEditor):
    """Fields that are stated together or not at all, perhaps as one of several kinds.

    Args:
        field: One whose ``groups`` hold the fields.
    """

    def __init__(self, field: FormField) -> None:
        self.inner = {
            name: [editor_of(one) for one in fields] for name, fields in field.groups.items()
        }
        self._boxes = {name: container(editors) for name, editors in self.inner.items() if editors}
        if field.editor is Editor.GROUP:
            self._choice: CheckBox | ComboBox = CheckBox(value=False, text=field.label)
        else:
            names = [("not stated", None), *((name, name) for name in self.inner)]
            self._choice = narrow(ComboBox(choices=names, value=None))
        super().__init__(field, Control(self._choice, self._read, self._write))
        for box in self._boxes.values():
            left, top, right, bottom = box.margins
            box.margins = (left + self.label.native.fontMetrics().lineSpacing(), top, right, bottom)

    @property
    def widgets(self) -> Iterator[Any]:
        """What stands below each other."""
        yield from (self.label, self._choice, *self._boxes.values(), self.complaint)

    def offer(self, models: Models) -> None:
        """Offer these bundles."""
        for editors in self.inner.values():
            for editor in editors:
                editor.offer(models)

    def settle(self) -> None:
        """Hide what is empty or not chosen."""
        super().settle()
        self._show_chosen()

    def fill(self, value: object) -> None:
        """Take over what a spec states; None for nothing."""
        super().fill(value)
        self._show_chosen()

    @property
    def chosen(self) -> str | None:
        """The group that is stated; None if none is."""
        if isinstance(self._choice, CheckBox):
            return "" if self._choice.value else None
        return None if self._choice.value is None else str(self._choice.value)

    def _read(self) -> object:
        if self.chosen is None:
            return None
        kind = {"kind": self.chosen} if self.chosen else {}
        stated = [pair for editor in self.inner[self.chosen] for pair in editor.stated()]
        return {**kind, **nested(stated)}

    def _write(self, value: object) -> None:
        if isinstance(self._choice, CheckBox):
            self._choice.value = value is not None
        else:
            self._choice.value = kind_name(type(value)) if isinstance(value, BaseModel) else None
        if self.chosen is not None:
            for editor in self.inner[self.chosen]:
                editor.fill(at(value, editor.field.path))

    def _on_changed(self, value: object) -> None:
        super()._on_changed(value)
        self._show_chosen()

    def _show_chosen(self) -> None:
        for name, box in self._boxes.items():
            box.visible = name == self.chosen


def editor_of(field: FormField) -> FieldEditor:
    """The editor of a field."""
    if field.groups:
        return GroupEditor(field)
    return FieldEditor(field, control_of(field))


def container(editors: Sequence[FieldEditor]) -> Container:
    """The fields below each other: a label beside each would leave a narrow panel no room."""
    made = Container(
        widgets=[widget for editor in editors for widget in editor.widgets], labels=False
    )
    made.margins = (0, 0, 0, 0)
    for editor in editors:
        editor.settle()
    return made


def at(model: object, path: Sequence[str], *, stated: bool = False) -> object:
    """What a model holds at a path; None where it holds nothing.

    Args:
        model: A pydantic model.
        path: Names from it inwards.
        stated: Whether defaults count as nothing.
    """
    place = model
    for name in path:
        if not isinstance(place, BaseModel) or (stated and name not in place.model_fields_set):
            return None
        place = getattr(place, name)
    return place
