"""One field of a form: its label, its control, what it states and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence

from magicgui.widgets import CheckBox, ComboBox, Container, Label
from pydantic import BaseModel
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSizePolicy, QWidget

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
        box: Where its label, its control and what is wrong stand below each other: a label
            beside the control would leave a narrow panel no room.
    """

    def __init__(self, field: FormField, control: Control, box: Container) -> None:
        self.field = field
        self.control = control
        self.complaint = ""
        self._box = box
        self._complaint_label: Label | None = None
        self._stated = False
        self._filling = False
        if not isinstance(control.widget, CheckBox):
            label = Label(value=f"{field.label} *" if field.required else field.label)
            label.native.setBuddy(control.widget.native)
            label.native.setWordWrap(True)
            label.native.setToolTip(field.help_text)
            box.append(label)
        box.append(control.widget)
        # A long form scrolls; it is not pressed together.
        policy = control.widget.native.sizePolicy()
        control.widget.native.setSizePolicy(policy.horizontalPolicy(), QSizePolicy.Policy.Fixed)
        control.widget.native.setToolTip(field.help_text)
        control.widget.native.setAccessibleDescription(field.help_text)
        self._name(control.widget.native)
        control.widget.changed.connect(self._on_changed)

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
        if sentence == self.complaint:
            return
        self.complaint = sentence
        label = self._complaint_label
        if label is None:
            label = self._complaint_label = Label(value="")
            label.native.setWordWrap(True)
            label.native.setTextFormat(Qt.TextFormat.PlainText)
            label.native.setStyleSheet(_COMPLAINT)
            # As wide as the form and as high as its lines need there.
            policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
            policy.setHeightForWidth(True)
            label.native.setSizePolicy(policy)
            self._insert_below(label)
        label.value = sentence
        label.visible = bool(sentence)
        described = " ".join(part for part in (sentence, self.field.help_text) if part)
        self.control.widget.native.setAccessibleDescription(described)

    def _insert_below(self, widget: Label | Container) -> None:
        self._box.insert(self._box.index(self.control.widget) + 1, widget)

    def _on_changed(self, _value: object) -> None:
        if not self._filling:
            self._stated = True
            self.complain("")

    def _name(self, native: QWidget) -> None:
        native.setAccessibleName(self.field.label)
        for part in native.findChildren(QWidget):
            if part.focusPolicy() == Qt.FocusPolicy.NoFocus:
                continue
            own = part.accessibleName()
            part.setAccessibleName(f"{self.field.label}: {own}" if own else self.field.label)
            if not part.toolTip():
                part.setToolTip(self.field.help_text)


class GroupEditor(FieldEditor):
    """Fields that are stated together or not at all, perhaps as one of several kinds.

    The fields of a group are made when it is first chosen.

    Args:
        field: One whose ``groups`` hold the fields.
        box: Where it stands.
    """

    def __init__(self, field: FormField, box: Container) -> None:
        self.inner: dict[str, list[FieldEditor]] = {}
        self._boxes: dict[str, Container] = {}
        self._models: Models = ()
        if field.editor is Editor.GROUP:
            self._choice: CheckBox | ComboBox = CheckBox(value=False, text=field.label)
        else:
            names = [("not stated", None), *((name, name) for name in field.groups)]
            self._choice = narrow(ComboBox(choices=names, value=None))
        super().__init__(field, Control(self._choice, self._read, self._write), box)

    @property
    def chosen(self) -> str | None:
        """The group that is stated; None if none is."""
        if isinstance(self._choice, CheckBox):
            return "" if self._choice.value else None
        return None if self._choice.value is None else str(self._choice.value)

    def fill(self, value: object) -> None:
        """Take over what a spec states; None for nothing."""
        super().fill(value)
        self._show_chosen()

    def offer(self, models: Models) -> None:
        """Offer these bundles."""
        self._models = models
        for editors in self.inner.values():
            for editor in editors:
                editor.offer(models)

    def _read(self) -> object:
        if self.chosen is None:
            return None
        kind = {"kind": self.chosen} if self.chosen else {}
        stated = [pair for editor in self._editors(self.chosen) for pair in editor.stated()]
        return {**kind, **nested(stated)}

    def _write(self, value: object) -> None:
        if isinstance(self._choice, CheckBox):
            self._choice.value = value is not None
        else:
            self._choice.value = kind_name(type(value)) if isinstance(value, BaseModel) else None
        if self.chosen is not None:
            for editor in self._editors(self.chosen):
                editor.fill(at(value, editor.field.path))

    def _on_changed(self, value: object) -> None:
        super()._on_changed(value)
        self._show_chosen()

    def _show_chosen(self) -> None:
        if self.chosen is not None:
            self._editors(self.chosen)
        for name, box in self._boxes.items():
            box.visible = name == self.chosen

    def _editors(self, name: str) -> list[FieldEditor]:
        if name not in self.inner:
            box = new_box()
            indent = box.native.fontMetrics().lineSpacing()
            box.margins = (indent, 0, 0, 0)
            self._boxes[name] = box
            self.inner[name] = [editor_of(field, box) for field in self.field.groups[name]]
            self._insert_below(box)
            self.offer(self._models)
        return self.inner[name]


def editor_of(field: FormField, box: Container) -> FieldEditor:
    """The editor of a field, put at the end of a box."""
    if field.groups:
        return GroupEditor(field, box)
    return FieldEditor(field, control_of(field), box)


def new_box() -> Container:
    """An empty box for fields."""
    box = Container(labels=False)
    box.margins = (0, 0, 0, 0)
    return box


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
