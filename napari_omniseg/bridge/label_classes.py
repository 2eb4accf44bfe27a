"""The classes of a Labels layer as its user sees them: with the colours on the screen."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from omniseg_backend.images.classes import ClassEntry, ClassTable, Colour, palette_colour


def as_shown(classes: ClassTable, attributes: Mapping[str, Any]) -> ClassTable:
    """The classes with the colours that the layer gives them.

    A class that is hidden has the colour of before, which its layer keeps without the opacity; one
    that the layer gives none keeps its own.

    Args:
        classes: Of the layer's values.
        attributes: The layer's; only ``colormap`` is looked at.
    """
    from napari.utils.colormaps import CyclicLabelColormap, DirectLabelColormap

    colormap = attributes.get("colormap")
    if not isinstance(colormap, CyclicLabelColormap | DirectLabelColormap) or not len(classes):
        return classes
    shown = np.atleast_2d(colormap.map(np.array(classes.values)))
    return ClassTable(
        tuple(
            dataclasses.replace(entry, colour=_eight_bits(colour)) if np.any(colour) else entry
            for entry, colour in zip(classes, shown, strict=True)
        )
    )


def classes_of_features(features: Any) -> tuple[ClassEntry, ...]:  # noqa: ANN401
    """Classes that another plugin named in the columns ``index`` and ``name``.

    A name that stands there twice is told apart by its value; rows without a number or a name of
    their own are passed over.
    """
    if features is None or not {"index", "name"} <= set(getattr(features, "columns", ())):
        return ()
    entries: dict[int, ClassEntry] = {}
    taken: set[str] = set()
    for value, name in zip(features["index"], features["name"], strict=True):
        number = _class_value(value)
        if number is None or number in entries or not isinstance(name, str) or not name.strip():
            continue
        unique = name if name not in taken else f"{name} ({number})"
        taken.add(unique)
        entries[number] = ClassEntry(number, unique, palette_colour(number))
    return tuple(entries.values())


def _class_value(value: object) -> int | None:
    """A row's label, if it is one that a class can have."""
    if isinstance(value, bool | str) or not isinstance(value, int | float | np.number):
        return None
    number = float(value)
    return int(number) if number.is_integer() and 1 <= number <= 65535 else None


def _eight_bits(colour: Any) -> Colour:  # noqa: ANN401
    red, green, blue = (round(float(part) * 255) for part in colour[:3])
    return red, green, blue
