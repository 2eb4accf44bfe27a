"""The classes of a segmentation: value, name, colour, code."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from omniseg_backend.common.errors import DataError

Colour = tuple[int, int, int]

#: Okabe and Ito's palette (2008) without black: told apart by colour-blind readers.
PALETTE: tuple[Colour, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
    (170, 170, 170),
)


def palette_colour(value: int) -> Colour:
    """The palette's colour for a class that has none of its own, by its value."""
    return PALETTE[(value - 1) % len(PALETTE)]


@dataclasses.dataclass(frozen=True)
class ClassEntry:
    """One foreground class.

    Attributes:
        value: Its label in files, 1 to 65535; 0 is the background.
        name: Its name as people read it.
        colour: Red, green, blue, 0 to 255.
        snomed: Its SNOMED CT code, if pydicom's dictionary has one.
    """

    value: int
    name: str
    colour: Colour
    snomed: str | None = None


@dataclasses.dataclass(frozen=True)
class ClassTable:
    """The foreground classes of a segmentation, in the network's order."""

    entries: tuple[ClassEntry, ...]

    def __post_init__(self) -> None:
        values = [entry.value for entry in self.entries]
        names = [entry.name for entry in self.entries]
        if len(set(values)) != len(values) or len(set(names)) != len(names):
            raise DataError(
                "class table",
                found=f"repeated values or names in {list(zip(values, names, strict=True))}",
                expected="each value and name once",
                remedy="rename or renumber the classes",
            )
        if any(not 1 <= value <= 65535 for value in values):
            raise DataError(
                "class table",
                found=f"the values {values}",
                expected="values from 1 to 65535 (0 is the background)",
                remedy="renumber the classes",
            )
        for entry in self.entries:
            if len(entry.colour) != 3 or any(not 0 <= part <= 255 for part in entry.colour):
                raise DataError(
                    "class table",
                    found=f"the colour {entry.colour} of {entry.name}",
                    expected="red, green and blue from 0 to 255",
                    remedy="choose another colour",
                )

    @classmethod
    def from_names(cls, names: Sequence[str], values: Sequence[int] | None = None) -> ClassTable:
        """A table with the palette's colours; values default to 1, 2, 3, ..."""
        numbers = values if values is not None else range(1, len(names) + 1)
        return cls(
            tuple(
                ClassEntry(int(value), name, PALETTE[index % len(PALETTE)])
                for index, (value, name) in enumerate(zip(numbers, names, strict=True))
            )
        )

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[ClassEntry]:
        return iter(self.entries)

    @property
    def values(self) -> tuple[int, ...]:
        """The label values, in order."""
        return tuple(entry.value for entry in self.entries)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in order."""
        return tuple(entry.name for entry in self.entries)
