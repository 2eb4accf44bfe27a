"""The Fine-tune panel's last part: old and new side by side, and which of them is used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QWidget

from napari_omniseg.models.compared import Compared
from napari_omniseg.models.fine_tuning import Action, FineTuning
from napari_omniseg.models.new_model import NewModel
from napari_omniseg.models.promoting import promote, roll_back
from napari_omniseg.widgets.background import Background
from napari_omniseg.widgets.case_pictures import CasePictures
from napari_omniseg.widgets.comparison_table import ComparisonTable
from napari_omniseg.widgets.controls import button, described
from napari_omniseg.widgets.job_progress import JobProgress
from napari_omniseg.widgets.newest import Newest
from napari_omniseg.widgets.sections import Section, TextLine
from omniseg_backend.jobs.states import State

if TYPE_CHECKING:
    from napari_omniseg.models.job_watch import Followed
    from omniseg_backend.jobs.folder import JobFolder

_DONE = "Compared on the reserved cases."


class ResultSection(Section):
    """Compares the new model with the one in use, promotes it, rolls back.

    Args:
        tuning: What is known; shared with the panel.
        parent: As of every widget.

    Signals:
        changed: What can be done has changed.
        models_changed: Another model is current now.
    """

    changed = Signal()
    models_changed = Signal()

    def __init__(self, tuning: FineTuning, parent: QWidget | None = None) -> None:
        super().__init__("Old and new", parent)
        self._tuning = tuning
        self._compare_when_read = False
        self._reading_new = Newest(self)
        self._reading_new.returned.connect(self._on_new)
        self._reading_comparison = Newest(self)
        self._reading_comparison.returned.connect(self._on_comparison)
        self._acting: Background[str | Followed] = Background(self)
        self._acting.returned.connect(self._on_acted)
        self._acting.busy_changed.connect(self.draw)
        for background in (self._reading_new, self._reading_comparison, self._acting):
            background.failed.connect(self._on_failed)
        self.what = TextLine("the two models")
        self.job = JobProgress(_DONE, what="the comparison")
        self.job.changed.connect(self._on_job)
        self.job.said.connect(self.said)
        self.verdict = TextLine("verdict")
        self.table = ComparisonTable()
        self.pictures = CasePictures("a case on which the new model does worst")
        self.accept = described(
            QCheckBox("Accept that nobody can tell"),
            "accept the uncertainty",
            "Promote although the comparison cannot tell which model is better; recorded.",
        )
        self.compare = button("Compare", "Let both models segment the reserved cases.")
        self.promote = button("Promote", "Make the new model the current one of its task.")
        self.roll_back = button("Roll back", "Make the model before it the current one again.")
        self.compare.clicked.connect(self.start_comparison)
        self.promote.clicked.connect(self._promote)
        self.roll_back.clicked.connect(self._roll_back)
        self.accept.toggled.connect(self.draw)
        row = QHBoxLayout()
        for one in (self.compare, self.promote, self.roll_back):
            row.addWidget(one)
        for part in (self.what, self.job, self.verdict, self.table, self.pictures, self.accept):
            self.body.addWidget(part)
        self.body.addLayout(row)
        self.draw()

    def read_new(self, training: JobFolder, *, compare: bool) -> None:
        """Look at what a finished training made.

        Args:
            training: Its job.
            compare: Whether to compare at once, where that is possible.
        """
        self._compare_when_read = compare
        self._reading_new.ask(lambda progress, cancel: NewModel.of_training(training))

    def show_job(self, followed: Followed | None) -> None:
        """Show a comparison job in place of the last one; None for none."""
        self._tuning.comparing = None if followed is None else followed.watch
        self._tuning.comparing_gone = False
        self._tuning.compared = None
        self.accept.setChecked(False)
        self.job.show_job(followed)
        self.draw()

    def start_comparison(self) -> None:
        """Put a comparison into the queue."""
        new, summary = self._tuning.new, self._tuning.summary
        if new is None or summary is None or self._acting.busy:
            return
        dataset: Path = summary.folder
        self._acting.start(lambda progress, cancel: _submitted(new, dataset))

    def wake(self) -> None:
        """Follow the comparison again, and look which model is current now."""
        self.job.wake()
        watch = self._tuning.training
        if self._tuning.new is not None and watch is not None:
            self.read_new(watch.folder, compare=False)

    def rest(self) -> None:
        """Follow no longer; jobs go on."""
        self.job.rest()

    @property
    def busy(self) -> bool:
        """Whether something is being read, compared or promoted."""
        return self._reading_new.waiting or self._reading_comparison.waiting or self._acting.busy

    def cancel_all(self) -> None:
        """End what is read."""
        self._reading_new.cancel()
        self._reading_comparison.cancel()

    def draw(self) -> None:
        """Show what is known now."""
        tuning = self._tuning
        compared, new = tuning.compared, tuning.new
        self.setVisible(new is not None)
        self.what.show_text("" if new is None else _what(new))
        missing = tuning.why_not_compared if compared is None else None
        texts = [missing or ""] if compared is None else [compared.sentence, *compared.remarks]
        if tuning.outdated:
            texts.append("Another model is the current one now: compare again to promote.")
        self.verdict.show_text("\n".join(text for text in texts if text))
        self.table.setVisible(compared is not None)
        self.accept.setVisible(tuning.needs_acceptance)
        actions = tuning.actions
        for control, action in (
            (self.compare, Action.COMPARE),
            (self.promote, Action.PROMOTE),
            (self.roll_back, Action.ROLL_BACK),
        ):
            control.setVisible(action in actions)
            control.setEnabled(not self._acting.busy)

    def _promote(self) -> None:
        new = self._tuning.new
        if new is None or self._acting.busy:
            return
        if self._tuning.needs_acceptance and not self.accept.isChecked():
            self.said.emit(
                "The comparison cannot tell which model is better. Add reserved patients and "
                "compare again, or accept that above; it is recorded.",
                "warning",
            )
            return
        path, accepted = new.path, self.accept.isChecked()
        self._acting.start(lambda progress, cancel: promote(path, accept_uncertain=accepted))

    def _roll_back(self) -> None:
        new = self._tuning.new
        if new is None or self._acting.busy:
            return
        task, variant = new.task, new.variant
        self._acting.start(lambda progress, cancel: roll_back(task, variant))

    def _on_acted(self, result: str | Followed) -> None:
        if isinstance(result, str):
            self.accept.setChecked(False)  # said of this promotion alone
            self.said.emit(result, "information")
            self.models_changed.emit()
        else:
            self.show_job(result)
        self.changed.emit()

    def _on_new(self, new: object) -> None:
        assert isinstance(new, NewModel)
        self._tuning.new = new
        if self._compare_when_read and self._tuning.compares_by_itself:
            self.start_comparison()
        self._compare_when_read = False
        self.draw()
        self.changed.emit()

    def _on_comparison(self, compared: object) -> None:
        assert isinstance(compared, Compared)
        self._tuning.compared = compared
        self.table.show_rows(compared.rows)
        self.pictures.show_pictures(compared.pictures)
        self.draw()
        self.changed.emit()

    def _on_failed(self, sentence: str) -> None:
        self.fail(sentence)
        self.draw()

    def _on_job(self) -> None:
        """The comparison's state has changed."""
        self._tuning.comparing_gone = self.job.gone
        followed = self.job.followed
        if followed is not None and followed.watch.state is State.FINISHED and not self.job.gone:
            folder = followed.watch.folder
            self._reading_comparison.ask(lambda progress, cancel: Compared.of_job(folder))
        self.draw()
        self.changed.emit()


def _submitted(new: NewModel, dataset: Path) -> Followed:
    """Put the comparison into the queue; the rooms of jobs are imported beside the main thread."""
    from napari_omniseg.models.fine_tuning_jobs import submit_spec

    return submit_spec(new.comparison(dataset))


def _what(new: NewModel) -> str:
    if new.current:
        return f"{new.name} is the current model."
    if new.rival is None:
        return f"New: {new.name}."
    which = "current" if new.rival.current else "where the training began"
    return f"Old: {new.rival.name} ({which}). New: {new.name}."
