"""One job closely: how far it is, its curves and pictures, what it said and what it was asked."""

from __future__ import annotations

from qtpy.QtCore import QTimer
from qtpy.QtGui import QFontDatabase
from qtpy.QtWidgets import QFormLayout, QPlainTextEdit, QProgressBar, QVBoxLayout, QWidget

from napari_omniseg.models.job_look import JobDetails
from napari_omniseg.models.job_rows import JobRow, progress_words, time_left, when
from napari_omniseg.models.job_story import JobStory
from napari_omniseg.widgets.controls import described
from napari_omniseg.widgets.fold import Fold
from napari_omniseg.widgets.live_plots import LivePlots
from napari_omniseg.widgets.message_line import MessageLine
from napari_omniseg.widgets.preview_picture import PreviewPicture
from napari_omniseg.widgets.sections import TextLine
from napari_omniseg.widgets.wrapping_label import WrappingLabel
from omniseg_backend.jobs.events import Event, Measured, Tried
from omniseg_backend.jobs.states import State

#: Characters of a title: what tells jobs apart stands at its beginning or end.
TITLE_SHOWN = 200
_SCALE = 1000
_LOG_LINES_SHOWN = 10
#: Milliseconds from an event to its words on the screen: many events are one drawing.
_DRAW_AFTER_MS = 100
_GONE = (
    "What this job made is no longer where it was put: it was moved or deleted. Submit the job "
    "again to make it anew."
)


class JobDetailsView(QWidget):
    """Everything about the job that is selected; empty while none is.

    Attributes:
        row: The job; None while none is shown.
        story: What its events have told.
        words: Names and values that its spec states.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.row: JobRow | None = None
        self.story = JobStory()
        self._draw_soon = QTimer(self)
        self._draw_soon.setSingleShot(True)
        self._draw_soon.setInterval(_DRAW_AFTER_MS)
        self._draw_soon.timeout.connect(self._draw)
        self.heading = TextLine("the job", most=TITLE_SHOWN)
        font = self.heading.font()
        font.setBold(True)
        self.heading.setFont(font)
        self.status = TextLine("its state")
        self.bar = described(QProgressBar(), "progress", "How much of the present stage is done.")
        self.bar.setRange(0, _SCALE)
        self.bar.setTextVisible(False)
        self.problem = MessageLine()
        self.warnings = MessageLine()
        self.plots = LivePlots()
        self.preview = PreviewPicture()
        self.asked = Fold("What was asked", "What the job's settings state.")
        self._form = _form()
        self.asked.body.addWidget(self._form)
        self.log_fold = Fold("Log", "The end of the job's messages.")
        self.log = described(QPlainTextEdit(), "log", "The end of the job's messages.")
        self.log.setReadOnly(True)
        self.log.setPlaceholderText("No messages.")
        self.log.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.log.setTabChangesFocus(True)
        self.log.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.log.setFixedHeight(_LOG_LINES_SHOWN * self.log.fontMetrics().lineSpacing())
        self.log_fold.body.addWidget(self.log)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (
            self.heading, self.status, self.bar, self.problem, self.warnings, self.plots,
            self.preview, self.asked, self.log_fold,
        ):  # fmt: skip
            column.addWidget(widget)
        column.addStretch()
        self.words: tuple[tuple[str, str], ...] = ()
        self.clear()

    def clear(self) -> None:
        """Show no job."""
        self._draw_soon.stop()
        self.row = None
        self._gone = ""
        self.story = JobStory()
        self.plots.clear()
        self.preview.clear()
        self.log.clear()
        self._put_words(())
        self._draw()

    def take(self, event: Event) -> bool:
        """Take an event of the job; gives whether it changed the job's state."""
        if isinstance(event, Measured | Tried):
            self.plots.add(event)
            return False
        changed = self.story.take(event)
        if not self._draw_soon.isActive():
            self._draw_soon.start()
        return changed

    def put(self, details: JobDetails) -> None:
        """Show what a look at the job's folder found."""
        self.row = details.row
        self._put_words(details.asked)
        if details.log != self.log.toPlainText():
            self.log.setPlainText(details.log)
            bar = self.log.verticalScrollBar()
            bar.setValue(bar.maximum())
        self._gone = _GONE if details.results_gone else ""
        self._draw()

    def _draw(self) -> None:
        row, story = self.row, self.story
        self.setVisible(row is not None)
        if row is None:
            return
        progress = story.progress
        running = row.state is State.RUNNING
        self.heading.show_text(row.title)
        stage = progress.stage if progress is not None else row.stage
        left = row.left if progress is None else time_left(progress.remaining_seconds)
        fraction = (row.percent or 0) / 100 if progress is None else progress.fraction
        submitted = when(row.created)
        words = [row.status, row.kind, f"submitted {submitted}" * bool(submitted)]
        if running:
            words.append(progress_words(stage, fraction, left))
        self.status.show_text(", ".join(word for word in words if word))
        self.bar.setVisible(running)
        self.bar.setValue(round(_SCALE * fraction))
        error = story.error or row.problem or self._gone
        self.problem.say("\n".join([error, *story.faults]) if error else "", "error")
        self.warnings.say("\n".join(story.warnings), "warning")
        if story.preview is not None:
            self.preview.show_picture(row.folder / story.preview.picture, story.preview.caption)

    def _put_words(self, words: tuple[tuple[str, str], ...]) -> None:
        if words == self.words:
            return
        self.words = words
        fresh = _form()
        layout = fresh.layout()
        assert isinstance(layout, QFormLayout)
        for name, value in words:
            text = WrappingLabel(value)
            text.setAccessibleName(f"{name}: {value}")
            layout.addRow(name, text)
        self.asked.body.replaceWidget(self._form, fresh)
        self._form.deleteLater()
        self._form = fresh


def _form() -> QWidget:
    widget = QWidget()
    layout = QFormLayout(widget)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
    return widget
