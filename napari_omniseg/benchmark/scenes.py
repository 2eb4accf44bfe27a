"""What a user does, done to a real viewer by its panels' own buttons, and timed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from napari_omniseg.bridge.layer_image import layer_of
from napari_omniseg.models.preferences import PLUGIN
from omniseg_backend.common.errors import ResourceError
from omniseg_backend.images.image import Image

if TYPE_CHECKING:
    import napari

    from napari_omniseg.panels.segment import SegmentPanel

#: A scene that takes longer has failed.
_PATIENCE_S = 120.0


def opened(viewer: napari.Viewer, name: str) -> tuple[QWidget, float]:
    """Open a panel; until its first picture is drawn.

    Returns:
        The panel, and the milliseconds.
    """
    start = time.perf_counter()
    _, panel = viewer.window.add_plugin_dock_widget(PLUGIN, name, tabify=True)
    QApplication.processEvents()
    return panel, (time.perf_counter() - start) * 1000


def show(viewer: napari.Viewer, image: Image) -> None:
    """Add an image as our reader would."""
    made = layer_of(image)
    viewer.add_image(made.array, **made.attributes)


def choose_task(panel: SegmentPanel, task: str) -> None:
    """Wait until the panel has listed the tasks, choose one, and wait until its model is warm."""
    wait(lambda: not panel.listing.waiting)
    panel.form.task.choose(task)
    wait(lambda: not panel.expectations.waiting)


def click_to_mask(viewer: napari.Viewer, panel: SegmentPanel) -> float:
    """Click Segment; milliseconds until the canvas has drawn the new Labels layer."""
    before = len(viewer.layers)
    canvas = _Painted(_canvas())
    start = time.perf_counter()
    QTest.mouseClick(panel.run_bar.button, Qt.MouseButton.LeftButton)
    wait(lambda: len(viewer.layers) > before)
    drawn = canvas.count
    wait(lambda: canvas.count > drawn)
    took = (time.perf_counter() - start) * 1000
    wait(lambda: not panel.run.busy)
    return took


def repeated(viewer: napari.Viewer, scene: Callable[[], float], times: int) -> list[float]:
    """What a scene takes each time, when it finds the viewer as the first time.

    Args:
        viewer: From which the layers that the scene added are removed again, untimed.
        scene: Returns what it measured.
        times: How often.
    """
    before, took = len(viewer.layers), []
    for _ in range(times):
        took.append(scene())
        del viewer.layers[before:]
    return took


def empty_labels(viewer: napari.Viewer) -> float:
    """Add a Labels layer of a few empty pixels; milliseconds until the canvas has drawn it."""
    from napari.layers import Labels

    layer = Labels(np.zeros((4, 4), np.uint8))
    QApplication.processEvents()
    start = time.perf_counter()
    viewer.add_layer(layer)
    QApplication.processEvents()
    return (time.perf_counter() - start) * 1000


def noise_picture(side: int) -> Image:
    """A colour picture of squares: what it shows does not matter to the time."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (side // 32, side // 32, 3), np.uint8)
    return Image.from_picture(np.repeat(np.repeat(coarse, 32, 0), 32, 1), name="picture")


def wait(until: Callable[[], bool], seconds: float = _PATIENCE_S) -> None:
    """Let the viewer live until something holds.

    Raises:
        ResourceError: It takes too long.
    """
    deadline = time.monotonic() + seconds
    loop = QEventLoop()
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: until() and loop.quit())
    timer.start(1)
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    if not until():
        loop.exec()
    timer.stop()
    if time.monotonic() >= deadline:
        raise ResourceError(
            "the benchmark of the panels",
            found=f"a panel that did not answer within {seconds:.0f} s",
            expected="an answer",
            remedy="close other programs and run it again",
        )


def live(seconds: float) -> None:
    """Let the viewer live for a time."""
    loop = QEventLoop()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()


class _Painted(QObject):
    """Counts what a widget has drawn."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, _: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Count a paint once it is done: what is queued behind it comes after it."""
        if event.type() == QEvent.Type.Paint:
            QTimer.singleShot(0, self._painted)
        return False

    def _painted(self) -> None:
        self.count += 1


def _canvas() -> QWidget:
    """The widget that shows the layers: the one that draws by OpenGL."""
    widgets = QApplication.allWidgets()
    return next(w for w in widgets if w.inherits("QOpenGLWidget") and w.isVisible())
