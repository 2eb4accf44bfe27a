"""The panel that segments: an image, a task, a variant, one button."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from napari.layers import Labels
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_omniseg.models.bundle_cache import BundleCache
from napari_omniseg.models.catalogue import Catalogue
from napari_omniseg.models.image_of_labels import likeliest_image
from napari_omniseg.models.run import Order, Outcome, perform, sentence_of
from napari_omniseg.models.tasks import TaskList, list_tasks
from napari_omniseg.panels.opening import has_widget, open_widget
from napari_omniseg.widgets.background import Background
from napari_omniseg.widgets.controls import button
from napari_omniseg.widgets.drawn_later import drawn_later
from napari_omniseg.widgets.expectations import Expectations
from napari_omniseg.widgets.message_line import MessageLine
from napari_omniseg.widgets.newest import Newest
from napari_omniseg.widgets.panel_area import PanelArea
from napari_omniseg.widgets.run_bar import RunBar
from napari_omniseg.widgets.segment_form import SegmentForm
from omniseg_backend.common.errors import OmniSegError

if TYPE_CHECKING:
    import napari
    from napari.layers import Image, Layer

    from napari_omniseg.models.expectation import Expectation

_REMOVED = "The image was removed from the viewer, so its run was ended and nothing is left of it."
#: Two threads of one interpreter hinder each other: listing begins once the panel is on the screen.
_DOCKED_AFTER_MS = 60
#: When a user turns to the panel, perhaps after something was done with the models elsewhere.
_COMING_BACK = (QEvent.Type.Enter, QEvent.Type.WindowActivate, QEvent.Type.Show)


class SegmentPanel(QWidget):
    """Segments an Image layer of its viewer into a new Labels layer.

    Listing tasks, measuring what a run would take and the run itself each go on beside the main
    thread; what stands on the screen is always of the image, task and part that are chosen now.

    Args:
        napari_viewer: Whose layers; several viewers have a panel each.
        parent: Its owner.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = napari_viewer
        self._bundles = BundleCache()
        self._told: dict[str, Expectation] = {}
        self._pressed_hash: str | None = None
        self._wanted_run = False
        self._obstacle: str | None = None
        self._running_on: Image | None = None
        self._removed = False
        self._says_outcome = False
        self._build()
        self.listing = Newest(self)
        self.listing.returned.connect(self._on_listed)
        self.listing.failed.connect(self._on_not_listed)
        self.expectations = Expectations(self._bundles, self)
        self.expectations.told.connect(self._on_expected)
        self.run: Background[Outcome] = Background(self)
        self.run.busy_changed.connect(self._on_busy)
        self.run.progressed.connect(self.run_bar.show_progress)
        self.run.returned.connect(self._on_returned)
        self.run.failed.connect(lambda sentence: self.message.say(sentence, "error"))
        self.run.cancelled.connect(self._on_cancelled)
        self.form.image_changed.connect(self._list)
        self.form.edited.connect(self._on_edited)
        self.form.pressed.connect(self._on_pressed)
        self.form.scope.draw.clicked.connect(self._draw)
        self.form.image.picker.watcher.changed.connect(self._end_if_removed)
        self.run_bar.wanted.connect(self.segment)
        self.run_bar.unwanted.connect(self.cancel)
        self.results.clicked.connect(lambda: open_widget(self._viewer, "Results"))
        self._let_go = functools.partial(
            _let_go, self.form, (self.run, self.listing, self.expectations)
        )
        self.destroyed.connect(self._let_go)
        self._list(_DOCKED_AFTER_MS)

    def segment(self) -> None:
        """Run what is chosen, or say what is missing."""
        if self.run.busy:
            return
        self._look_again()
        if self.listing.waiting:
            self._wanted_run = True
            return
        if self._obstacle is not None:
            self.message.say(self._obstacle, "error")
            return
        try:
            order = self.form.orders()[0]
        except OmniSegError as error:
            self.message.say(str(error), "error")
            return
        self._start(order)

    def segment_layer(self, layer: Layer | None) -> None:
        """Run what is remembered on a layer, as the menu's command does.

        Args:
            layer: An image, or labels whose image is open; None for the image in the picker.
        """
        picker = self.form.image.picker
        if isinstance(layer, Labels):
            # After a sample was opened its truth is the active layer, after a run the result.
            layer = likeliest_image(layer, picker.watcher.layers) or layer
        if layer is not None and layer not in picker.watcher.layers:
            self.message.say(
                f"{layer.name} is a {_kind(layer)} layer: make the image that you want to "
                "segment the active layer.",
                "error",
            )
            return
        if layer is not None:
            picker.choose(layer)
        self.segment()

    def cancel(self) -> None:
        """End the run; it answers within a batch of the network."""
        if self.run.busy:
            self.run_bar.show_cancelling()
            self.run.cancel()

    def event(self, event: QEvent) -> bool:
        """Let go of the viewer when the dock that held the panel is closed; keep models fresh."""
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self._let_go()
        elif event.type() in _COMING_BACK:
            self._look_again()
        return bool(super().event(event))

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        inside = QWidget()
        layout = QVBoxLayout(inside)
        self.form = SegmentForm(self._viewer)
        self.run_bar = RunBar()
        self.message = MessageLine()
        self.results = button("Results", "Open the table of what was found.")
        self.results.hide()
        self.shelf_message = MessageLine()
        for widget in (self.form, self.run_bar, self.message, self.results, self.shelf_message):
            layout.addWidget(widget)
        layout.addStretch()
        outer.addWidget(PanelArea(inside))

    # What the image is

    def _look_again(self) -> None:
        """List the models anew if one was added, promoted or removed, wherever that was done."""
        if not self.run.busy and not self.listing.waiting and self.form.outdated:
            self._list()

    def _list(self, wait_ms: int = 0) -> None:
        """Look at the image anew; nothing of the last one stays on the screen."""
        self._forget()
        self._obstacle = None
        try:
            question = self.form.image.question()
        except OmniSegError as error:
            self.listing.cancel()
            self._on_not_listed(str(error))
            return
        self.form.scope.show_parts(None if question is None else question.axes)
        self.listing.ask(lambda progress, cancel: list_tasks(question), wait_ms)

    def _on_listed(self, tasks: TaskList) -> None:
        self.form.show_tasks(tasks)
        self.shelf_message.say("\n".join(tasks.catalogue.problems), "warning")
        self._obstacle = tasks.nothing_fits
        if self._obstacle is not None:
            self.message.say(self._obstacle, "error")
        elif self.form.chosen_task is None and self.form.image.layer is not None:
            self.message.say(
                "Nobody has stated what this image shows: say so above, or choose a task."
            )
        else:
            self._expect()
        if self._wanted_run:
            self._wanted_run = False
            self.segment()

    def _on_not_listed(self, sentence: str) -> None:
        self._wanted_run = False
        self._obstacle = sentence
        self.form.show_tasks(TaskList(Catalogue()))
        self.message.say(sentence, "error")

    # What it would take

    def _on_edited(self) -> None:
        self._forget()
        self._expect()

    def _on_pressed(self) -> None:
        self._fall_silent()
        self._expect()

    def _forget(self) -> None:
        self._told = {}
        self.expectations.cancel()
        self._fall_silent()

    def _fall_silent(self) -> None:
        """Take back what was said of other settings, unless it is said of a run that goes on."""
        if not self.run.busy:
            self._says_outcome = False
            self.message.clear()
            self.results.hide()

    def _expect(self) -> None:
        """Measure what is not known yet, the pressed variant first."""
        if self.run.busy or self.form.image.layer is None or self.form.chosen_task is None:
            return
        try:
            orders = self.form.orders()
        except OmniSegError as error:
            if not self._says_outcome:
                self.message.say(str(error), "warning")
            return
        self._pressed_hash = orders[0].model.entry.manifest_hash
        unknown = []
        for order in orders:
            known = self._told.get(order.model.entry.manifest_hash)
            if known is None:
                self.form.variants.expect(order.model.variant, "…")
                unknown.append(order)
            else:
                self._show(known)
        self.expectations.ask(unknown, pressed=orders[0])

    def _on_expected(self, expectation: Expectation) -> None:
        self._told[expectation.order.model.entry.manifest_hash] = expectation
        self._show(expectation)

    def _show(self, expectation: Expectation) -> None:
        model = expectation.order.model
        self.form.variants.expect(model.variant, expectation.as_text(), expectation.refusal)
        if self._says_outcome or model.entry.manifest_hash != self._pressed_hash:
            return
        if expectation.refusal is not None:
            self.message.say(expectation.refusal, "error")
        elif expectation.flags:
            self.message.say("\n".join(str(flag) for flag in expectation.flags), "warning")

    # The run

    def _start(self, order: Order) -> None:
        self.expectations.cancel()
        self.message.clear()  # what came of the run before
        self.results.hide()
        self._running_on, self._removed = self.form.image.layer, False
        self.run.start(lambda progress, cancel: perform(order, self._bundles, progress, cancel))

    def _on_busy(self, busy: bool) -> None:
        self.run_bar.show_running(running=busy)
        if not busy:
            self._running_on = None
            self._says_outcome = True
            self._expect()  # what the run cut short; its own sentence stays

    def _on_returned(self, outcome: Outcome) -> None:
        with drawn_later(self):
            for layer in outcome.layers:
                self._viewer.add_layer(layer)
        self.message.say(sentence_of(outcome), "warning" if outcome.result.flags else "information")
        self.results.setVisible(has_widget("Results"))

    def _on_cancelled(self) -> None:
        if self._removed:
            self.message.say(_REMOVED, "error")
        else:
            self.message.say("Cancelled; nothing of the run is left.")

    def _end_if_removed(self) -> None:
        if self._running_on is None:
            return
        if self._running_on not in self.form.image.picker.watcher.layers:
            self._removed = True
            self.cancel()

    def _draw(self) -> None:
        layer = self.form.image.layer
        if layer is None:
            self.segment()  # says that there is no image
            return
        self.form.scope.add_shapes(layer)
        self.message.say("Drag a rectangle over the image, then press Segment.")


def _kind(layer: Layer) -> str:
    """``Labels``, ``Points``; also where a plugin's command gets napari's proxy of the layer."""
    return str(layer.__class__.__name__)


def _let_go(
    form: SegmentForm, working: Sequence[Background[Outcome] | Newest | Expectations]
) -> None:
    """Hear no more of a viewer and end what runs for it; holds no panel, which may be gone."""
    form.image.picker.watcher.stop()
    form.scope.regions.stop()
    for one in working:
        one.cancel()
