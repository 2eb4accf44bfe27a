"""Of the Fine-tune panel: open images and their masks, to be added to the data set."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_omniseg.models.followed_layers import Connection, FollowedLayers
from napari_omniseg.models.named_folder import named_folder
from napari_omniseg.models.start_models import StartModel
from napari_omniseg.widgets.background import Background
from napari_omniseg.widgets.controls import button
from napari_omniseg.widgets.newest import Newest
from napari_omniseg.widgets.pair_list import PairList
from napari_omniseg.widgets.question import Question as QuestionBox
from napari_omniseg.widgets.sections import Section, TextLine
from omniseg_backend.common.errors import OmniSegError
from omniseg_backend.common.progress import Cancel, Progress

if TYPE_CHECKING:
    from types import ModuleType

    import napari.viewer
    from napari.layers import Layer

    from napari_omniseg.models.acceptance import AcceptanceRequest, Question
    from napari_omniseg.models.layer_pairs import Added, LayerPair, PairedLayers
    from omniseg_backend.common.errors import DataError

#: Masks that are left out and told with their reason; the rest is counted.
_MOST_REASONS = 3

#: What puts a layer elsewhere, or gives it another size or name.
_MOVES = ("scale", "translate", "rotate", "shear", "affine", "units", "data", "name")


class LayersSection(Section):
    """Lists the pairs of a viewer and adds those that are ticked.

    Args:
        viewer: Whose layers.
        target: The folder of the data set as typed.
        start: The model whose classes a new data set takes over.
        parent: As of every widget.

    Signals:
        added: Something was added; the folder it was added to.
    """

    added = Signal(str)

    def __init__(
        self,
        viewer: napari.viewer.Viewer,
        target: Callable[[], str],
        start: Callable[[], StartModel | None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("Open layers", parent)
        self._viewer = viewer
        self._target = target
        self._start = start
        self._requests: list[AcceptanceRequest] = []
        self._adding: Background[Added | Question] = Background(self)
        self._adding.returned.connect(self._on_added)
        self._adding.failed.connect(self.fail)
        self._adding.cancelled.connect(self._on_cancelled)
        self._adding.progressed.connect(self._on_progress)
        self._adding.busy_changed.connect(self._draw)
        self.pairs = PairList()
        self.left_out = TextLine("masks that are left out")
        self.question = QuestionBox()
        self.add = button("Add to the data set", "Store the ticked images with their masks.")
        self.cancel = button("Cancel", "Stop adding; what was added stays.")
        self.add.clicked.connect(self._on_add)
        self.cancel.clicked.connect(self._adding.cancel)
        row = QHBoxLayout()
        row.addWidget(self.add)
        row.addWidget(self.cancel)
        self.body.addWidget(self.pairs)
        self.body.addWidget(self.left_out)
        self.body.addLayout(row)
        self.body.addWidget(self.question)
        self._awake = False
        self._moving: FollowedLayers[Layer] = FollowedLayers(self._moves)
        self._shown: list[tuple[LayerPair, str, str]] | None = None
        self._models: ModuleType | None = None
        self._loading = Newest(self)
        self._loading.returned.connect(self._on_loaded)
        self._loading.failed.connect(self.fail)

    def wake(self) -> None:
        """Follow the viewer's layers."""
        if not self._awake:
            self._awake = True
            events = self._viewer.layers.events
            for event in (events.inserted, events.removed, events.reordered):
                event.connect(self._on_layers)
        self._loading.ask(lambda progress, cancel: _layer_pairs())

    def rest(self) -> None:
        """Follow them no longer."""
        if self._awake:
            self._awake = False
            events = self._viewer.layers.events
            for event in (events.inserted, events.removed, events.reordered):
                event.disconnect(self._on_layers)
            self._moving.follow(())

    @property
    def busy(self) -> bool:
        """Whether layers are being added."""
        return self._loading.waiting or self._adding.busy

    def cancel_all(self) -> None:
        """Add no more; what was added stays."""
        self._adding.cancel()

    def _on_loaded(self, models: ModuleType) -> None:
        self._models = models
        if self._awake:
            self._moving.follow(list(self._viewer.layers))
        self._list()

    def _on_layers(self) -> None:
        self._moving.follow(list(self._viewer.layers))
        self._list()

    def _moves(self, layer: Layer) -> list[Connection]:
        return [(getattr(layer.events, name), self._list) for name in _MOVES]

    def _list(self) -> None:
        if self._models is not None:
            found: PairedLayers = self._models.layer_pairs(self._viewer.layers)
            named = [(pair, pair.labels.name, pair.image.name) for pair in found.pairs]
            if named != self._shown:
                self._shown = named
                self.pairs.show_pairs(found.pairs)
            self.left_out.show_text(_left_out(found.left_out))
            self.left_out.setToolTip("\n".join(str(reason) for reason in found.left_out))
            self._draw()

    def _draw(self) -> None:
        self.add.setEnabled(bool(self.pairs.rows) and not self._adding.busy)
        self.cancel.setVisible(self._adding.busy)

    def _on_add(self) -> None:
        self.question.withdraw()
        self.said.emit("", "information")
        ticked = self.pairs.ticked()
        folder = self._target()
        if not ticked:
            self.said.emit("Tick at least one of the open masks.", "warning")
            return
        if not folder:
            self.said.emit("Name the folder of the data set above first.", "warning")
            return
        dims = self._viewer.dims
        try:
            path = named_folder(folder)
            requests = [pair.request(dims, path, patient) for pair, patient in ticked]
        except OmniSegError as error:
            self.fail(str(error))
            return
        start = self._start()
        if start is None or path.exists():
            self._run(requests, None)
            return
        classes = ", ".join(start.classes)
        self.question.ask(
            f"There is no data set in {path}. Make one with the classes of {start.id} ({classes})?",
            lambda: self._run(requests, start),
            yes="Make it",
        )

    def _run(self, requests: list[AcceptanceRequest], start: StartModel | None) -> None:
        """Add the pairs, to a new data set with the classes of ``start`` if that is said."""
        models = self._models
        if models is None or self._adding.busy:
            return
        folder = requests[0].folder

        def work(progress: Progress, cancel: Cancel) -> Added | Question:
            if start is not None:
                models.create_site(folder, start)
            answer: Added | Question = models.add_pairs(requests, progress, cancel)
            return answer

        self._requests = requests
        self._adding.start(work)

    def _on_progress(self, stage: str, fraction: float) -> None:
        self.said.emit(f"{stage[:1].upper()}{stage[1:]}.", "information")

    def _on_added(self, answer: Added | Question) -> None:
        from napari_omniseg.models.acceptance import Question

        if isinstance(answer, Question):
            agreed = [dataclasses.replace(request, create=True) for request in self._requests]
            self.question.ask(answer.sentence, lambda: self._run(agreed, None), yes=answer.yes)
            return
        if not answer.others:
            self.pairs.untick()
        self.added.emit(str(answer.folder))
        sentences = answer.sentences
        self.said.emit(" ".join(sentences), "warning" if len(sentences) > 1 else "information")
        if answer.others:
            others = list(answer.others)
            self.question.ask(answer.question, lambda: self._run(others, None), yes=answer.yes)

    def _on_cancelled(self) -> None:
        self.added.emit(str(self._requests[0].folder))
        self.said.emit("Adding was stopped; what was added stays.", "information")


def _left_out(reasons: Sequence[DataError]) -> str:
    """Why masks are not listed, a line each; what to do about it stands in the tooltip."""
    lines = [
        f"Not listed: {reason.subject}: found {reason.found}, expected {reason.expected}."
        for reason in reasons[:_MOST_REASONS]
    ]
    more = len(reasons) - len(lines)
    return "\n".join([*lines, f"And {more} more."] if more else lines)


def _layer_pairs() -> ModuleType:
    """The model of this section: what it imports would delay the panel's opening by 100 ms."""
    from napari_omniseg.models import layer_pairs

    return layer_pairs
