"""Accepting a corrected result into a site data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari.layers import Image, Labels
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
)

from napari_omniseg.bridge.layer_image import LayerSnapshot
from napari_omniseg.bridge.origin import image_origin, labels_origin
from napari_omniseg.models.acceptance import AcceptanceRequest, Accepted, Question, accept
from napari_omniseg.models.image_of_labels import image_candidates, likeliest_image
from napari_omniseg.models.labels_snapshot import LabelsSnapshot
from napari_omniseg.models.named_folder import named_folder
from napari_omniseg.models.one_place import require_one_place
from napari_omniseg.models.preferences import Preferences
from napari_omniseg.models.view_place import ViewPlace
from napari_omniseg.widgets.background import Background
from napari_omniseg.widgets.controls import add_row, button
from napari_omniseg.widgets.eliding_box import ElidingBox
from napari_omniseg.widgets.question import Question as QuestionBox
from omniseg_backend.common.errors import OmniSegError

if TYPE_CHECKING:
    from napari.viewer import Viewer


class AcceptanceBox(QGroupBox):
    """Which image, whose, into which data set, and the button.

    Signals:
        said: A sentence for the user, and its kind.
    """

    said = Signal(str, str)

    def __init__(self, viewer: Viewer) -> None:
        super().__init__("Accept and add to site data")
        self._viewer = viewer
        self._layer: Labels | None = None
        self._images: tuple[Image, ...] = ()
        self._preferences = Preferences()
        self._working: Background[Accepted | Question] = Background(self)
        self._draw()
        self._connect()

    def _draw(self) -> None:
        form = QFormLayout(self)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.image = add_row(
            form,
            "Ima&ge",
            ElidingBox(letters=0),
            "The image that these labels belong to; stored with them.",
        )
        self.patient = add_row(
            form,
            "Patient",
            QLineEdit(),
            "A pseudonym, no name and no hospital number: images of one patient are kept together.",
        )
        self.folder = add_row(
            form, "&Data set", QLineEdit(), "Folder of the site data set, or where to make one."
        )
        self.folder.setText(self._preferences.site_folder)
        self.folder.setPlaceholderText("a folder")
        self.browse = button("Browse…", "Choose the folder.")
        self.accept_button = button(
            "&Accept and add", "Store the image and these labels in the site data set."
        )
        buttons = QHBoxLayout()
        buttons.addWidget(self.browse)
        buttons.addWidget(self.accept_button, stretch=1)
        form.addRow(buttons)
        self.progress = QProgressBar()
        self.progress.setRange(0, 0)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("adding to the site data")
        self.progress.hide()
        form.addRow(self.progress)
        self.question = QuestionBox()  # the panel puts it where it is always seen

    def _connect(self) -> None:
        self.browse.clicked.connect(self._on_browse)
        self.accept_button.clicked.connect(self._on_accept)
        self.image.currentIndexChanged.connect(self._say_whose)
        self._working.returned.connect(self._on_answer)
        self._working.failed.connect(lambda sentence: self.said.emit(sentence, "error"))
        self._working.busy_changed.connect(self._on_busy)
        for name in ("inserted", "removed"):
            getattr(self._viewer.layers.events, name).connect(self._on_layers)

    @property
    def busy(self) -> bool:
        """Whether something is being added."""
        return self._working.busy

    def follow(self, layer: Labels | None) -> None:
        """Accept this layer from now on."""
        self._layer = layer
        self.question.withdraw()
        self.patient.clear()  # of another image, perhaps of another patient
        self.setEnabled(layer is not None)
        self._images = ()
        self._on_layers()

    def let_go(self) -> None:
        """Listen no longer; what is being written is written to its end."""
        self._working.cancel()
        for name in ("inserted", "removed"):
            getattr(self._viewer.layers.events, name).disconnect(self._on_layers)

    def _on_layers(self) -> None:
        """List the images anew; what was chosen stays chosen while it is open."""
        chosen = self._chosen()
        self._images = image_candidates(self._viewer.layers)
        self.image.clear()
        for one in self._images:
            self.image.addItem(one.name)
        if chosen not in self._images and self._layer is not None:
            chosen = likeliest_image(self._layer, self._images)
        self.image.setCurrentIndex(self._images.index(chosen) if chosen in self._images else -1)
        self._say_whose()

    def _say_whose(self) -> None:
        """Say where the patient comes from if none is stated."""
        image = self._chosen()
        origin = None if image is None else image_origin(image.metadata)
        known = origin is not None and origin.source is not None
        self.patient.setPlaceholderText(
            "known from DICOM, kept as a hash" if known else "a pseudonym, such as P07"
        )

    def _chosen(self) -> Image | None:
        place = self.image.currentIndex()
        return self._images[place] if 0 <= place < len(self._images) else None

    def _on_browse(self) -> None:
        start = self.folder.text() or str(Path.home())
        chosen = QFileDialog.getExistingDirectory(
            self, "Site data set, or the folder to make one in", start
        )
        if chosen:
            self.folder.setText(chosen)

    def _on_accept(self) -> None:
        layer, image = self._layer, self._chosen()
        if layer is None or self._working.busy:
            return
        self.question.withdraw()
        self.said.emit("", "information")  # what was said is of an action before
        if image is None:
            self.said.emit(_no_image(layer, self._images), "error")
            return
        folder = self.folder.text().strip()
        if not folder:
            self.said.emit("Choose the folder of a site data set, or one to make it in.", "error")
            self.folder.setFocus()
            return
        try:
            labels = LabelsSnapshot.of(layer)
            path = named_folder(folder)
        except OmniSegError as error:
            self.said.emit(str(error), "error")
            return
        frame = ViewPlace.of(self._viewer.dims, layer, labels).frame
        patient = self.patient.text().strip() or None
        snapshot = LayerSnapshot.of(image)
        self._start(AcceptanceRequest(labels.copied(), snapshot, frame, path, patient))

    def _start(self, request: AcceptanceRequest) -> None:
        self._working.start(lambda progress, cancel: accept(request, progress, cancel))

    def _on_answer(self, answer: Accepted | Question) -> None:
        if isinstance(answer, Question):
            request = answer.request
            self.question.ask(answer.sentence, lambda: self._start(request), yes=answer.yes)
            return
        self._preferences.site_folder = str(answer.folder)
        self.folder.setText(str(answer.folder))
        self.said.emit(answer.sentence, answer.kind)

    def _on_busy(self, busy: bool) -> None:
        self.accept_button.setEnabled(not busy)
        self.progress.setVisible(busy)


def _no_image(layer: Labels, images: Sequence[Image]) -> str:
    """Why no image is chosen; of a single open image, why it is not the one."""
    origin = labels_origin(layer.metadata)
    named = None if origin is None else origin.image_layer
    if named is not None:
        return (
            f"The image {named}, which {layer.name} belongs to, is not open under that name: open "
            "it again, or choose it."
        )
    if len(images) == 1:
        try:
            require_one_place(LabelsSnapshot.of(layer), LayerSnapshot.of(images[0]))
        except OmniSegError as error:
            return str(error)
    return f"Nobody said which image {layer.name} belongs to: choose it, or open it first."
