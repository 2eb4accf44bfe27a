"""Open images with their masks, to be ticked, and whose they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QCheckBox, QGridLayout, QLineEdit, QWidget
from superqt import QElidingLabel

from napari_omniseg.widgets.controls import described
from napari_omniseg.widgets.sections import TextLine

if TYPE_CHECKING:
    from napari_omniseg.models.layer_pairs import LayerPair


class PairList(QWidget):
    """A row for each pair: a tick, the names of mask and image, and a field for the patient."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(1, 1)
        self.nothing = TextLine("no pairs")
        self._grid.addWidget(self.nothing, 0, 0, 1, 2)
        self.rows: list[tuple[LayerPair, QCheckBox, QLineEdit]] = []
        self._names: list[QElidingLabel] = []

    def show_pairs(self, pairs: Sequence[LayerPair]) -> None:
        """List these; ticks and patients of pairs that were listed before stay."""
        before = {id(pair.labels): (tick, field) for pair, tick, field in self.rows}
        kept = {key: (tick.isChecked(), field.text()) for key, (tick, field) in before.items()}
        controls = [widget for _, *row in self.rows for widget in row]
        for widget in (*self._names, *controls):
            self._grid.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self.rows, self._names = [], []
        for number, pair in enumerate(pairs, start=1):
            ticked, patient = kept.get(id(pair.labels), (False, ""))
            self._add(number, pair, ticked=ticked, patient=patient)
        nothing = "No open Labels layer lies on an Image layer of its shape."
        self.nothing.show_text("" if pairs else nothing)

    def ticked(self) -> list[tuple[LayerPair, str]]:
        """The pairs that are ticked, with their patients as typed."""
        return [(pair, field.text()) for pair, tick, field in self.rows if tick.isChecked()]

    def untick(self) -> None:
        """Tick none."""
        for _, tick, _ in self.rows:
            tick.setChecked(False)

    def _add(self, number: int, pair: LayerPair, *, ticked: bool, patient: str) -> None:
        name = pair.labels.name
        what = f"Add {name} as the mask of {pair.image.name}."
        tick = described(QCheckBox(), f"add {name} of {pair.image.name}", what)
        tick.setChecked(ticked)
        names = QElidingLabel(f"{name} of {pair.image.name}")
        names.setToolTip(what)
        field = described(
            QLineEdit(patient),
            f"patient of {name}",
            "A pseudonym such as P07, never a name: images of one patient must bear the same, "
            "so that nobody is learnt from and compared on.",
        )
        field.setPlaceholderText(
            "patient, or as DICOM says" if pair.from_dicom else "patient, such as P07"
        )
        self._grid.addWidget(tick, 2 * number, 0)
        self._grid.addWidget(names, 2 * number, 1)
        self._grid.addWidget(field, 2 * number + 1, 1)
        self._names.append(names)
        self.rows.append((pair, tick, field))
