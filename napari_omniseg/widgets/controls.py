"""Habits of all controls: a tooltip, an accessible name, a label that names its field."""

from __future__ import annotations

from typing import TypeVar

from qtpy.QtWidgets import QAbstractSpinBox, QFormLayout, QLabel, QPushButton, QWidget

WidgetT = TypeVar("WidgetT", bound=QWidget)


def described(widget: WidgetT, name: str, tooltip: str) -> WidgetT:
    """Give a control what a screen reader says and what hovering shows."""
    widget.setAccessibleName(name)
    if isinstance(widget, QAbstractSpinBox):
        # What is typed into is a control of its own.
        widget.lineEdit().setAccessibleName(name)
    widget.setAccessibleDescription(tooltip)
    widget.setToolTip(tooltip)
    return widget


def add_row(form: QFormLayout, name: str, widget: WidgetT, tooltip: str) -> WidgetT:
    """Add a labelled control to a form; the label takes the keyboard to it.

    Args:
        form: Where.
        name: The label's text; ``&`` marks the key that goes there with Alt.
        widget: The control.
        tooltip: What it is for, a sentence.
    """
    label = QLabel(name)
    label.setBuddy(widget)
    label.setToolTip(tooltip)
    described(widget, name.replace("&", ""), tooltip)
    form.addRow(label, widget)
    return widget


def button(text: str, tooltip: str, *, key: str | None = None) -> QPushButton:
    """A push button that shows its key in its text.

    Args:
        text: What it does; of a mere sign the tooltip is the accessible name.
        tooltip: More of it, a sentence.
        key: Its shortcut, such as ``Ctrl+Return``; live while its panel is shown.
    """
    made = QPushButton(text if key is None else f"{text}  ({key})")
    name = text.replace("&", "")
    worded = any(letter.isalpha() for letter in name)
    described(made, name if worded else tooltip.removesuffix("."), tooltip)
    if key is not None:
        made.setShortcut(key)
    return made
