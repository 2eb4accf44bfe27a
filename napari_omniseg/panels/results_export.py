"""Saving and copying the table of classes."""

from __future__ import annotations

from pathlib import Path

from napari.layers import Labels
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QApplication, QFileDialog, QHBoxLayout, QWidget

from napari_omniseg.bridge.origin import labels_origin
from napari_omniseg.models.class_csv import class_csv, class_text
from napari_omniseg.widgets.background import Background
from napari_omniseg.widgets.class_table import ClassTable
from napari_omniseg.widgets.controls import button
from omniseg_backend.common.atomic import write_text_atomic
from omniseg_backend.common.progress import Cancel, Progress


class ResultsExport(QWidget):
    """Two buttons.

    Signals:
        said: A sentence for the user, and its kind.
    """

    said = Signal(str, str)

    def __init__(self, table: ClassTable) -> None:
        super().__init__()
        self._table = table
        self._layer: Labels | None = None
        self._writing: Background[Path] = Background(self)
        self.save = button("Save &CSV…", "Save the table with model, version and time.")
        self.copy = button("Cop&y table", "Copy the table for a spreadsheet.")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.save)
        layout.addWidget(self.copy)
        layout.addStretch()
        self.save.clicked.connect(self._on_save)
        self.copy.clicked.connect(self._on_copy)
        self._writing.returned.connect(lambda path: self.said.emit(f"Saved {path}.", "information"))
        self._writing.failed.connect(lambda sentence: self.said.emit(sentence, "error"))
        self._writing.busy_changed.connect(lambda busy: self.save.setEnabled(not busy))

    @property
    def busy(self) -> bool:
        """Whether a table is being written."""
        return self._writing.busy

    def follow(self, layer: Labels | None) -> None:
        """Speak of this layer from now on."""
        self._layer = layer

    def write(self, path: Path) -> None:
        """Write the table as it is shown now; the user agreed to replace what is there."""
        layer = self._layer
        if layer is None or self._writing.busy:
            return
        text = class_csv(self._table.rows_model.rows, labels_origin(layer.metadata))

        def work(progress: Progress, cancel: Cancel) -> Path:
            write_text_atomic(path, text)
            return path

        self._writing.start(work)

    def _on_save(self) -> None:
        if self._layer is None:
            return
        suggested = str(Path.home() / f"{Path(self._layer.name).name}.csv")
        dialog = QFileDialog(self, "Save the table", suggested, "CSV (*.csv)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)  # asks before it replaces a file
        dialog.setDefaultSuffix("csv")
        if dialog.exec():
            self.write(Path(dialog.selectedFiles()[0]))

    def _on_copy(self) -> None:
        if self._layer is None:
            return
        clipboard = QApplication.clipboard()
        origin = labels_origin(self._layer.metadata)
        clipboard.setText(class_text(self._table.rows_model.rows, origin))
        self.said.emit("The table is copied.", "information")
