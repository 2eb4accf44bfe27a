"""The command Layers > Visualize > Show in 3D without mirroring."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import napari

#: napari's cameras let the first axis come towards the viewer. Of superior, posterior and left
#: that is a mirror image: with left to the right and posterior down, superior points away, as
#: for somebody who looks from the feet.
UNMIRRORED = ("away", "down", "right")


def show_unmirrored(viewer: napari.viewer.Viewer) -> None:
    """Turn the depth of the 3D view, so that a volume that OmniSeg opened is no mirror image.

    Slices are shown as before and no array is touched.
    """
    viewer.dims.ndisplay = 3
    viewer.scene.camera.orientation = UNMIRRORED
