"""The command File > IO Utilities > Save segmentation: any format, with its suffix offered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from napari.utils.history import get_save_history, update_save_history
from napari.utils.notifications import show_error, show_info
from qtpy.QtWidgets import QApplication, QFileDialog

from napari_omniseg.files.save_kinds import (
    kind_of_filter,
    kinds_for,
    suggested_name,
    target_text,
)
from napari_omniseg.files.writer import LayerWriter
from napari_omniseg.widgets.background import Background

if TYPE_CHECKING:
    import napari
    from napari.layers import Labels


def save_segmentation(viewer: napari.viewer.Viewer) -> None:
    """Ask where the active Labels layer is to be saved, and save it beside the main thread."""
    from napari.layers import Labels

    layer = viewer.layers.selection.active
    if not isinstance(layer, Labels):
        show_info("Select the Labels layer that is to be saved, then choose this again.")
        return
    kinds = kinds_for(layer)
    name, chosen = QFileDialog.getSaveFileName(
        QApplication.activeWindow(),
        f"Save {layer.name}",
        str(Path(get_save_history()[0]) / suggested_name(layer.name, kinds[0])),
        ";;".join(kind.filter for kind in kinds),
        kinds[0].filter,
    )
    if name:
        save_layer(layer, name, kind_of_filter(kinds, chosen).write)


def save_layer(layer: Labels, name: str, write: LayerWriter) -> Background[list[str]]:
    """Write a layer as it is now on another thread; napari tells what came of it.

    Args:
        layer: It may be painted on while it is written: its labels are copied first.
        name: Of the file.
        write: For its kind of file.
    """
    data, attributes, _ = layer.as_layer_data_tuple()
    kept = data.copy() if isinstance(data, np.ndarray) else data
    background: Background[list[str]] = Background(QApplication.instance())
    background.returned.connect(_tell_saved)
    background.failed.connect(show_error)
    background.busy_changed.connect(lambda busy: busy or background.deleteLater())
    background.start(lambda _progress, _cancel: write(name, kept, attributes))
    return background


def _tell_saved(files: list[str]) -> None:
    update_save_history(files[0])
    show_info(target_text(files))
