"""In 3D, what lies nearer to somebody at the feet must hide what lies behind it."""

from __future__ import annotations

import numpy as np
from napari.utils.colormaps import DirectLabelColormap

from napari_omniseg.panels.radiological_view import show_unmirrored

RED, GREEN = [255, 0, 0, 255], [0, 255, 0, 255]


def centre(viewer) -> list[int]:
    picture = viewer.screenshot(flash=False)
    return picture[picture.shape[0] // 2, picture.shape[1] // 2].tolist()


def test_left_on_the_right_means_seen_from_the_feet(gui) -> None:
    """With posterior down and left to the right, only a look from the feet is no mirror image."""
    labels = np.zeros((30, 40, 40), np.uint8)
    labels[2:8, 10:30, 10:30] = 1  # towards the feet
    labels[20:28, 15:25, 15:25] = 2  # towards the head
    viewer = gui()
    colours = DirectLabelColormap(color_dict={None: "transparent", 1: "red", 2: "lime"})
    layer = viewer.add_labels(labels, colormap=colours, opacity=1, axis_labels=("S", "P", "L"))
    viewer.dims.ndisplay = 3
    assert centre(viewer) == GREEN  # napari's own camera: a mirror image
    before = layer.data.copy()
    show_unmirrored(viewer)
    assert centre(viewer) == RED
    assert np.array_equal(layer.data, before)
    viewer.dims.ndisplay = 2
    assert viewer.scene.camera.orientation2d == ("down", "right")


def test_it_shows_volumes_at_once(gui) -> None:
    viewer = gui()
    viewer.add_image(np.zeros((4, 4, 4)))
    show_unmirrored(viewer)
    assert viewer.dims.ndisplay == 3
