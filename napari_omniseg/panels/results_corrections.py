"""Filling and smoothing the selected class; what is painted stays napari's own tools' work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Labels
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QFormLayout, QGroupBox, QHBoxLayout

from napari_omniseg.models.corrections import (
    Correction,
    CorrectionRequest,
    Kind,
    apply,
    correction,
)
from napari_omniseg.models.labels_snapshot import LabelsSnapshot
from napari_omniseg.models.view_place import ViewPlace
from napari_omniseg.widgets.background import Background
from napari_omniseg.widgets.class_table import ClassTable
from napari_omniseg.widgets.controls import add_row, button
from omniseg_backend.common.errors import OmniSegError
from omniseg_backend.images.geometry import Geometry

if TYPE_CHECKING:
    from napari.viewer import Viewer

#: A Gaussian of so many of the finest voxels removes single voxels and keeps what is larger.
_USUAL_VOXELS = 1.5


class CorrectionsBox(QGroupBox):
    """Where, how far, and two buttons.

    Signals:
        said: A sentence for the user, and its kind.
    """

    said = Signal(str, str)

    def __init__(self, viewer: Viewer, table: ClassTable) -> None:
        super().__init__("Correct the selected class")
        self._viewer = viewer
        self._table = table
        self._layer: Labels | None = None
        self._working: Background[Correction] = Background(self)
        form = QFormLayout(self)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.scope = add_row(
            form, "In", QComboBox(), "The slice that is shown, or all slices of this time point."
        )
        self.scope.addItem("this slice", False)
        self.scope.addItem("the whole volume", True)
        self.width = add_row(
            form,
            "Smoothing",
            QDoubleSpinBox(),
            "Standard deviation of the Gaussian: bumps and gaps smaller than this disappear.",
        )
        self.width.setDecimals(2)
        self.width.setRange(0.01, 1e6)
        self.fill = button("Fill hol&es", "Fill the background that the class encloses.")
        self.smooth = button("Smooth", "Smooth the border against the background.")
        self.undo = button("U&ndo", "Undo the last change of these labels, as Ctrl+Z does.")
        buttons = QHBoxLayout()
        for one in (self.fill, self.smooth, self.undo):
            buttons.addWidget(one)
        buttons.addStretch()
        form.addRow(buttons)
        self.fill.clicked.connect(lambda: self._ask("fill"))
        self.smooth.clicked.connect(lambda: self._ask("smooth"))
        self.undo.clicked.connect(self._on_undo)
        self._working.returned.connect(self._on_computed)
        self._working.failed.connect(lambda sentence: self.said.emit(sentence, "error"))
        self._working.busy_changed.connect(self._on_busy)

    @property
    def busy(self) -> bool:
        """Whether a correction is being computed."""
        return self._working.busy

    def follow(self, layer: Labels | None, geometry: Geometry | None) -> None:
        """Correct this layer from now on.

        Args:
            layer: The layer.
            geometry: Of its space; None where it has none that we know.
        """
        self._layer = layer
        self.setEnabled(layer is not None and geometry is not None)
        if geometry is None:
            return
        unit = "mm" if geometry.unit == "mm" else "px"
        self.width.setSuffix(f" {unit}")
        finest = min(geometry.spacing[: geometry.dimensions])
        self.width.setSingleStep(finest / 2)
        self.width.setValue(_USUAL_VOXELS * finest)
        self.scope.setEnabled(geometry.dimensions == 3)

    def cancel(self) -> None:
        """Stop what is being computed."""
        self._working.cancel()

    def _ask(self, kind: Kind) -> None:
        layer, value = self._layer, self._table.value
        if layer is None or self._working.busy:
            return
        self.said.emit("", "information")  # what was said is of an action before
        if value is None:
            self.said.emit("Select a class in the table first.", "information")
            return
        whole = bool(self.scope.currentData()) if self.scope.isEnabled() else False
        try:
            snapshot = LabelsSnapshot.of(layer)
            place = ViewPlace.of(self._viewer.dims, layer, snapshot)
            request = CorrectionRequest(kind, value, whole, self.width.value())
            work = correction(layer, snapshot, place, request)
        except OmniSegError as error:
            self.said.emit(str(error), "error")
            return
        self._working.start(work)

    def _on_computed(self, found: Correction) -> None:
        layer = found.layer()
        if layer is None or layer not in self._viewer.layers:
            return
        self._viewer.layers.selection.active = layer  # whose changes Ctrl+Z undoes
        self.said.emit(apply(found), "information")

    def _on_undo(self) -> None:
        if self._layer is not None:
            self.said.emit("", "information")
            self._layer.undo()

    def _on_busy(self, busy: bool) -> None:
        self.fill.setEnabled(not busy)
        self.smooth.setEnabled(not busy)
