"""Rows of a form that are shown only where something must be asked."""

from __future__ import annotations

from qtpy.QtWidgets import QFormLayout, QWidget


def show_row(form: QFormLayout, widget: QWidget, *, shown: bool) -> None:
    """Show or hide a control of a form together with its label."""
    label = form.labelForField(widget)
    if label is not None:
        label.setVisible(shown)
    widget.setVisible(shown)
