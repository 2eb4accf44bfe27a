"""The Fine-tune panel's first part: which site data set, and what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QWidget

from napari_omniseg.models.named_folder import named_folder
from napari_omniseg.models.preferences import Preferences
from napari_omniseg.models.site_summary import SiteSummary, problem_text
from napari_omniseg.widgets.background import Background
from napari_omniseg.widgets.controls import button, described
from napari_omniseg.widgets.newest import Newest
from napari_omniseg.widgets.sections import Section, TextLine
from omniseg_backend.common.progress import Cancel, Progress

if TYPE_CHECKING:
    from pathlib import Path

    from omniseg_backend.datasets.problems import Problem


class DataSection(Section):
    """Chooses the folder of a site data set and tells what is in it.

    Signals:
        changed: The summary of the data set, or None while there is none.
    """

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Data", parent)
        self.summary: SiteSummary | None = None
        self._preferences = Preferences()
        self._reading = Newest(self)
        self._reading.returned.connect(self._on_read)
        self._reading.failed.connect(self._on_failed)
        self._checking: Background[tuple[Problem, ...]] = Background(self)
        self._checking.returned.connect(self._on_checked)
        self._checking.failed.connect(self.fail)
        self._checking.progressed.connect(self._on_progress)
        self._checking.busy_changed.connect(self._draw)
        self.folder = described(
            QLineEdit(), "site data set", "The folder of the site data set to train on."
        )
        self.folder.setPlaceholderText("folder of a site data set")
        self.folder.editingFinished.connect(self.read)
        self.folder.returnPressed.connect(self.read_anew)
        self.browse = button("…", "Choose the folder of a site data set.")
        self.browse.setMaximumWidth(3 * self.browse.fontMetrics().averageCharWidth() + 20)
        self.browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(self.browse)
        self.body.addLayout(row)
        self.contents = TextLine("what the data set holds")
        self.body.addWidget(self.contents)
        self.problems = TextLine("problems of the data set")
        self.body.addWidget(self.problems)
        self.check = button("Check all files", "Read every image and mask and list all problems.")
        self.check.clicked.connect(self._on_check)
        self.stop_check = button("Stop", "Stop checking.")
        self.stop_check.clicked.connect(self._checking.cancel)
        checks = QHBoxLayout()
        checks.addWidget(self.check)
        checks.addWidget(self.stop_check)
        self.body.addLayout(checks)
        self._draw()
        self._asked: str | None = None

    def wake(self) -> None:
        """Begin with the folder that was used last; later look whether somebody added to it."""
        if self._asked is None:
            self.open(self._preferences.site_folder)
        elif self.summary is not None:
            self.refresh()

    def open(self, folder: str) -> None:
        """Take a folder, as if it had been typed."""
        self.folder.setText(folder)
        self.read()

    def open_again(self, folder: str) -> None:
        """Take a folder that somebody has just added to."""
        self.folder.setText(folder)
        self.refresh()

    def read(self) -> None:
        """Look into the folder that is named, unless that was done."""
        named = self.folder.text().strip()
        if named != self._asked:
            self.read_anew()

    def read_anew(self) -> None:
        """Look into the folder that is named; what was said before concerned another."""
        self.said.emit("", "information")
        self.refresh()

    def refresh(self) -> None:
        """Look into the folder again: somebody may have added to it."""
        self._asked = self.folder.text().strip()
        if not self._asked:
            self._take(None)
            return
        named = self._asked
        self._reading.ask(lambda progress, cancel: SiteSummary.read(named_folder(named)))

    @property
    def busy(self) -> bool:
        """Whether the folder is being read or checked."""
        return self._reading.waiting or self._checking.busy

    def cancel_all(self) -> None:
        """End what runs."""
        self._reading.cancel()
        self._checking.cancel()

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Site data set", self.folder.text())
        if chosen:
            self.open(chosen)

    def _on_read(self, summary: object) -> None:
        assert isinstance(summary, SiteSummary)
        self._preferences.site_folder = str(summary.folder)
        if self.folder.text().strip() == self._asked:  # nobody has typed on meanwhile
            self._asked = str(summary.folder)
            self.folder.setText(self._asked)
        self._take(summary)

    def _on_failed(self, sentence: str) -> None:
        self._take(None)
        self.fail(sentence)

    def _take(self, summary: SiteSummary | None) -> None:
        self.summary = summary
        self.contents.show_text("" if summary is None else summary.sentence)
        self.problems.show_text("")
        self._draw()
        self.changed.emit(summary)

    def _on_check(self) -> None:
        if self.summary is None or self._checking.busy:
            return
        folder = self.summary.folder
        self.problems.show_text("")
        self._checking.start(lambda progress, cancel: _checked(folder, progress, cancel))

    def _on_progress(self, stage: str, fraction: float) -> None:
        self.problems.show_text(f"{stage[:1].upper()}{stage[1:]}.")

    def _on_checked(self, problems: tuple[Problem, ...]) -> None:
        self.problems.show_text(problem_text(problems))

    def _draw(self) -> None:
        self.check.setVisible(self.summary is not None)
        self.check.setEnabled(not self._checking.busy)
        self.stop_check.setVisible(self._checking.busy)


def _checked(folder: Path, progress: Progress, cancel: Cancel) -> tuple[Problem, ...]:
    from omniseg_backend.datasets.site.check import check_site

    return check_site(folder, progress=progress, cancel=cancel)
