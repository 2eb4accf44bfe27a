"""Painting tools whose drawings are made late paint as napari's own do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from napari.layers import Labels
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication

from napari_omniseg.bridge.painting_tools import build_when_used

_LEFT, _RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
_CORNERS = (QPoint(-60, -60), QPoint(60, -60), QPoint(60, 60), QPoint(-60, 60))


class Canvas:
    """The canvas of a viewer before which a user sits."""

    def __init__(self, qtbot, viewer) -> None:
        self.qtbot = qtbot
        self.widget = viewer.window._qt_viewer.canvas.native
        self.mouse: tuple[int, ...] = ()
        viewer.mouse_move_callbacks.append(self._on_move)

    def place(self, point: QPoint) -> QPoint:
        return self.widget.rect().center() + point

    def polygon(self) -> None:
        for corner in _CORNERS:
            self.hover(self.place(corner))
            self.qtbot.mouseClick(self.widget, _LEFT, pos=self.place(corner))
        self.qtbot.mouseDClick(self.widget, _LEFT, pos=self.place(_CORNERS[0]))

    def encircle(self) -> None:
        """Right-click once and go round; back at the start the inside is filled."""
        self.qtbot.mouseClick(self.widget, _RIGHT, pos=self.place(_CORNERS[0]))
        for corner in (*_CORNERS[1:], _CORNERS[0]):
            self.hover(self.place(corner))

    def hover(self, place: QPoint) -> None:
        """Move the mouse until the viewer hears of it: it skips moves that follow closely."""
        none = Qt.MouseButton.NoButton
        screen = QPointF(self.widget.mapToGlobal(place))

        def heard() -> bool:
            move = QMouseEvent(
                QEvent.Type.MouseMove,
                QPointF(place),
                screen,
                none,
                none,
                Qt.KeyboardModifier.NoModifier,
            )
            QApplication.sendEvent(self.widget, move)
            return self.mouse == (place.x(), place.y())

        self.qtbot.waitUntil(heard)

    def _on_move(self, _: object, event) -> None:
        self.mouse = tuple(int(number) for number in event.pos)

    def dab(self) -> None:
        self.qtbot.mouseClick(self.widget, _LEFT, pos=self.place(_CORNERS[0]))


@pytest.mark.parametrize(
    ("mode", "gesture"),
    [("polygon", Canvas.polygon), ("paint", Canvas.encircle), ("paint", Canvas.dab)],
    ids=["polygon", "encircling stroke", "brush"],
)
def test_a_tool_paints_what_napari_alone_paints(
    qtbot, gui, mode: str, gesture: Callable[[Canvas], None]
) -> None:
    viewer = gui()
    canvas = Canvas(qtbot, viewer)
    painted = []
    for late in (False, True):
        layer = Labels(np.zeros((200, 200), np.uint8), name=f"late {late}")
        if late:
            build_when_used(layer)
        viewer.add_layer(layer)
        layer.mode = mode
        gesture(canvas)
        layer.mode = "pan_zoom"
        painted.append(np.asarray(layer.data).copy())
        viewer.layers.remove(layer)
    assert painted[0].any()
    assert np.array_equal(*painted)


def test_nothing_of_the_tools_is_built_before_one_is_chosen(gui) -> None:
    viewer = gui()
    layer = Labels(np.zeros((8, 8), np.uint8))
    build_when_used(layer)
    viewer.add_layer(layer)
    built = viewer.window._qt_viewer.canvas._layer_overlay_to_visual
    tools = {layer._overlays["polygon"], layer._overlays["brush_stroke"]}
    assert not tools & set(built[layer])
    layer.mode = "polygon"
    assert layer._overlays["polygon"] in built[layer]


def test_a_tool_that_is_in_use_stays_as_it_is() -> None:
    layer = Labels(np.zeros((8, 8), np.uint8))
    layer.mode = "polygon"
    build_when_used(layer)
    assert layer._overlays["polygon"].visible
    assert not layer._overlays["brush_stroke"].visible
