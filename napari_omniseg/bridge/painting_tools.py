"""The drawings of napari's painting tools, made when a tool is first taken up.

napari gives every Labels layer the drawing of a polygon and of an encircling stroke, and builds
both when the layer is added: 33 of the 66 ms in which the window hangs for a layer. It builds what
is invisible only once it is shown, so they are hidden until the brush or the polygon is chosen;
neither draws anything before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.layers import Labels


def build_when_used(layer: Labels) -> None:
    """Hide the drawings of a layer's painting tools until their tool is chosen.

    To be called before the layer is added to a viewer, while no tool is chosen.
    """
    # napari has no public name for them; kept elsewhere, they are built at once as of any layer.
    for overlay in getattr(layer, "_overlays", {}).values():
        if hasattr(overlay, "enabled") and overlay.visible and not overlay.enabled:
            overlay.visible = False
            overlay.events.enabled.connect(_showing(overlay))


def _showing(overlay: Any) -> Callable[[], None]:  # noqa: ANN401 - napari keeps its class to itself
    """A function that shows an overlay; not a method, since napari would let go of its object."""

    def show() -> None:
        overlay.visible = True

    return show
