"""Of the Fine-tune panel: open images and their masks, to be added to the data set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_omniseg.models.site_summary import SiteSummary
from napari_omniseg.models.start_models import StartModel
from napari_omniseg.widgets.background import Background
from napari_omniseg.widgets.controls import button
from napari_omniseg.widgets.latest import Latest
from napari_omniseg.widgets.pair_list import PairList
from napari_omniseg.widgets.question import Question
from napari_omniseg.widgets.sections import Section
from omniseg_backend.common.errors import OmniSegError
from omniseg_backend.common.progress import Cancel, Progress

if TYPE_CHECKING:
    from types import ModuleType

    import napari.viewer

    from napari_omniseg.models.layer_pairs import PairToAdd


class LayersSection(Section):
    """Lists the pairs of a viewer and adds those that are ticked.

    Args:
        viewer: Whose layers.
        target: The folder of the data set, with its summary where there is one.
        start: The model whose classes a new data set takes over.
        parent: As of every widget.

    Signals:
        added: Something was added; the folder it was added to.
    """

    added = Signal(str)

    def __init__(
        self,
        viewer: napari.viewer.Viewer,
        target: Callable[[], tuple[str, SiteSummary | None]],
        start: Callable[[], StartModel | None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("Open layers", parent)
        self._viewer = viewer
        self._target = target
        self._start = start
        self._folder = ""
        self._adding: Background[tuple[str, ...]] = Background(self)
        self._adding.returned.connect(self._on_added)
        self._adding.failed.connect(self.fail)
        self._adding.cancelled.connect(self._on_cancelled)
        self._adding.progressed.connect(self._on_progress)
        self._adding.busy_changed.connect(self._draw)
        self.pairs = PairList()
        self.question = Question()
        self.add = button("Add to the data set", "Store the ticked images with their masks.")
        self.cancel = button("Cancel", "Stop adding; what was added stays.")
        self.add.clicked.connect(self._on_add)
        self.cancel.clicked.connect(self._adding.cancel)
        row = QHBoxLayout()
        row.addWidget(self.add)
        row.addWidget(self.cancel)
        self.body.addWidget(self.pairs)
        self.body.addLayout(row)
        self.body.addWidget(self.question)
        self._awake = False
        self._models: ModuleType | None = None
        self._loading: Latest[object] = Latest(self)
        self._loading.answered.connect(self._on_loaded)
        self._loading.failed.connect(self.fail)

    def wake(self) -> None:
        """Follow the viewer's layers."""
        if not self._awake:
            self._awake = True
            events = self._viewer.layers.events
            for event in (events.inserted, events.removed, events.reordered):
                event.connect(self._list)
        self._loading.ask(lambda progress, cancel: _layer_pairs())

    def rest(self) -> None:
        """Follow them no longer."""
        if self._awake:
            self._awake = False
            events = self._viewer.layers.events
            for event in (events.inserted, events.removed, events.reordered):
                event.disconnect(self._list)

    @property
    def busy(self) -> bool:
        """Whether layers are being added."""
        return self._loading.waiting or self._adding.busy

    def cancel_all(self) -> None:
        """Add no more; what was added stays."""
        self._adding.cancel()

    def _on_loaded(self, models: ModuleType) -> None:
        self._models = models
        self._list()

    def _list(self) -> None:
        if self._models is not None:
            self.pairs.show_pairs(self._models.layer_pairs(self._viewer.layers))
            self._draw()

    def _draw(self) -> None:
        self.add.setEnabled(bool(self.pairs.rows) and not self._adding.busy)
        self.cancel.setVisible(self._adding.busy)

    def _on_add(self) -> None:
        ticked = self.pairs.ticked()
        folder, summary = self._target()
        if not ticked:
            self.said.emit("Tick at least one of the open masks.", "warning")
            return
        if not folder:
            self.said.emit("Name the folder of the data set above first.", "warning")
            return
        models = self._models
        assert models is not None  # or nothing was listed that could be ticked
        try:
            chosen = [models.PairToAdd.of(pair, patient) for pair, patient in ticked]
        except OmniSegError as error:
            self.fail(str(error))
            return
        self._folder = folder
        path = Path(folder).expanduser().absolute()
        if summary is not None or path.exists():
            # What exists and is no data set is refused with the reason.
            self._run(path, chosen, None, create=False)
            return
        start = self._start()
        whose = f"{start.id} ({', '.join(start.classes)})" if start else "the mask"
        self.question.ask(
            f"There is no data set in {path}. Make one with the classes of {whose}?",
            lambda: self._run(path, chosen, start, create=True),
            yes="Make it",
        )

    def _run(
        self, folder: Path, pairs: list[PairToAdd], start: StartModel | None, *, create: bool
    ) -> None:
        models = self._models
        if models is None or self._adding.busy:
            return

        def work(progress: Progress, cancel: Cancel) -> tuple[str, ...]:
            if create:
                models.create_site(folder, start, pairs)
            added: tuple[str, ...] = models.add_pairs(folder, pairs, progress, cancel)
            return added

        self._adding.start(work)

    def _on_progress(self, stage: str, fraction: float) -> None:
        self.said.emit(f"{stage[:1].upper()}{stage[1:]}.", "information")

    def _on_added(self, sentences: tuple[str, ...]) -> None:
        self.pairs.untick()
        self.added.emit(self._folder)
        self.said.emit(" ".join(sentences), "warning" if len(sentences) > 1 else "information")

    def _on_cancelled(self) -> None:
        self.added.emit(self._folder)
        self.said.emit("Adding was stopped; what was added stays.", "information")


def _layer_pairs() -> ModuleType:
    """The model of this section: what it imports would delay the panel's opening by 100 ms."""
    from napari_omniseg.models import layer_pairs

    return layer_pairs
