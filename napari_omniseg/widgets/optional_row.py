"""Rows of a form that are shown only where something must be asked."""

from __future__ import annotations

from qtpy.QtWidgets import QComboBox, QFormLayout, QWidget


def show_row(form: QFormLayout, widget: QWidget, *, shown: bool) -> None:
    """Show or hide a control of a form together with its label."""
    label = form.labelForField(widget)
    if label is not None:
        label.setVisible(shown)
    widget.setVisible(shown)


def narrow(combo: QComboBox) -> QComboBox:
    """Let a combo box be narrower than its longest entry, which its list shows in full."""
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(8)
    return combo
