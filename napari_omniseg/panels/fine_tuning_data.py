"""The Fine-tune panel's first part: which site data set, and what is in it."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QWidget

from napari_omniseg.models.preferences import Preferences
from napari_omniseg.models.site_summary import SiteSummary
from napari_omniseg.widgets.controls import button, described
from napari_omniseg.widgets.newest import Newest
from napari_omniseg.widgets.sections import Section, TextLine


class DataSection(Section):
    """Chooses the folder of a site data set and tells what is in it.

    Signals:
        changed: The summary of the data set, or None while there is none.
        said: A sentence for the user, and its kind.
    """

    changed = Signal(object)
    said = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Data", parent)
        self.summary: SiteSummary | None = None
        self._preferences = Preferences()
        self._reading = Newest(self)
        self._reading.returned.connect(self._on_read)
        self._reading.failed.connect(self._on_failed)
        self.folder = described(
            QLineEdit(), "site data set", "The folder of the site data set to train on."
        )
        self.folder.setPlaceholderText("folder of a site data set")
        self.folder.editingFinished.connect(self.read)
        self.browse = button("…", "Choose the folder of a site data set.")
        self.browse.setMaximumWidth(3 * self.browse.fontMetrics().averageCharWidth() + 20)
        self.browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(self.browse)
        self.body.addLayout(row)
        self.contents = TextLine("what the data set holds")
        self.body.addWidget(self.contents)
        self._asked = ""

    def open(self, folder: str) -> None:
        """Take a folder, as if it had been typed."""
        self.folder.setText(folder)
        self.read()

    def read(self) -> None:
        """Look into the folder that is named, unless that was done."""
        named = self.folder.text().strip()
        if named == self._asked:
            return
        self.refresh()

    def refresh(self) -> None:
        """Look into the folder again: somebody may have added to it."""
        self._asked = self.folder.text().strip()
        if not self._asked:
            self._take(None)
            return
        folder = Path(self._asked).expanduser().absolute()
        self._reading.ask(lambda progress, cancel: SiteSummary.read(folder))

    def stop(self) -> None:
        """End what runs."""
        self._reading.cancel()

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Site data set", self.folder.text())
        if chosen:
            self.open(chosen)

    def _on_read(self, summary: object) -> None:
        assert isinstance(summary, SiteSummary)
        self._preferences.site_folder = str(summary.folder)
        self._take(summary)

    def _on_failed(self, sentence: str) -> None:
        self._take(None)
        self.said.emit(sentence, "error")

    def _take(self, summary: SiteSummary | None) -> None:
        self.summary = summary
        self.contents.show_text("" if summary is None else summary.sentence)
        self.changed.emit(summary)
