"""From the values of a corrected mask to those of a data set's class table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError
from omniseg_backend.datasets.problems import listed
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.segmentation import Segmentation

#: The only value of a picture that is black and white.
_WHITE = 255


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
    taken for the table's class of that value; 255, where it is the only value of the mask, for the
    only class of a table, since many programs write what is and what is not as 255 and 0.

    Returns:
        Labels of the mask's shape, uint8 where the values allow it.

    Raises:
        DataError: The mask holds a class that the table lacks.
    """
    present = _present(segmentation.labels)
    meant = _meanings(segmentation, present, table)
    unknown = [value for value in present if value not in meant]
    if unknown:
        raise _refusal(segmentation, unknown, table)
    highest = max(table.values)
    values = np.zeros(65536, np.uint8 if highest <= 255 else np.uint16)
    for own, value in meant.items():
        values[own] = value
    return values[segmentation.labels]


def _refusal(segmentation: Segmentation, unknown: list[int], table: ClassTable) -> DataError:
    """What is said of values that mean nothing in the table."""
    names = {entry.value: entry.name for entry in segmentation.classes}
    named = [names[v] for v in unknown if names.get(v, _unnamed(v)) != _unnamed(v)]
    if named:
        return DataError(
            segmentation.name,
            found=f"the class {listed(named)}",
            expected=f"the data set's classes: {', '.join(table.names)}",
            remedy="rename or remove it in the mask, or add the mask to another data set",
        )
    values = "value" if len(unknown) == 1 else "values"
    known = ", ".join(f"{entry.value} {entry.name}" for entry in table)
    return DataError(
        segmentation.name,
        found=f"the {values} {listed([str(value) for value in unknown])} without a name",
        expected=f"the data set's classes: {known}",
        remedy="give the labels the number of their class, or a name that the data set has, or add "
        "the mask to another data set",
    )


def _unnamed(value: int) -> str:
    """What readers and layers call a value of which nothing is said."""
    return f"class {value}"


def _meanings(segmentation: Segmentation, present: list[int], table: ClassTable) -> dict[int, int]:
    """The table's value for each value that occurs and has one."""
    names = {entry.value: entry.name for entry in segmentation.classes}
    by_name = {entry.name.casefold(): entry.value for entry in table}
    found: dict[int, int] = {}
    for value in present:
        unnamed = _unnamed(value)
        name = names.get(value, unnamed)
        if name.casefold() in by_name:
            found[value] = by_name[name.casefold()]
        elif name == unnamed and value in table.values:
            found[value] = value
        elif name == unnamed and value == _WHITE and len(table) == len(present) == 1:
            found[value] = table.values[0]
    return found


def _present(labels: NDArray[np.unsignedinteger]) -> list[int]:
    seen = np.zeros(65536, np.bool_)
    for frame in labels:
        for plane in frame:
            seen[plane] = True
    return [int(value) for value in np.flatnonzero(seen) if value]
