"""The panel that segments: an image, a task, a variant, one button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QComboBox, QFormLayout, QProgressBar, QVBoxLayout, QWidget

from napari_omniseg.bridge.layer_image import LayerSnapshot
from napari_omniseg.models.catalogue import Catalogue
from napari_omniseg.models.preferences import Preferences
from napari_omniseg.models.run import BundleCache, Order, Outcome, perform
from napari_omniseg.models.tasks import Question, TaskList, list_tasks
from napari_omniseg.widgets.background import Background
from napari_omniseg.widgets.controls import add_row, button
from napari_omniseg.widgets.latest import Latest
from napari_omniseg.widgets.layer_picker import LayerPicker
from napari_omniseg.widgets.message_line import MessageLine

if TYPE_CHECKING:
    import napari

SEGMENT_KEY = "Ctrl+Return"


class SegmentPanel(QWidget):
    """Segments an Image layer of its viewer into a new Labels layer."""

    def __init__(self, napari_viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = napari_viewer
        self._preferences = Preferences()
        self._bundles = BundleCache()
        self._tasks = TaskList(Catalogue())
        layout = QVBoxLayout(self)
        form = QFormLayout()
        layout.addLayout(form)
        self.picker = add_row(form, "&Image", LayerPicker(napari_viewer), "What is segmented.")
        self.task = add_row(form, "&Task", QComboBox(), "What to look for in the image.")
        self.segment_button = button("Segment", "Segment the image.", key=SEGMENT_KEY)
        layout.addWidget(self.segment_button)
        self.bar = QProgressBar()
        layout.addWidget(self.bar)
        self.message = MessageLine()
        layout.addWidget(self.message)

        self._listing: Latest[TaskList] = Latest(0, self)
        self._listing.answered.connect(self._on_listed)
        self._listing.failed.connect(lambda sentence: self.message.say(sentence, "error"))
        self._run: Background[Outcome] = Background(self)
        self._run.progressed.connect(lambda stage, done: self.bar.setValue(int(100 * done)))
        self._run.returned.connect(self._on_result)
        self._run.failed.connect(lambda sentence: self.message.say(sentence, "error"))
        self.picker.layer_changed.connect(self._list)
        self.segment_button.clicked.connect(self.segment)
        self._list()

    def _question(self) -> Question | None:
        layer = self.picker.layer
        if layer is None:
            return None
        snapshot = LayerSnapshot.of(layer)
        return Question(snapshot, snapshot.readings()[0])

    def _list(self) -> None:
        question = self._question()
        self._listing.ask(lambda progress, cancel: list_tasks(question))

    def _on_listed(self, tasks: TaskList) -> None:
        self._tasks = tasks
        self.task.clear()
        for fit in tasks.fits:
            self.task.addItem(fit.task.title, fit.task.id)

    def segment(self) -> None:
        """Run what is chosen."""
        question = self._question()
        task = self._tasks.catalogue.task(self.task.currentData())
        if question is None or task is None:
            return
        order = Order(question, task.of_variant("compact")[0])
        self._run.start(lambda progress, cancel: perform(order, self._bundles, progress, cancel))

    def _on_result(self, outcome: Outcome) -> None:
        for layer in outcome.layers:
            getattr(self._viewer, f"add_{layer.layer_type}")(layer.array, **layer.attributes)
        self.message.say(" ".join(str(flag) for flag in outcome.result.flags))
