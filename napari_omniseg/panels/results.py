"""The Results panel: what was found, how sure it is, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import QComboBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from napari_omniseg.bridge.origin import labels_origin
from napari_omniseg.models.class_rows import ClassRows
from napari_omniseg.models.labels_choice import LabelsChoice
from napari_omniseg.models.layer_watch import LayerWatch
from napari_omniseg.models.provenance_text import provenance_text
from napari_omniseg.models.result_figures import Figures, ResultFigures
from napari_omniseg.widgets.background import Background
from napari_omniseg.widgets.class_table import ClassTable
from napari_omniseg.widgets.controls import add_row
from napari_omniseg.widgets.message_line import MessageLine
from omniseg_backend.common.errors import OmniSegError

if TYPE_CHECKING:
    from napari.viewer import Viewer

#: Counted when the user has paused so long: each stroke of a brush is one change.
_PAUSE_MILLISECONDS = 150


class ResultsPanel(QWidget):
    """Shows the classes of one Labels layer and keeps up with what is painted in it."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self._viewer = napari_viewer
        self._choice = LabelsChoice(napari_viewer.layers)
        self._figures = ResultFigures(napari_viewer.dims)
        self._watch = LayerWatch(napari_viewer.dims)
        self._counting: Background[Figures] = Background(self)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MILLISECONDS)
        self._draw()
        self._connect()
        self._on_listed()
        self._on_chosen()

    @property
    def counting(self) -> bool:
        """Whether the figures that are shown may be those of before."""
        return self._counting.busy or self._pause.isActive()

    def _draw(self) -> None:
        self.picker = QComboBox()
        self.picker.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        form = QFormLayout()
        add_row(form, "&Labels", self.picker, "The Labels layer that is shown here.")
        self.provenance = QLabel()
        self.provenance.setWordWrap(True)
        self.provenance.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.provenance.setAccessibleName("where it came from")
        self.table = ClassTable()
        self.message = MessageLine()
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.provenance)
        layout.addWidget(self.table)
        layout.addWidget(self.message)
        layout.addStretch()

    def _connect(self) -> None:
        self._choice.listed.connect(self._on_listed)
        self._choice.chosen.connect(self._on_chosen)
        self.picker.activated.connect(self._on_picked)
        self._watch.changed.connect(self._on_changed)
        self._watch.moved.connect(self._on_moved)
        self._pause.timeout.connect(self._count)
        self._counting.returned.connect(self._on_counted)
        self._counting.failed.connect(self._on_count_failed)
        self._counting.cancelled.connect(self._count)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Listen no longer, and let no call go on for nobody."""
        self._counting.cancel()
        self._pause.stop()
        self._choice.close()
        self._watch.close()
        super().closeEvent(event)

    def _on_listed(self) -> None:
        self.picker.clear()
        for layer in self._choice.layers:
            self.picker.addItem(layer.name, layer)
        self._show_choice()

    def _show_choice(self) -> None:
        layers = self._choice.layers
        if self._choice.layer in layers:
            self.picker.setCurrentIndex(layers.index(self._choice.layer))

    def _on_picked(self, index: int) -> None:
        self._choice.choose(self._choice.layers[index])

    def _on_chosen(self) -> None:
        self._show_choice()
        self.message.clear()
        layer = self._choice.layer
        self._watch.watch(layer)
        self.table.setEnabled(layer is not None)
        self.provenance.setVisible(layer is not None)
        if layer is None:
            self.table.show_rows(ClassRows())
            self.message.say("There is no Labels layer: segment an image, or open a label file.")
            return
        self.provenance.setText(provenance_text(labels_origin(layer.metadata)))
        try:
            self.table.show_rows(self._figures.follow(layer))
        except OmniSegError as error:
            self._on_count_failed(str(error))
            return
        self._count()

    def _on_changed(self) -> None:
        self._pause.start()

    def _count(self) -> None:
        """Count what is in the layer now; a count that is going on is for labels of before."""
        if self._counting.busy:
            self._counting.cancel()
            return
        if self._choice.layer is None:
            return
        try:
            work = self._figures.count()
        except OmniSegError as error:
            self._on_count_failed(str(error))
            return
        self._counting.start(work)

    def _on_counted(self, figures: Figures) -> None:
        if not self._figures.holds(figures):
            self._count()
            return
        self.table.show_rows(figures.rows)
        self._on_moved()

    def _on_count_failed(self, sentence: str) -> None:
        self.table.show_rows(ClassRows())
        self.message.say(sentence, "error")

    def _on_moved(self) -> None:
        self.table.rows_model.set_frame(self._figures.frame)
