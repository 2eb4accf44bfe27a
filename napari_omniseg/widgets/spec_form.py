"""A form for any kind of job, made from its spec: kinds that come later have one by themselves."""

from __future__ import annotations

import time

from magicgui.widgets import Container
from pydantic import ValidationError
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_omniseg.models.form_complaints import complaints
from napari_omniseg.models.spec_fields import FormField, form_fields, nested
from napari_omniseg.widgets.field_controls import Models
from napari_omniseg.widgets.field_editor import FieldEditor, at, editor_of, new_box
from napari_omniseg.widgets.fold import Fold
from omniseg_backend.jobs.spec import JobSpec

#: Seconds of one piece of making the form; a field takes some milliseconds, a form forty fields.
_BUDGET = 0.012


class SpecForm(QWidget):
    """What must be stated, what is often stated, and the rest below a fold.

    It is made in small pieces while the window goes on; what needs all of it makes the rest at
    once.

    Args:
        spec: The kind's.
        parent: As of every widget.

    Attributes:
        editors: Of the fields that were made, in their order.
        unplaced: What was wrong at the last ``read`` and belongs to no single field.
    """

    def __init__(self, spec: type[JobSpec], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.spec = spec
        self.editors: list[FieldEditor] = []
        self.unplaced: tuple[str, ...] = ()
        self._models: Models = ()
        fields = form_fields(spec)
        first = [field for field in fields if field.required or field.usual]
        self._rest = [field for field in fields if field not in first]
        self._waiting: list[tuple[FormField, Container]] = []
        self._making = QTimer(self)
        self._making.setInterval(0)
        self._making.timeout.connect(self._make_some)
        about = "All other settings of this kind; each has a default."
        self.advanced = Fold("More settings", about)
        self.advanced.opened.connect(self._make_rest)
        self.advanced.setVisible(bool(self._rest))
        self._first_box = new_box()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._first_box.native)
        column.addWidget(self.advanced)
        column.addStretch()
        self._make(first, self._first_box)

    @property
    def complete(self) -> bool:
        """Whether all fields that are to be shown are there."""
        return not self._waiting

    def offer(self, models: Models) -> None:
        """Offer these bundles wherever one is named."""
        self._models = models
        for editor in self.editors:
            editor.offer(models)

    def editor(self, *path: str) -> FieldEditor:
        """The editor of a field that is shown."""
        self._finish()
        return next(editor for editor in self.editors if editor.field.path == path)

    def fill(self, spec: JobSpec) -> None:
        """Show what a spec of this kind states, and defaults for the rest."""
        if any(at(spec, field.path, stated=True) is not None for field in self._rest):
            self.advanced.open()
        self._finish()
        for editor in self.editors:
            editor.fill(at(spec, editor.field.path, stated=True))

    def content(self) -> dict[str, object]:
        """What is stated, as ``spec.json`` holds it."""
        self._finish()
        stated = [pair for editor in self.editors for pair in editor.stated()]
        return {"kind": self.spec.model_fields["kind"].default, "settings": {}, **nested(stated)}

    def read(self) -> JobSpec | None:
        """The spec; None where something is wrong, which then stands at its field."""
        content = self.content()
        wrong: dict[tuple[str, ...], list[str]] = {}
        try:
            return self.spec.model_validate(content)
        except ValidationError as error:
            paths = [editor.field.path for editor in self.editors]
            for one in complaints(error, self.spec, paths):
                wrong.setdefault(one.path, []).append(one.sentence)
        finally:
            for editor in self.editors:
                editor.complain(" ".join(wrong.get(editor.field.path, ())))
            self.unplaced = tuple(wrong.get((), ()))
        first = next((editor for editor in self.editors if editor.complaint), None)
        if first is not None:
            first.control.widget.native.setFocus()
        return None

    def _make_rest(self) -> None:
        box = new_box()
        self.advanced.body.addWidget(box.native)
        self._make(self._rest, box)
        self._box = box

    def _make(self, fields: list[FormField], box: Container) -> None:
        self._waiting += [(field, box) for field in fields]
        self._making.start()

    def _make_some(self) -> None:
        until = time.perf_counter() + _BUDGET
        while self._waiting and time.perf_counter() < until:
            self._make_one()
        if not self._waiting:
            self._making.stop()

    def _finish(self) -> None:
        while self._waiting:
            self._make_one()

    def _make_one(self) -> None:
        field, box = self._waiting.pop(0)
        editor = editor_of(field, box)
        editor.offer(self._models)
        self.editors.append(editor)
