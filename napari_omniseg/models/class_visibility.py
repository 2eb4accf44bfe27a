"""Showing and hiding classes, by the opacity of their colours in the layer's colormap."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from napari_omniseg.bridge.origin import labels_origin
from omniseg_backend.images.classes import ClassEntry

if TYPE_CHECKING:
    from napari.layers import Labels
    from napari.utils.colormaps import CyclicLabelColormap, DirectLabelColormap


class ClassVisibility:
    """What is hidden stands in the colormap alone, so two panels on one layer agree."""

    def __init__(self) -> None:
        self._cyclic: weakref.WeakKeyDictionary[Labels, CyclicLabelColormap]
        self._cyclic = weakref.WeakKeyDictionary()

    def hidden(self, layer: Labels, values: Iterable[int]) -> frozenset[int]:
        """Which of these classes the layer does not show."""
        colours = _direct(layer)
        if colours is None:
            return frozenset()
        missing = colours.color_dict[None]
        return frozenset(v for v in values if colours.color_dict.get(v, missing)[3] == 0)

    def hide(self, layer: Labels, entries: Iterable[ClassEntry], hidden: Iterable[int]) -> None:
        """Show all of these classes but the hidden ones.

        A layer that another plugin coloured gets its own colours back when nothing is hidden.
        """
        hidden = frozenset(hidden)
        colours = _direct(layer)
        if colours is None and not hidden:
            return
        if not hidden and layer in self._cyclic:
            layer.colormap = self._cyclic.pop(layer)
            return
        if colours is None:
            self._cyclic[layer] = layer.colormap
        changed = {} if colours is None else dict(colours.color_dict)
        for entry in entries:
            colour = np.array(_colour(layer, entry), np.float32)
            colour[3] = 0.0 if entry.value in hidden else 1.0
            changed[entry.value] = colour
        _recolour(layer, changed)

    def colour_new(self, layer: Labels, entries: Iterable[ClassEntry]) -> None:
        """Give a colour to values that somebody has painted into a layer of ours.

        Its colormap has the classes' colours alone: a new value would be painted invisibly.
        """
        colours = _direct(layer)
        if colours is None or labels_origin(layer.metadata) is None:
            return
        known = colours.color_dict
        new: dict[int | None, np.ndarray]
        new = {entry.value: _opaque(entry) for entry in entries if entry.value not in known}
        if new:
            _recolour(layer, {**known, **new})


def _direct(layer: Labels) -> DirectLabelColormap | None:
    from napari.utils.colormaps import DirectLabelColormap

    return layer.colormap if isinstance(layer.colormap, DirectLabelColormap) else None


def _recolour(layer: Labels, colours: dict[int | None, np.ndarray]) -> None:
    from napari.utils.colormaps import DirectLabelColormap

    layer.colormap = DirectLabelColormap(
        color_dict={None: "transparent", 0: "transparent", **colours}
    )


def _colour(layer: Labels, entry: ClassEntry) -> np.ndarray:
    found = layer.get_color(entry.value)
    return _opaque(entry) if found is None else np.asarray(found)


def _opaque(entry: ClassEntry) -> np.ndarray:
    return np.array([*entry.colour, 255], np.float32) / 255
