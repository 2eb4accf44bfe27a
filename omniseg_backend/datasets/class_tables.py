"""Class tables of data sets: from names, from ``classes.json``, from the masks themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from omniseg_backend.common.errors import DataError
from omniseg_backend.datasets.json_files import read_json_object
from omniseg_backend.datasets.problems import listed
from omniseg_backend.images.classes import ClassTable

BACKGROUND = "background"

#: More values than this without ``classes.json`` look like a grey picture, not like classes.
MOST_UNNAMED_CLASSES = 64


def table_from_names(values: Mapping[str, object], source: Path) -> ClassTable:
    """The classes of a mapping from name to value; the background is left out.

    Gaps between the values are kept, and classes come in the order of their values.

    Args:
        values: Such as ``{"background": 0, "liver": 1, "spleen": 5}``.
        source: The file that states them, for messages.

    Raises:
        DataError: A value is no whole number or stands twice, 0 is not the background, or
            there is no foreground class.
    """
    numbers: dict[str, int] = {}
    for name, value in values.items():
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or (value == 0) != (name.strip().lower() == BACKGROUND):
            raise DataError(
                source,
                found=f"the class '{name}' with the value {value!r}",
                expected="one whole number from 1 to 65535 per class, and 0 for 'background' only",
                remedy="correct the class values",
            )
        if isinstance(value, int) and value != 0:
            numbers[name] = value
    if not numbers:
        raise DataError(
            source,
            found="no foreground class",
            expected="at least one class with a value from 1 to 65535",
            remedy="name the structures that the masks hold",
        )
    names = sorted(numbers, key=lambda name: numbers[name])
    try:
        return ClassTable.from_names(names, [numbers[name] for name in names])
    except DataError as error:
        raise DataError(
            source, found=error.found, expected=error.expected, remedy=error.remedy
        ) from error


def read_classes_json(path: Path) -> ClassTable:
    """The classes that ``classes.json`` names: ``{"name": value}``.

    Raises:
        DataError: As ``table_from_names``, or the file is no JSON object.
    """
    return table_from_names(read_json_object(path), path)


def table_from_values(values: Iterable[int], folder: Path, name: str) -> ClassTable:
    """Classes for masks that nobody named.

    Args:
        values: The values found in the masks; 0 is the background.
        folder: The data set's folder, for messages.
        name: The data set's name, which a single class takes; several become ``class 3``.

    Raises:
        DataError: The masks are empty, or hold so many values that they cannot be classes.
    """
    foreground = sorted(set(values) - {0})
    if not foreground:
        raise DataError(
            folder,
            found="masks without any labelled pixel",
            expected="masks that label at least one structure",
            remedy="check that the masks belong to this data set",
        )
    if len(foreground) > MOST_UNNAMED_CLASSES:
        raise DataError(
            folder,
            found=f"{len(foreground)} different values in the masks ({listed(foreground)})",
            expected=f"at most {MOST_UNNAMED_CLASSES} class values",
            remedy="store class indices instead of grey levels, or name them in classes.json",
        )
    if len(foreground) == 1:
        return ClassTable.from_names([name], foreground)
    return ClassTable.from_names([f"class {value}" for value in foreground], foreground)
