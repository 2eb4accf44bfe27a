"""Of the Fine-tune panel: what to do where no Python can train; hidden where one can."""

from __future__ import annotations

import sys
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QWidget

from napari_omniseg.models import training_python
from napari_omniseg.models.training_python import TrainingPython
from napari_omniseg.widgets.background import Background
from napari_omniseg.widgets.controls import button
from napari_omniseg.widgets.question import Question
from napari_omniseg.widgets.sections import Section, TextLine


class PythonSection(Section):
    """Says why nothing can be trained; names a Python, or builds one.

    Signals:
        changed: It is known whether one trains.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("The Python that trains", parent)
        self.found: TrainingPython | None = None
        self._working: Background[object] = Background(self)
        self._working.returned.connect(self._on_returned)
        self._working.failed.connect(self.fail)
        self._working.cancelled.connect(self._on_cancelled)
        self._working.progressed.connect(self._on_progress)
        self._working.busy_changed.connect(self._draw)
        self.problem = TextLine("why nothing can be trained")
        self.name = button("Name one…", "Choose a Python that has OmniSeg with the extra 'train'.")
        self.build = button("Build one…", "See what building one takes, before it is done.")
        self.cancel = button("Cancel", "Stop building; nothing is left of it.")
        self.cancel.setAccessibleName("Cancel building")
        self.name.clicked.connect(self._browse)
        self.build.clicked.connect(self._on_build)
        self.cancel.clicked.connect(self._working.cancel)
        row = QHBoxLayout()
        for one in (self.name, self.build, self.cancel):
            row.addWidget(one)
        self.question = Question()
        self.body.addWidget(self.problem)
        self.body.addLayout(row)
        self.body.addWidget(self.question)
        self._draw()

    @property
    def trains(self) -> bool:
        """Whether a Python trains, as far as is known."""
        return self.found is None or self.found.problem is None

    def look(self) -> None:
        """Look for a Python that trains."""
        if not self._working.busy:
            self._working.start(lambda progress, cancel: TrainingPython.look())

    def plan(self, python: Path) -> None:
        """Say what building an environment from a Python takes, and ask."""
        if not self._working.busy:
            self._working.start(lambda progress, cancel: training_python.plan(python))

    def take(self, python: Path) -> None:
        """Train with a Python from now on, if it can."""
        if not self._working.busy:
            self._working.start(lambda progress, cancel: training_python.name(python))

    def wake(self) -> None:
        """Look, unless one is known that trains."""
        if self.found is None or not self.trains:
            self.look()

    @property
    def busy(self) -> bool:
        """Whether a Python is being asked or built."""
        return self._working.busy

    def cancel_all(self) -> None:
        """End what runs."""
        self._working.cancel()

    def _browse(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "A Python that trains")
        if chosen:
            self.take(Path(chosen))

    def _on_returned(self, result: object) -> None:
        if isinstance(result, TrainingPython):
            self.found = result
            self._draw()
            self.changed.emit()
            return
        from omniseg_backend.jobs.environment import EnvironmentPlan

        assert isinstance(result, EnvironmentPlan)
        self.question.ask(
            training_python.plan_text(result), lambda: self._build(result), yes="Build"
        )

    def _build(self, planned: object) -> None:
        from omniseg_backend.jobs.environment import EnvironmentPlan

        assert isinstance(planned, EnvironmentPlan)
        self._working.start(
            lambda progress, cancel: training_python.build(planned, progress, cancel)
        )

    def _on_progress(self, stage: str, fraction: float) -> None:
        self.said.emit(f"{stage[:1].upper()}{stage[1:]}.", "information")

    def _on_cancelled(self) -> None:
        self.said.emit("Nothing was built.", "information")

    def _on_build(self) -> None:
        self.plan(Path(sys.executable))

    def _draw(self) -> None:
        self.setVisible(not self.trains)
        self.problem.show_text("" if self.found is None else self.found.problem or "")
        for one in (self.name, self.build):
            one.setEnabled(not self._working.busy)
        self.cancel.setVisible(self._working.busy and not self.trains)
