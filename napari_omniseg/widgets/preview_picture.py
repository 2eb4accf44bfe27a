"""The latest picture of a job's work, read off the main thread."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QImage, QPainter, QPaintEvent
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from napari_omniseg.widgets.background import Background
from napari_omniseg.widgets.wrapping_label import WrappingLabel
from omniseg_backend.common.progress import Cancel, Progress

#: A picture of a validation case has some hundred kB; nothing of ours comes near this.
_MOST_BYTES = 32_000_000
_LOWEST = 40


class PreviewPicture(QWidget):
    """Shows a PNG with its caption, as wide as there is room; hidden while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas = _Canvas()
        self.caption = WrappingLabel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.canvas)
        layout.addWidget(self.caption)
        self._reading = Background[QImage](self)
        self._reading.returned.connect(self._on_read)
        self._reading.busy_changed.connect(self._read_next)
        self._wanted: tuple[Path, str] | None = None
        self._shown: tuple[Path, str] | None = None
        self.hide()

    @property
    def busy(self) -> bool:
        """Whether a picture is being read."""
        return self._reading.busy

    def clear(self) -> None:
        """Show nothing."""
        self._wanted = self._shown = None
        self._reading.cancel()
        self.canvas.put(QImage())
        self.hide()

    def show_picture(self, path: Path, caption: str) -> None:
        """Show a picture as soon as it is read; one that is asked for meanwhile takes its place.

        Args:
            path: A PNG; one that is gone or damaged is not shown.
            caption: What it shows.
        """
        self._wanted = (path, caption)
        self._read_next()

    def _read_next(self) -> None:
        if self._reading.busy or self._wanted is None or self._wanted == self._shown:
            return
        self._shown = self._wanted
        path = self._shown[0]
        self._reading.start(lambda progress, cancel: _read(path, progress, cancel))

    def _on_read(self, image: QImage) -> None:
        if self._shown is None or image.isNull():
            return
        self.canvas.put(image)
        self.caption.setText(self._shown[1])
        self.canvas.setAccessibleName(self._shown[1])
        self.show()


class _Canvas(QWidget):
    """The picture, scaled to the width, never above its own size in the screen's pixels."""

    def __init__(self) -> None:
        super().__init__()
        self._image = QImage()
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def put(self, image: QImage) -> None:
        self._image = image
        self.updateGeometry()
        self.update()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        if self._image.isNull():
            return 0
        return max(_LOWEST, self._size(width).height())

    def sizeHint(self) -> QSize:
        return self._image.size() if not self._image.isNull() else QSize(0, 0)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0 if self._image.isNull() else _LOWEST)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._image.isNull():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        size = self._size(self.width())
        painter.drawImage((self.width() - size.width()) // 2, 0, self._image.scaled(size))
        painter.end()

    def _size(self, width: int) -> QSize:
        own = self._image.size()
        return own.scaled(min(width, own.width()), own.height(), Qt.AspectRatioMode.KeepAspectRatio)


def _read(path: Path, _progress: Progress, _cancel: Cancel) -> QImage:
    try:
        with path.open("rb") as stream:
            content = stream.read(_MOST_BYTES)
    except OSError:
        # The job was removed, or makes its next picture.
        return QImage()
    return QImage.fromData(content)
