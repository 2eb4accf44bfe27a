"""A form for any kind of job, made from its spec: kinds that come later have one by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from magicgui.widgets import Container
from pydantic import ValidationError
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_omniseg.models.form_complaints import Complaint, complaints
from napari_omniseg.models.spec_fields import form_fields, nested
from napari_omniseg.widgets.field_controls import Models
from napari_omniseg.widgets.field_editor import FieldEditor, at, container, editor_of
from napari_omniseg.widgets.fold import Fold
from omniseg_backend.jobs.spec import JobSpec


class SpecForm(QWidget):
    """What must be stated, what is often stated, and the rest below a fold.

    The rest is made when it is first shown: forty controls take longer than a click may.

    Args:
        spec: The kind's.
        parent: As of every widget.

    Attributes:
        unplaced: What was wrong at the last ``read`` and belongs to no single field.
    """

    def __init__(self, spec: type[JobSpec], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.spec = spec
        self.unplaced: tuple[str, ...] = ()
        self._models: Models = ()
        fields = form_fields(spec)
        first = [field for field in fields if field.required or field.usual]
        self._rest = [field for field in fields if field not in first]
        self.editors = [editor_of(field) for field in first]
        self.first: Container = container(self.editors)
        self.rest: Container | None = None
        self.advanced = Fold(
            "More settings", "All other settings of this kind; each has a default."
        )
        self.advanced.opened.connect(self._make_rest)
        self.advanced.setVisible(bool(self._rest))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.first.native)
        column.addWidget(self.advanced)
        column.addStretch()

    def offer(self, models: Models) -> None:
        """Offer these bundles wherever one is named."""
        self._models = models
        for editor in self.editors:
            editor.offer(models)

    def fill(self, spec: JobSpec) -> None:
        """Show what a spec of this kind states, and defaults for the rest."""
        values = {field.path: at(spec, field.path, stated=True) for field in self._rest}
        if self.rest is None and any(value is not None for value in values.values()):
            self.advanced.open()
        for editor in self.editors:
            editor.fill(at(spec, editor.field.path, stated=True))

    def content(self) -> dict[str, object]:
        """What is stated, as ``spec.json`` holds it."""
        stated = [pair for editor in self.editors for pair in editor.stated()]
        return {"kind": self.spec.model_fields["kind"].default, "settings": {}, **nested(stated)}

    def read(self) -> JobSpec | None:
        """The spec; None where something is wrong, which then stands at its field."""
        for editor in self.editors:
            editor.complain("")
        self.unplaced = ()
        try:
            return self.spec.model_validate(self.content())
        except ValidationError as error:
            paths = [editor.field.path for editor in self.editors]
            self._show(complaints(error, self.spec, paths))
            return None

    def _show(self, found: tuple[Complaint, ...]) -> None:
        by_path = {editor.field.path: editor for editor in self.editors}
        shown: dict[FieldEditor, list[str]] = {}
        unplaced = []
        for one in found:
            if one.path in by_path:
                shown.setdefault(by_path[one.path], []).append(one.sentence)
            else:
                unplaced.append(one.sentence)
        for editor, sentences in shown.items():
            editor.complain(" ".join(sentences))
        self.unplaced = tuple(unplaced)
        first = next(self._complaining(), None)
        if first is not None:
            first.control.widget.native.setFocus()

    def _complaining(self) -> Iterator[FieldEditor]:
        return (editor for editor in self.editors if editor.complaint.value)

    def _make_rest(self) -> None:
        made = [editor_of(field) for field in self._rest]
        self.editors += made
        self.rest = container(made)
        self.advanced.body.addWidget(self.rest.native)
        for editor in made:
            editor.offer(self._models)
