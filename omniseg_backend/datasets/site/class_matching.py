"""From the values of a corrected mask to those of a data set's class table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError
from omniseg_backend.datasets.problems import listed
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.segmentation import Segmentation


def consecutive(classes: ClassTable) -> ClassTable:
    """The same classes with the values 1, 2, 3, ..., which nnU-Net demands."""
    ordered = sorted(classes, key=lambda entry: entry.value)
    return ClassTable(
        tuple(
            type(entry)(number, entry.name, entry.colour, entry.snomed)
            for number, entry in enumerate(ordered, start=1)
        )
    )


def matched_labels(segmentation: Segmentation, table: ClassTable) -> NDArray[np.unsignedinteger]:
    """A mask's labels in a table's values.

    Classes are matched by name, whatever their values. A value that nobody named ("class 2") is
    taken for the table's class of that value; where the table has one class only, the only
    unnamed value of the mask is taken for it, be it 255.

    Returns:
        Labels of the mask's shape, uint8 where the values allow it.

    Raises:
        DataError: The mask holds a class that the table lacks.
    """
    present = _present(segmentation.labels)
    meant = _meanings(segmentation, present, table)
    names = {entry.value: entry.name for entry in segmentation.classes}
    unknown = [names.get(value, f"class {value}") for value in present if value not in meant]
    if unknown:
        raise DataError(
            segmentation.name,
            found=f"the class {listed(name.removeprefix('class ') for name in unknown)}",
            expected=f"the data set's classes: {', '.join(table.names)}",
            remedy="rename or remove it in the mask, or add the mask to another data set",
        )
    highest = max(table.values)
    values = np.zeros(65536, np.uint8 if highest <= 255 else np.uint16)
    for own, value in meant.items():
        values[own] = value
    return values[segmentation.labels]


def _meanings(segmentation: Segmentation, present: list[int], table: ClassTable) -> dict[int, int]:
    """The table's value for each value that occurs and has one."""
    names = {entry.value: entry.name for entry in segmentation.classes}
    by_name = {entry.name.casefold(): entry.value for entry in table}
    found: dict[int, int] = {}
    for value in present:
        unnamed = f"class {value}"
        name = names.get(value, unnamed)
        if name.casefold() in by_name:
            found[value] = by_name[name.casefold()]
        elif name == unnamed and value in table.values:
            found[value] = value
        elif name == unnamed and len(table) == len(present) == 1:
            found[value] = table.values[0]
    return found


def _present(labels: NDArray[np.unsignedinteger]) -> list[int]:
    seen = np.zeros(65536, np.bool_)
    for frame in labels:
        for plane in frame:
            seen[plane] = True
    return [int(value) for value in np.flatnonzero(seen) if value]
