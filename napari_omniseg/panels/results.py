"""The Results panel: what was found, how sure it is, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt, QTimer
from qtpy.QtGui import QCloseEvent, QHideEvent, QShowEvent
from qtpy.QtWidgets import (
    QFormLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from napari_omniseg.bridge.origin import labels_origin
from napari_omniseg.models.class_rows import ClassRows
from napari_omniseg.models.flight import Destination, Flight
from napari_omniseg.models.labels_choice import LabelsChoice
from napari_omniseg.models.labels_snapshot import LabelsSnapshot
from napari_omniseg.models.layer_watch import LayerWatch
from napari_omniseg.models.provenance_text import provenance_text, run_remarks
from napari_omniseg.models.result_figures import Figures, ResultFigures
from napari_omniseg.panels.results_acceptance import AcceptanceBox
from napari_omniseg.panels.results_corrections import CorrectionsBox
from napari_omniseg.panels.results_export import ResultsExport
from napari_omniseg.panels.results_view import ResultsView
from napari_omniseg.widgets.class_table import ClassTable
from napari_omniseg.widgets.controls import add_row
from napari_omniseg.widgets.eliding_box import ElidingBox
from napari_omniseg.widgets.message_line import Kind, MessageLine
from napari_omniseg.widgets.newest import Newest
from napari_omniseg.widgets.panel_area import PanelArea
from omniseg_backend.common.errors import OmniSegError

if TYPE_CHECKING:
    from napari.viewer import Viewer

#: Counted when the user has paused so long: each stroke of a brush is one change.
_PAUSE_MILLISECONDS = 150
#: Width that the panel asks for.
_USUAL_LETTERS = 46
_NO_LABELS = "There is no Labels layer: segment an image, or open a label file."


class ResultsPanel(QWidget):
    """Shows the classes of one Labels layer and keeps up with what is painted in it."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self._viewer = napari_viewer
        self._choice = LabelsChoice(napari_viewer.layers)
        self._figures = ResultFigures(napari_viewer.dims)
        self._watch = LayerWatch(napari_viewer.dims)
        self._flight = Flight(napari_viewer)
        self._counting = Newest(self)
        self._searching = Newest(self)
        self._resting = False
        self._said = ""
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MILLISECONDS)
        self._make()
        self._lay_out()
        self._connect()
        self._on_listed()
        self._on_chosen()

    @property
    def busy(self) -> bool:
        """Whether anything is still to come: figures, a flight, a correction, a case."""
        calls = (self._counting, self._searching, self.corrections, self.acceptance, self.export)
        return self._pause.isActive() or any(call.busy for call in calls)

    def _make(self) -> None:
        self.picker = ElidingBox(letters=0)
        self.provenance = _text("where it came from")
        self.remarks = _text("remarks of the run")
        self.table = ClassTable()
        self.doubts = MessageLine()
        self.doubts.setAccessibleName("classes to look at again")
        self.message = MessageLine()
        self.view = ResultsView(self._viewer, self.table)
        self.export = ResultsExport(self.table)
        self.corrections = CorrectionsBox(self._viewer, self.table)
        self.acceptance = AcceptanceBox(self._viewer)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        add_row(form, "La&bels", self.picker, "The Labels layer that is shown here.")
        content = QWidget()
        column = QVBoxLayout(content)
        margin = self.fontMetrics().horizontalAdvance("n") // 2
        column.setContentsMargins(margin, margin, margin, margin)
        column.addLayout(form)
        for part in (
            self.provenance,
            self.remarks,
            self.table,
            self.doubts,
            self.view,
            self.export,
            self.corrections,
            self.acceptance,
        ):
            column.addWidget(part)
        column.addStretch()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(PanelArea(content))
        # Below what is scrolled, so that nothing is said where it is not seen.
        outer.addWidget(self.acceptance.question)
        outer.addWidget(self.message)

    def _connect(self) -> None:
        self._choice.listed.connect(self._on_listed)
        self._choice.chosen.connect(self._on_chosen)
        self.picker.activated.connect(self._on_picked)
        self._watch.changed.connect(self._on_changed)
        self._watch.moved.connect(self._on_moved)
        self._pause.timeout.connect(self._count)
        self._counting.returned.connect(self._on_counted)
        self._counting.failed.connect(self._on_count_failed)
        self.table.asked_for.connect(self._on_asked_for)
        self._searching.returned.connect(self._on_found)
        self._searching.failed.connect(self._say_error)
        for part in (self.export, self.corrections, self.acceptance):
            part.said.connect(self._on_said)

    def sizeHint(self) -> QSize:
        """Wide enough for all columns of the table; it can be made narrower."""
        width = self.fontMetrics().horizontalAdvance("n") * _USUAL_LETTERS
        return QSize(width, super().sizeHint().height())

    def showEvent(self, event: QShowEvent) -> None:
        """Look again at what may have been painted while nobody looked."""
        super().showEvent(event)
        if self._resting:
            self._resting = False
            self._watch.watch(self._choice.layer)
            self._count()

    def hideEvent(self, event: QHideEvent) -> None:
        """Count nothing for nobody."""
        super().hideEvent(event)
        if not event.spontaneous():
            self._rest()
            QTimer.singleShot(0, self._when_hidden)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Listen no longer."""
        self.let_go()
        super().closeEvent(event)

    def let_go(self) -> None:
        """Listen no longer, and let no call go on but the writing of a case."""
        self._rest()
        self._searching.cancel()
        self.corrections.cancel()
        self.acceptance.let_go()
        self.view.let_go()
        self._choice.close()
        self._watch.close()

    def _rest(self) -> None:
        self._resting = True
        self._pause.stop()
        self._counting.cancel()
        self._watch.watch(None)

    def _when_hidden(self) -> None:
        """A panel that was taken out of its window will not be shown again."""
        if self.isWindow() and not self.isVisible():
            self.let_go()

    def _on_listed(self) -> None:
        self.picker.clear()
        for layer in self._choice.layers:
            self.picker.addItem(layer.name)
        self._show_choice()

    def _show_choice(self) -> None:
        layers = self._choice.layers
        if self._choice.layer in layers:
            self.picker.setCurrentIndex(layers.index(self._choice.layer))

    def _on_picked(self, index: int) -> None:
        self._choice.choose(self._choice.layers[index])

    def _on_chosen(self) -> None:
        """Speak of another layer; what is asked of the old one is no longer wanted."""
        layer = self._choice.layer
        self._show_choice()
        self._pause.stop()
        self._counting.cancel()
        self._searching.cancel()
        self.corrections.cancel()
        self._watch.watch(None if self._resting else layer)
        self.message.clear()
        origin = None if layer is None else labels_origin(layer.metadata)
        self.provenance.setText("" if layer is None else provenance_text(origin))
        self.provenance.setVisible(layer is not None)
        self.remarks.setText(run_remarks(origin))
        self.remarks.setVisible(bool(self.remarks.text()))
        self._show_rows(ClassRows())
        for part in (self.table, self.view, self.export):
            part.setEnabled(layer is not None)
        self.export.follow(layer)
        self.acceptance.follow(layer)
        geometry = None
        if layer is None:
            self._figures.follow(None)
            self.message.say(_NO_LABELS)
        else:
            with self._errors_said():
                geometry = LabelsSnapshot.of(layer).placement.geometry
                self._show_rows(self._figures.follow(layer))
                self._count()
        self.corrections.follow(layer, geometry)
        self.view.follow(layer)

    @contextmanager
    def _errors_said(self) -> Iterator[None]:
        """Say what is wrong with a layer."""
        try:
            yield
        except OmniSegError as error:
            self._say_error(str(error))

    def _say_error(self, sentence: str) -> None:
        self.message.say(sentence, "error")

    def _on_said(self, sentence: str, kind: Kind) -> None:
        self.message.say(sentence, kind)
        self._said = self.message.text()

    def _on_changed(self) -> None:
        """Count anew; what was said of an action was said of the labels of before."""
        if self._said and self.message.text() == self._said:
            self.message.clear()
        self._pause.start()

    def _count(self) -> None:
        """Count what is in the layer now; a count that is going on is for labels of before."""
        if self._figures.follows and not self._resting:
            with self._errors_said():
                self._counting.ask(self._figures.count())

    def _on_counted(self, figures: Figures) -> None:
        if not self._figures.holds(figures):
            return
        self._show_rows(figures.rows)
        said, self._said = self._said, ""  # colouring a new class draws anew and changes nothing
        self.view.on_counted()
        self._said = said
        self._on_moved()
        if figures.rows.none_found and not self.message.text():
            self.message.say("None found: the labels hold no class.")

    def _show_rows(self, rows: ClassRows) -> None:
        self.table.show_rows(rows)
        self.doubts.say(rows.review_text, "warning")

    def _on_count_failed(self, sentence: str) -> None:
        self._show_rows(ClassRows())
        self._say_error(sentence)

    def _on_moved(self) -> None:
        self.table.rows_model.set_frame(self._figures.frame)

    def _on_asked_for(self, value: int) -> None:
        layer = self._choice.layer
        if layer is not None:
            self.message.clear()
            layer.selected_label = value  # what the brush paints next
            with self._errors_said():
                self._searching.ask(self._flight.search(layer, value, self._figures.frame))

    def _on_found(self, destination: Destination) -> None:
        self.message.say(self._flight.land(destination))


def _text(name: str) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setAccessibleName(name)
    return label
