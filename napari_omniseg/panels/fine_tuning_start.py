"""The Fine-tune panel's second part: what to start from, and for how long."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFormLayout, QWidget

from napari_omniseg.models.fine_tuning_request import MODALITIES, VARIANTS, FineTuningRequest
from napari_omniseg.models.preferences import Preferences
from napari_omniseg.models.site_summary import SiteSummary
from napari_omniseg.models.start_models import StartModel, start_models
from napari_omniseg.models.wrapping import cut
from napari_omniseg.widgets.controls import add_row, button
from napari_omniseg.widgets.eliding_box import ElidingBox
from napari_omniseg.widgets.field_numbers import WholeNumberBox
from napari_omniseg.widgets.message_line import MessageLine
from napari_omniseg.widgets.newest import Newest
from napari_omniseg.widgets.sections import Section, TextLine

_A_WEEK = 7 * 24 * 60
#: Characters of what was typed, in a sentence.
_TYPED_SHOWN = 30
_FROM_SCRATCH = "from scratch"
#: Characters that tell models apart; the row takes two lines where the panel is narrow.
_ID_AND_VERSION = 18


class StartSection(Section):
    """Chooses the starting model, the variant and the minutes.

    Signals:
        start_clicked: The user wants to train.
    """

    start_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Training", parent)
        self._preferences = Preferences()
        self._summary: SiteSummary | None = None
        self._choose_anew = True
        self._reading = Newest(self)
        self._reading.returned.connect(self._on_models)
        self._reading.failed.connect(self.fail)
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self.model = add_row(
            form,
            "&Start from",
            ElidingBox(letters=_ID_AND_VERSION),
            "The model that goes on learning; current ones first.",
        )
        self.variant = add_row(
            form,
            "Va&riant",
            ElidingBox(),
            "The network's size; a starting model's own, free only from scratch.",
        )
        self.variant.addItems([name.capitalize() for name in VARIANTS])
        self.modality = add_row(
            form, "M&odality", ElidingBox(), "What the images are; the data set does not say it."
        )
        for name in MODALITIES:
            self.modality.addItem(name, name)
        self.minutes = add_row(
            form, "&Minutes", WholeNumberBox(1, _A_WEEK), "How long it trains, at most."
        )
        self.minutes.setValue(self._preferences.minutes)
        self.minutes.corrected.connect(self._on_corrected)
        self.minutes.valueChanged.connect(self._on_minutes)
        self.body.addLayout(form)
        self._form = form
        self.corrected = MessageLine()
        self.body.addWidget(self.corrected)
        self._unseen = False
        self.warnings = TextLine("what to weigh before training")
        self.body.addWidget(self.warnings)
        self.start = button("Fine-tune", "Train on the data set, in the background.")
        self.start.clicked.connect(self._on_start)
        self.body.addWidget(self.start)
        self.model.currentIndexChanged.connect(self._on_model)
        self._on_model()

    def show_data(self, summary: SiteSummary | None) -> None:
        """Take the data set to train on; models that suit it come first."""
        before, self._summary = self._summary, summary
        if summary is not None and (before is None or before.folder != summary.folder):
            self._choose_anew = True
        self.warnings.show_text("" if summary is None else "\n".join(_remarks(summary)))
        self._on_model()
        self.read_models()

    def read_models(self) -> None:
        """List the models anew; what was chosen stays chosen."""
        classes = () if self._summary is None else self._summary.classes
        self._reading.ask(lambda progress, cancel: start_models(classes))

    def wake(self) -> None:
        """List the models anew; somebody may have trained or promoted one."""
        self.read_models()

    @property
    def busy(self) -> bool:
        """Whether the models are being listed."""
        return self._reading.waiting

    def cancel_all(self) -> None:
        """End what runs."""
        self._reading.cancel()

    @property
    def chosen(self) -> StartModel | None:
        """The model to start from; None for random weights."""
        found = self.model.currentData()
        return found if isinstance(found, StartModel) else None

    def request(self) -> FineTuningRequest | None:
        """What is asked for; None without a data set."""
        if self._summary is None:
            return None
        modality = self.modality.currentData() if self._needs_modality() else None
        return FineTuningRequest(
            dataset=self._summary.folder,
            start=self.chosen,
            variant=VARIANTS[self.variant.currentIndex()],
            minutes=self.minutes.value(),
            modality=modality,
        )

    def _on_models(self, models: object) -> None:
        assert isinstance(models, tuple)
        chosen, listed = self.chosen, self.model.count() > 0
        self.model.blockSignals(True)
        self.model.clear()
        for model in models:
            self.model.addItem(model.label, model)
            self.model.setItemData(self.model.count() - 1, model.card, Qt.ItemDataRole.ToolTipRole)
        self.model.addItem(_FROM_SCRATCH)
        self.model.setCurrentIndex(self._index(models, chosen, listed=listed))
        self._choose_anew = False
        self.model.blockSignals(False)
        self._on_model()

    def _index(
        self, models: tuple[StartModel, ...], chosen: StartModel | None, *, listed: bool
    ) -> int:
        """What to choose of a new list: the same again, or the first for another data set.

        Args:
            models: The new list.
            chosen: What was chosen; None for random weights.
            listed: Whether anything could be chosen before.
        """
        if chosen is None:
            return 0 if self._choose_anew or not listed else len(models)
        classes = () if self._summary is None else self._summary.classes
        if self._choose_anew and not chosen.has(classes):
            return 0
        same = (n for n, m in enumerate(models) if m.manifest_hash == chosen.manifest_hash)
        return next(same, 0)

    def _on_model(self) -> None:
        start = self.chosen
        self.variant.setEnabled(start is None)
        if start is not None and start.variant in VARIANTS:
            self.variant.setCurrentIndex(VARIANTS.index(start.variant))
        if start is not None:
            self.model.setToolTip(start.card)
        self._form.setRowVisible(self.modality, self._needs_modality())

    def _on_corrected(self, typed: str) -> None:
        self.corrected.say(
            f"Minutes: “{cut(typed, _TYPED_SHOWN)}” is no whole number from 1 to {_A_WEEK}. "
            "The nearest that can be taken stands there now.",
            "warning",
        )
        # The click that ended the typing was meant for what had been typed.
        self._unseen = self.start.hasFocus()

    def _on_minutes(self) -> None:
        if self.minutes.hasFocus():
            self.corrected.clear()

    def _on_start(self) -> None:
        self.minutes.interpretText()
        unseen, self._unseen = self._unseen, False
        if not unseen:
            self.corrected.clear()
            self.start_clicked.emit()

    def _needs_modality(self) -> bool:
        summary = self._summary
        return summary is not None and summary.modality is None and self.chosen is None


def _remarks(summary: SiteSummary) -> tuple[str, ...]:
    texts = (summary.hindrance,) if summary.hindrance else summary.warnings
    return tuple(f"⚠ {text}" for text in texts)
