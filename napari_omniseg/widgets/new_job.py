"""Choosing a kind of job, filling in its form, submitting it."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from napari_omniseg.models.job_offer import JobOffer, job_offer
from napari_omniseg.widgets.background import Background
from napari_omniseg.widgets.controls import add_row, button
from napari_omniseg.widgets.field_order import order_as_read
from napari_omniseg.widgets.message_line import MessageLine
from napari_omniseg.widgets.panel_area import PanelArea
from napari_omniseg.widgets.sections import TextLine
from napari_omniseg.widgets.spec_form import SpecForm
from omniseg_backend.jobs.client import JobClient
from omniseg_backend.jobs.spec import JobSpec


class NewJob(QWidget):
    """A form for each kind; what was filled in stays while another kind is looked at.

    Signals:
        submitted: The new job's id.
        left: The user goes back to the list.
    """

    submitted = Signal(str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._offer: JobOffer | None = None
        self._wanted: JobSpec | None = None
        self.forms: dict[str, SpecForm] = {}
        self.kind = QComboBox()
        self.kind.currentTextChanged.connect(self._show_kind)
        self.summary = TextLine("what this kind does")
        self.message = MessageLine()
        self.training = MessageLine()
        self.scroll = PanelArea()
        self.submit = button("Submit", "Put the job into the queue.", key="Ctrl+Return")
        self.submit.clicked.connect(self._submit)
        self.back = button("Back", "Go back to the list; what is filled in stays.")
        self.back.clicked.connect(self.left)
        top = QFormLayout()
        add_row(top, "&Kind", self.kind, "What the job does.")
        row = QHBoxLayout()
        row.addWidget(self.submit, 1)
        row.addWidget(self.back)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addWidget(self.summary)
        column.addWidget(self.training)
        column.addWidget(self.scroll, 1)
        column.addWidget(self.message)
        column.addLayout(row)
        self._looking: Background[JobOffer] = Background(self)
        self._looking.returned.connect(self._on_offer)
        self._looking.failed.connect(self._on_failed)
        self._submitting: Background[str] = Background(self)
        self._submitting.returned.connect(self._on_submitted)
        self._submitting.failed.connect(self._on_failed)
        self._submitting.busy_changed.connect(self._enable)
        self._enable()

    def focusNextPrevChild(self, forwards: bool) -> bool:
        """Tab goes on as the form is read: its fields were made after the buttons below it."""
        order_as_read(self)
        return bool(super().focusNextPrevChild(forwards))

    @property
    def form(self) -> SpecForm | None:
        """The form that is shown."""
        return self.forms.get(self.kind.currentText())

    def begin(self, wanted: JobSpec | None = None) -> None:
        """Look for what can be submitted now, and show the form.

        Args:
            wanted: A spec to fill the form with; None leaves it as it was.
        """
        self.message.clear()
        self._wanted = wanted or self._wanted
        if not self._looking.busy:
            self._looking.start(lambda _progress, _cancel: job_offer())

    def _on_offer(self, offer: JobOffer) -> None:
        self._offer = offer
        shown = self.kind.currentText()
        self.kind.blockSignals(True)
        self.kind.clear()
        self.kind.addItems(list(offer.kinds))
        self.kind.setCurrentText(shown if self._wanted is None else self._wanted.kind)
        self.kind.blockSignals(False)
        for form in self.forms.values():
            form.offer(offer.models)
        self._show_kind(self.kind.currentText())
        wanted, self._wanted = self._wanted, None
        if wanted is not None and self.form is not None:
            self.form.fill(wanted)

    def _show_kind(self, name: str) -> None:
        if self._offer is None or name not in self._offer.kinds:
            return
        spec = self._offer.kinds[name]
        form = self.forms.get(name)
        if form is None:
            form = self.forms[name] = SpecForm(spec)
            form.offer(self._offer.models)
        if self.scroll.widget() is not form:
            # Taken, not replaced: the area would delete the form that it shows.
            self.scroll.takeWidget()
            self.scroll.setWidget(form)
        self.summary.show_text(spec.summary)
        problem = self._offer.training_problem if spec.needs_training else ""
        self.training.say(problem, "warning")
        self.message.clear()
        self._enable()

    def _submit(self) -> None:
        form = self.form
        if form is None or self._submitting.busy:
            return
        spec = form.read()
        if spec is None:
            unplaced = " ".join(form.unplaced)
            self.message.say(unplaced or "Correct what is marked above.", "error")
            return
        self.message.clear()
        asked = spec
        self._submitting.start(lambda _progress, _cancel: JobClient().submit(asked).id)

    def _on_submitted(self, job: str) -> None:
        self.submitted.emit(job)

    def _on_failed(self, sentence: str) -> None:
        self.message.say(sentence, "error")

    def _enable(self, _busy: bool = False) -> None:
        self.submit.setEnabled(self.form is not None and not self._submitting.busy)
