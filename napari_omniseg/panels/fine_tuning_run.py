"""The Fine-tune panel's third part: a training as it goes on."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_omniseg.models.job_watch import Followed
from napari_omniseg.widgets.job_progress import JobProgress
from napari_omniseg.widgets.live_plots import LivePlots
from napari_omniseg.widgets.preview_picture import PreviewPicture
from napari_omniseg.widgets.sections import Section, TextLine

_DONE = "Finished: the new model is listed as a candidate."


class RunSection(Section):
    """Progress, curves and a validation case of a training.

    Signals:
        changed: The job's state has changed.
        said: A sentence for the user, and its kind.
    """

    changed = Signal()
    said = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Progress", parent)
        self.job = JobProgress(_DONE)
        self.job.changed.connect(self.changed)
        self.job.said.connect(self.said)
        self.job.told.connect(self._on_told)
        self.remarks = TextLine("what the training wants to be seen")
        self.plots = LivePlots()
        self.picture = PreviewPicture()
        for part in (self.job, self.remarks, self.plots, self.picture):
            self.body.addWidget(part)
        self.hide()

    @property
    def followed(self) -> Followed | None:
        """The training that is shown."""
        return self.job.followed

    def show_job(self, followed: Followed | None) -> None:
        """Show a training in place of the last one; None for none."""
        self.plots.clear()
        self.picture.clear()
        self.setVisible(followed is not None)
        self.job.show_job(followed)

    def stop(self) -> None:
        """Follow no longer; the job goes on."""
        self.job.stop()

    def _on_told(self) -> None:
        if self.followed is None:
            return
        watch = self.followed.watch
        for figures in watch.fresh_figures():
            self.plots.add(figures)
        picture, preview = watch.picture, watch.preview
        if picture is not None and preview is not None:
            self.picture.show_picture(picture, preview.caption)
        self.remarks.show_text("\n".join((*watch.details, *watch.warnings)))
