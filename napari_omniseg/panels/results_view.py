"""What of a result is shown in the picture: classes, and the uncertainty map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Image, Labels
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from napari_omniseg.models.class_visibility import ClassVisibility
from napari_omniseg.models.uncertainty_layer import HOW_TO_GET, uncertainty_of
from napari_omniseg.widgets.class_table import ClassTable
from napari_omniseg.widgets.controls import button, described

if TYPE_CHECKING:
    from napari.viewer import Viewer

_WHAT_IT_SHOWS = "Show where the model was unsure; the map is a layer beside the labels."


class ResultsView(QWidget):
    """Two buttons and a box under the table; the table's own ticks are handled here too."""

    def __init__(self, viewer: Viewer, table: ClassTable) -> None:
        super().__init__()
        self._viewer = viewer
        self._table = table
        self._layer: Labels | None = None
        self._doubt: Image | None = None
        self._shown = ClassVisibility()
        self.only = button("Show &only this", "Hide all classes but the selected one.")
        self.all = button("Show all", "Show every class.")
        self.uncertainty = described(
            QCheckBox("Uncertainty map"),
            "Uncertainty map",
            _WHAT_IT_SHOWS,
        )
        buttons = QHBoxLayout()
        buttons.addWidget(self.only)
        buttons.addWidget(self.all)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(buttons)
        layout.addWidget(self.uncertainty)
        self.only.clicked.connect(self._on_only)
        self.all.clicked.connect(self._on_all)
        self.uncertainty.clicked.connect(self._on_uncertainty)
        table.rows_model.shown_changed.connect(self._on_ticked)
        viewer.layers.events.inserted.connect(self._find_uncertainty)
        viewer.layers.events.removed.connect(self._find_uncertainty)

    def follow(self, layer: Labels | None) -> None:
        """Speak of this layer from now on."""
        if self._layer is not None:
            self._layer.events.colormap.disconnect(self._tick)
        self._layer = layer
        if layer is not None:
            layer.events.colormap.connect(self._tick)
        self._find_uncertainty()
        self._tick()

    def on_counted(self) -> None:
        """The table shows other classes than before, perhaps."""
        if self._layer is not None:
            entries = [row.entry for row in self._table.rows_model.rows.rows]
            self._shown.colour_new(self._layer, entries)
            self._tick()

    def let_go(self) -> None:
        """Listen no longer; nothing is drawn, since all may be about to go."""
        if self._layer is not None:
            self._layer.events.colormap.disconnect(self._tick)
        if self._doubt is not None:
            self._doubt.events.visible.disconnect(self._on_visible)
        self._layer = self._doubt = None
        self._viewer.layers.events.inserted.disconnect(self._find_uncertainty)
        self._viewer.layers.events.removed.disconnect(self._find_uncertainty)

    def _values(self) -> frozenset[int]:
        return frozenset(row.entry.value for row in self._table.rows_model.rows.rows)

    def _hidden(self) -> frozenset[int]:
        if self._layer is None:
            return frozenset()
        return self._shown.hidden(self._layer, self._values())

    def _hide(self, hidden: frozenset[int]) -> None:
        if self._layer is not None:
            entries = [row.entry for row in self._table.rows_model.rows.rows]
            self._shown.hide(self._layer, entries, hidden)

    def _tick(self) -> None:
        self._table.rows_model.set_hidden(self._hidden())

    def _on_ticked(self, value: int, shown: bool) -> None:
        self._hide(self._hidden() - {value} if shown else self._hidden() | {value})

    def _on_only(self) -> None:
        value = self._table.value
        if value is not None:
            self._hide(self._values() - {value})

    def _on_all(self) -> None:
        self._hide(frozenset())

    def _on_uncertainty(self, wanted: bool) -> None:
        if self._doubt is not None:
            self._doubt.visible = wanted

    def _find_uncertainty(self) -> None:
        layer = self._layer
        self._follow_uncertainty(
            None if layer is None else uncertainty_of(layer, self._viewer.layers)
        )

    def _follow_uncertainty(self, doubt: Image | None) -> None:
        if self._doubt is not None:
            self._doubt.events.visible.disconnect(self._on_visible)
        self._doubt = doubt
        if doubt is not None:
            doubt.events.visible.connect(self._on_visible)
        self.uncertainty.setEnabled(doubt is not None)
        tooltip = HOW_TO_GET if doubt is None else _WHAT_IT_SHOWS
        described(self.uncertainty, "Uncertainty map", tooltip)
        self._on_visible()

    def _on_visible(self) -> None:
        self.uncertainty.setChecked(self._doubt is not None and bool(self._doubt.visible))
