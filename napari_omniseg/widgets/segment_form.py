"""What the user asks for: image, task, variant, part and uncertainty, as one order."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QFormLayout, QWidget

from napari_omniseg.models.catalogue import Catalogue, OfferedModel, OfferedTask
from napari_omniseg.models.preferences import Preferences
from napari_omniseg.models.run import Order
from napari_omniseg.models.scope import Scope
from napari_omniseg.models.tasks import TaskList
from napari_omniseg.widgets.controls import add_row, described
from napari_omniseg.widgets.eliding_box import ElidingBox
from napari_omniseg.widgets.image_rows import ImageRows
from napari_omniseg.widgets.optional_row import show_row
from napari_omniseg.widgets.scope_rows import ScopeRows
from napari_omniseg.widgets.task_box import TaskBox
from napari_omniseg.widgets.variant_buttons import VariantButtons
from omniseg_backend.common.errors import UsageError

if TYPE_CHECKING:
    from napari.components import ViewerModel


class SegmentForm(QWidget):
    """The controls of the Segment panel and what they say together.

    Signals:
        image_changed: Another image, or the same one read differently: its tasks are to be listed.
        edited: Another task or part, with or without uncertainty: it takes another time.
        pressed: Another variant or model of the same task.

    Args:
        viewer: Whose layers.
        parent: Its owner.
    """

    image_changed = Signal()
    edited = Signal()
    pressed = Signal()

    def __init__(self, viewer: ViewerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preferences = Preferences()
        self._tasks = TaskList(Catalogue())
        self._has_preferences = False
        self._wanted_task: str | None = None
        self._wanted_model: str | None = None
        form = self._form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.image = ImageRows(form, viewer, self)
        self.task = add_row(form, "&Task", TaskBox(), "What to look for in the image.")
        self.variants = VariantButtons()
        form.addRow(self.variants)
        self.model = add_row(
            form,
            "&Model",
            ElidingBox(),
            "Of several models of one task and variant; the current one unless you choose another.",
        )
        self.scope = ScopeRows(form, viewer, self)
        self.uncertainty = described(
            QCheckBox("&Uncertainty map"),
            "Uncertainty map",
            "Also make a hidden layer of where the model is unsure; takes 5 to 8 times as long.",
        )
        form.addRow(self.uncertainty)
        self.image.changed.connect(self.image_changed)
        self.task.task_changed.connect(self._on_task)
        self.variants.chosen.connect(self._on_variant)
        self.model.activated.connect(self._on_model)
        self.scope.changed.connect(self.edited)
        self.uncertainty.clicked.connect(self._on_uncertainty)
        self.scope.show_parts(None)
        self._show_variants()

    @property
    def chosen_task(self) -> OfferedTask | None:
        """The task to run; None while none is chosen."""
        return self._tasks.catalogue.task(self.task.task_id)

    @property
    def outdated(self) -> bool:
        """Whether the models that are offered are no longer those at hand."""
        return bool(self._tasks.catalogue.tasks) and self._tasks.catalogue.outdated

    def show_tasks(self, tasks: TaskList) -> None:
        """Show the tasks beside the image, once it was looked at."""
        self._tasks = tasks
        self._take_up_preferences()
        self.image.show_modality(tasks)
        self.task.fill(tasks, self._wanted_task)
        self._show_variants()

    def _take_up_preferences(self) -> None:
        """Show what the user has set, once the panel stands: napari reads it in up to 150 ms."""
        if not self._has_preferences:
            self._has_preferences = True
            self.uncertainty.setChecked(self._preferences.uncertainty)

    def orders(self) -> tuple[Order, ...]:
        """What can be ordered now: the pressed variant first, then the task's others.

        Raises:
            UsageError: Something is still missing; the sentence says what.
            DataError: The layer is no image.
        """
        question, layer = self.image.question(), self.image.layer
        if question is None or layer is None:
            raise UsageError(
                "Segmenting",
                found="no image",
                expected="one in the viewer",
                remedy="open one, for instance by dragging its file into the window",
            )
        task, pressed = self.chosen_task, self.variants.variant
        if task is None or pressed is None:
            raise UsageError(
                layer.name,
                found="no task chosen",
                expected="what to look for in this image",
                remedy="choose a task from the list",
            )
        region = self.scope.region(layer, question.axes)
        if region is None and task.needs_region:
            raise UsageError(
                task.title,
                found="no region marked",
                expected=f"one around the {task.models[0].entry.manifest.task.structure}",
                remedy="choose a rectangle under Part and draw it over the image",
            )
        variants = [pressed, *(variant for variant in task.variants if variant != pressed)]
        return tuple(
            Order(
                question,
                self._model(task, variant),
                region,
                self.uncertainty.isChecked(),
                self._preferences.arithmetic,
                self._preferences.threads,
                self.scope.part_in_words,
            )
            for variant in variants
        )

    def _model(self, task: OfferedTask, variant: str) -> OfferedModel:
        models = task.of_variant(variant)
        index = self.model.currentIndex() if variant == self.variants.variant else 0
        return models[index] if 0 <= index < len(models) else models[0]

    def _on_task(self) -> None:
        self._wanted_task = self.task.task_id
        task = self.chosen_task
        if task is not None and task.needs_region and self.scope.scope is Scope.WHOLE:
            self.scope.choose(Scope.RECTANGLE)
        self._show_variants()
        self.edited.emit()

    def _show_variants(self) -> None:
        task = self.chosen_task
        offered = {} if task is None else {v: task.of_variant(v)[0] for v in task.variants}
        pressed = self._pressed_of(offered)
        reason = "Choose a task first." if task is None else "This task has no such model yet."
        self.variants.show_models(offered, pressed, reason)
        self._show_models()
        if self.model.currentIndex() > 0 and task is not None and pressed is not None:
            self.variants.show_model(pressed, self._model(task, pressed))

    def _pressed_of(self, variants: Collection[str]) -> str | None:
        if not variants:
            return None
        wanted = self._preferences.variant
        return wanted if wanted in variants else next(iter(variants))

    def _show_models(self) -> None:
        task, variant = self.chosen_task, self.variants.variant
        models = () if task is None or variant is None else task.of_variant(variant)
        self.model.clear()
        self.model.addItems([model.label for model in models])
        hashes = [model.entry.manifest_hash for model in models]
        if self._wanted_model in hashes:
            self.model.setCurrentIndex(hashes.index(self._wanted_model))
        show_row(self._form, self.model, shown=len(models) > 1)

    def _on_variant(self, variant: str) -> None:
        self._preferences.variant = variant
        self._show_variants()
        self.pressed.emit()

    def _on_model(self) -> None:
        task, variant = self.chosen_task, self.variants.variant
        if task is not None and variant is not None:
            chosen = self._model(task, variant)
            # Who chooses the current model wants the one that is current later, too.
            current = self.model.currentIndex() == 0
            self._wanted_model = None if current else chosen.entry.manifest_hash
            self.variants.show_model(variant, chosen)
        self.pressed.emit()

    def _on_uncertainty(self, wanted: bool) -> None:
        self._preferences.uncertainty = wanted
        self.edited.emit()
