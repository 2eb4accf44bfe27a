"""The three large buttons of the variants, with what each costs and is worth."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from napari_omniseg.models.catalogue import OfferedModel
from napari_omniseg.models.figures import parameters_text
from napari_omniseg.widgets.controls import described

VARIANTS = ("compact", "balanced", "accurate", "custom")
_HELP = {
    "compact": "The smallest and quickest network.",
    "balanced": "Between Compact and Accurate.",
    "accurate": "The largest and slowest network.",
    "custom": "A network of a size of its own.",
}


class VariantButtons(QWidget):
    """One is pressed; arrow keys go from one to the next. Custom shows where there is one.

    Signals:
        chosen: The user pressed this variant.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._group = QButtonGroup(self)
        self._models: dict[str, OfferedModel] = {}
        self.buttons: dict[str, QPushButton] = {}
        for variant in VARIANTS:
            made = described(QPushButton(), variant, _HELP[variant])
            made.setCheckable(True)
            made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            self._group.addButton(made)
            self.buttons[variant] = made
            layout.addWidget(made)
            made.clicked.connect(lambda checked, variant=variant: self.chosen.emit(variant))
        self.show_models({}, None, "Choose a task first.")

    @property
    def variant(self) -> str | None:
        """The pressed one."""
        return next((name for name, made in self.buttons.items() if made.isChecked()), None)

    def show_models(
        self, models: dict[str, OfferedModel], pressed: str | None, reason: str
    ) -> None:
        """Show a task's models; their expected times are not known then.

        Args:
            models: By variant.
            pressed: Which variant is pressed; None for none.
            reason: Why the others cannot be.
        """
        self._models = models
        self._group.setExclusive(False)
        for variant, made in self.buttons.items():
            made.setEnabled(variant in models)
            made.setChecked(variant == pressed)
            made.setVisible(variant != "custom" or variant in models)
            self._write(variant, "…" if variant in models else "", reason)
        self._group.setExclusive(True)

    def show_model(self, variant: str, model: OfferedModel) -> None:
        """Show another model of a variant; its expected time is not known then."""
        self._models = {**self._models, variant: model}
        self._write(variant, "…", None)

    def expect(self, variant: str, time: str, problem: str | None = None) -> None:
        """Show what a run with a variant's model would take.

        Args:
            variant: Which.
            time: Such as ``0.4 s``; ``…`` while it is measured.
            problem: Why it would be refused.
        """
        self._write(variant, time, problem)

    def _write(self, variant: str, time: str, problem: str | None) -> None:
        made = self.buttons[variant]
        title = variant.capitalize()
        model = self._models.get(variant)
        if model is None:
            made.setText(f"{title}\n\n\n")
            described(made, title, f"{_HELP[variant]} {problem}")
            return
        size = parameters_text(model.card.parameters)
        dice = model.dice
        worth = "not measured" if dice is None else f"Dice {dice[0]:.3f}"
        made.setText(f"{title}\n{size}\n{worth}\n{time}")
        on = "" if dice is None else f" on the {dice[1]} part"
        tip = f"{_HELP[variant]} {model.label}: {size} parameters, {worth}{on}"
        tip += f"; {time} for this image on this machine." if time not in ("…", "-") else "."
        described(made, f"{title}, {size} parameters, {worth}, {time}", tip)
        if problem:
            made.setToolTip(f"{tip} {problem}")
