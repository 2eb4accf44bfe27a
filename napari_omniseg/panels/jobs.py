"""The Jobs panel: every job of this user on this machine, whoever submitted it.

It opens at once and shows the jobs a second later: what draws curves and reads jobs takes longer
to import than a click may take, and is imported beside the main thread.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

from qtpy.QtCore import QSize
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from napari_omniseg.widgets.background import Background
from napari_omniseg.widgets.message_line import MessageLine

if TYPE_CHECKING:
    import napari.viewer

    from napari_omniseg.panels.jobs_view import JobsView


#: Of a new dock.
_WIDTH_IN_LETTERS = 60


class JobsPanel(QWidget):
    """Lists, follows and controls jobs, and submits new ones.

    Args:
        napari_viewer: Where results are opened.

    Attributes:
        view: All that it shows; None for the second that importing takes.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._viewer = napari_viewer
        self.view: JobsView | None = None
        # As high as the dock: the rest of it would be empty.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.message = MessageLine()
        self.message.say("Looking for jobs.")
        self._column = QVBoxLayout(self)
        self._column.addWidget(self.message)
        self._column.addStretch()
        self._loading: Background[ModuleType] = Background(self)
        self._loading.returned.connect(self._show)
        self._loading.failed.connect(lambda sentence: self.message.say(sentence, "error"))
        self._loading.start(lambda _progress, _cancel: _imported())

    def sizeHint(self) -> QSize:
        """Wide enough for the list, also before it is there."""
        hint = super().sizeHint()
        width = _WIDTH_IN_LETTERS * self.fontMetrics().averageCharWidth()
        return QSize(max(hint.width(), width), hint.height())

    def _show(self, module: ModuleType) -> None:
        self.message.clear()
        self._column.takeAt(1)
        view: JobsView = module.JobsView(self._viewer)
        self.view = view
        self._column.addWidget(view)


def _imported() -> ModuleType:
    # What magicgui makes widgets with, and the kinds' settings: first needed by the form.
    import magicgui.backends._qtpy.widgets  # noqa: F401 - kept by the interpreter
    import superqt.spinbox  # noqa: F401 - as above

    from napari_omniseg.panels import jobs_view
    from omniseg_backend.jobs.kinds import kinds

    kinds()
    return jobs_view
