"""The command Layers > Segment > Segment active layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_omniseg.panels.opening import open_widget
from napari_omniseg.panels.segment import SegmentPanel

if TYPE_CHECKING:
    import napari


def segment_active_layer(viewer: napari.viewer.Viewer) -> None:
    """Segment the active layer with the variant used last and the task that fits best.

    The Segment panel opens beside it, with the progress and the Cancel button, and asks there
    what must be asked.
    """
    panel = open_widget(viewer, "Segment")
    assert isinstance(panel, SegmentPanel)
    panel.segment_layer(viewer.layers.selection.active)
