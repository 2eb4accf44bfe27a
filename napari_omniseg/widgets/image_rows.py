"""Which image, how its axes are read and what it shows: the first rows of the Segment panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QSignalBlocker, Signal
from qtpy.QtWidgets import QFormLayout

from napari_omniseg.bridge.axes import WORDS
from napari_omniseg.bridge.layer_image import LayerSnapshot
from napari_omniseg.models.image_choices import MODALITY_WORDS, ImageChoices, statement_words
from napari_omniseg.models.tasks import Question, TaskList
from napari_omniseg.widgets.controls import add_row
from napari_omniseg.widgets.eliding_box import ElidingBox
from napari_omniseg.widgets.layer_picker import LayerPicker
from napari_omniseg.widgets.optional_row import show_row

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

    from omniseg_backend.images.modality import ModalityStatement


class ImageRows(QObject):
    """The picker; a row for the axes and one for the modality stand below where they are asked.

    Signals:
        changed: Another image, or the same one read differently.

    Args:
        form: Where the rows are added.
        viewer: Whose layers.
        parent: Their owner.
    """

    changed = Signal()

    def __init__(self, form: QFormLayout, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self._form = form
        self._choices = ImageChoices()
        self._stated: ModalityStatement | None = None
        self.picker = add_row(
            form,
            "&Image",
            LayerPicker(viewer),
            "The Image layer to segment; it follows the layer that you make active.",
        )
        self.axes = add_row(
            form, "Read as", ElidingBox(), "What the axes of the layer's array are."
        )
        self.modality = add_row(
            form,
            "&Shows",
            ElidingBox(),
            "How the image was made; tasks for other kinds of image are put below.",
        )
        show_row(form, self.axes, shown=False)
        show_row(form, self.modality, shown=False)
        self.picker.layer_changed.connect(self._on_layer)
        self.picker.layer_edited.connect(self._on_layer)
        self.axes.activated.connect(self._on_axes)
        self.modality.activated.connect(self._on_modality)
        self._fill_axes()

    @property
    def layer(self) -> Image | None:
        """The chosen layer."""
        return self.picker.layer

    def read_axes(self) -> str:
        """How the chosen layer is read.

        Raises:
            DataError: It has too few or too many dimensions.
        """
        assert self.layer is not None
        return self._choices.axes(self.layer, LayerSnapshot.of(self.layer).readings())

    def question(self) -> Question | None:
        """The chosen layer as it is now, read as the user says; None without one.

        Raises:
            DataError: It has too few or too many dimensions.
        """
        layer = self.layer
        if layer is None:
            return None
        snapshot = LayerSnapshot.of(layer)
        axes = self._choices.axes(layer, snapshot.readings())
        return Question(snapshot, axes, self._choices.modality(layer, self._stated))

    def show_modality(self, tasks: TaskList) -> None:
        """Ask for the modality where that is open, once the image was looked at."""
        self._stated = tasks.stated
        said = None if self.layer is None else self._choices.modality(self.layer, None)
        with QSignalBlocker(self.modality):
            self.modality.clear()
            self.modality.addItem(statement_words(tasks.stated), None)
            for modality, word in MODALITY_WORDS.items():
                self.modality.addItem(word, modality)
            if said is not None and said.value is not None:
                self.modality.setCurrentText(MODALITY_WORDS[said.value])
        shown = self.layer is not None and (tasks.asks_modality or said is not None)
        show_row(self._form, self.modality, shown=shown)

    def _on_layer(self) -> None:
        self._stated = None
        self._fill_axes()
        self.changed.emit()

    def _fill_axes(self) -> None:
        from omniseg_backend.common.errors import DataError

        readings: tuple[str, ...] = ()
        chosen = None
        if self.layer is not None:
            try:
                readings = LayerSnapshot.of(self.layer).readings()
                chosen = self._choices.axes(self.layer, readings)
            except DataError:
                readings = ()  # whoever asks for the question hears why
        with QSignalBlocker(self.axes):
            self.axes.clear()
            for reading in readings:
                self.axes.addItem(WORDS[reading], reading)
            if chosen is not None:
                self.axes.setCurrentText(WORDS[chosen])
        show_row(self._form, self.axes, shown=len(readings) > 1)

    def _on_axes(self) -> None:
        if self.layer is not None:
            self._choices.read_as(self.layer, self.axes.currentData())
            self.changed.emit()

    def _on_modality(self) -> None:
        if self.layer is not None:
            self._choices.shows(self.layer, self.modality.currentData())
            self.changed.emit()
