"""The keyboard's way through a part of a panel: as it is read, whenever its controls were made."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLayout, QScrollArea, QWidget


def order_as_read(root: QWidget) -> None:
    """Let Tab go through the controls below ``root`` in the order of its layouts.

    Qt's own order is that in which controls were made, and forms are made in pieces.
    """
    for one, other in pairwise(controls_as_read(root)):
        QWidget.setTabOrder(one, other)


def controls_as_read(root: QWidget) -> tuple[QWidget, ...]:
    """What Tab stops at below ``root``, hidden or not, in the order of its layouts."""
    return tuple(_inside(root))


def _inside(widget: QWidget) -> Iterator[QWidget]:
    layout = widget.layout()
    if isinstance(widget, QScrollArea) and widget.widget() is not None:
        yield from _of(widget.widget())
    elif layout is not None:
        yield from _laid_out(layout)


def _laid_out(layout: QLayout) -> Iterator[QWidget]:
    for place in range(layout.count()):
        item = layout.itemAt(place)
        if item is None:
            continue
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            yield from _of(widget)
        elif inner is not None:
            yield from _laid_out(inner)


def _of(widget: QWidget) -> Iterator[QWidget]:
    if widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
        yield widget
    yield from _inside(widget)
