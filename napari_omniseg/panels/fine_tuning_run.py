"""The Fine-tune panel's third part: a training as it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_omniseg.widgets.job_progress import JobProgress
from napari_omniseg.widgets.preview_picture import PreviewPicture
from napari_omniseg.widgets.sections import Section, TextLine

if TYPE_CHECKING:
    from napari_omniseg.models.job_watch import Followed
    from napari_omniseg.widgets.live_plots import LivePlots

_DONE = "Finished: the new model is listed as a candidate."


class RunSection(Section):
    """Progress, curves and a validation case of a training.

    Signals:
        changed: The job's state has changed.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Progress", parent)
        self.job = JobProgress(_DONE, what="the training")
        self.job.changed.connect(self.changed)
        self.job.said.connect(self.said)
        self.job.told.connect(self._on_told)
        self.remarks = TextLine("what the training wants to be seen")
        self.plots: LivePlots | None = None
        self.picture = PreviewPicture()
        self.body.addWidget(self.job)
        self.body.addWidget(self.remarks)
        self._place = QVBoxLayout()
        self.body.addLayout(self._place)
        self.body.addWidget(self.picture)
        self.hide()

    @property
    def followed(self) -> Followed | None:
        """The training that is shown."""
        return self.job.followed

    def show_job(self, followed: Followed | None) -> None:
        """Show a training in place of the last one; None for none."""
        if self.plots is not None:
            self.plots.clear()
        self.picture.clear()
        self.setVisible(followed is not None)
        self.job.show_job(followed)

    def wake(self) -> None:
        """Follow the job again, from where it was left."""
        self.job.wake()

    def rest(self) -> None:
        """Follow no longer; the job goes on."""
        self.job.rest()

    def _on_told(self) -> None:
        if self.followed is None:
            return
        watch = self.followed.watch
        figures = watch.fresh_figures()
        for event in figures:
            self._drawn().add(event)
        picture, preview = watch.picture, watch.preview
        if picture is not None and preview is not None:
            self.picture.show_picture(picture, preview.caption)
        self.remarks.show_text("\n".join((*watch.details, *watch.warnings)))

    def _drawn(self) -> LivePlots:
        """The plots; the panel has imported them beside the main thread."""
        if self.plots is None:
            from napari_omniseg.widgets.live_plots import LivePlots

            self.plots = LivePlots()
            self._place.addWidget(self.plots)
        return self.plots
