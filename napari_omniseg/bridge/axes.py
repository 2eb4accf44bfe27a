"""What the axes of a layer's array are: a letter for each, slowest first.

``t`` time, ``c`` channel, ``z y x`` space; the colours of an RGB layer come last in its array and
have no letter, as napari does not count them among a layer's dimensions either.
"""

from __future__ import annotations

from collections.abc import Sequence

from omniseg_backend.common.errors import DataError

#: Readings by number of dimensions, the most usual first.
_READINGS: dict[int, tuple[str, ...]] = {
    2: ("yx",),
    3: ("zyx", "tyx", "cyx"),
    4: ("tzyx", "czyx", "tcyx"),
    5: ("tczyx",),
}
_LETTERS = {
    "t": "t", "time": "t", "frame": "t", "frames": "t",
    "c": "c", "channel": "c", "channels": "c",
    "z": "z", "depth": "z", "slice": "z", "s": "z", "i": "z",
    "y": "y", "p": "y", "a": "y", "row": "y", "rows": "y",
    "x": "x", "l": "x", "r": "x", "column": "x", "columns": "x",
}  # fmt: skip

#: For people, in the picker of a layer that can be read in several ways.
WORDS = {
    "yx": "a picture",
    "zyx": "a volume",
    "tyx": "pictures in time",
    "cyx": "channels of a picture",
    "tzyx": "volumes in time",
    "czyx": "channels of a volume",
    "tcyx": "pictures in time, with channels",
    "tczyx": "volumes in time, with channels",
}


def possible_axes(
    name: str, dimensions: int, labels: Sequence[str], units: Sequence[str], *, rgb: bool
) -> tuple[str, ...]:
    """The ways in which a layer can be read, the likeliest first.

    Args:
        name: The layer's, for the message.
        dimensions: Of the layer as napari counts them, without colours.
        labels: Its axis labels; what they say stands first.
        units: Their units by name; an axis in seconds is time.
        rgb: Whether colours come last; then no other axis holds channels.

    Raises:
        DataError: There are too few or too many dimensions.
    """
    readings = _READINGS.get(dimensions, ())
    if rgb:
        readings = tuple(reading for reading in readings if "c" not in reading)
    if not readings:
        raise DataError(
            name,
            found=f"a layer with {dimensions} dimensions{' and colours' if rgb else ''}",
            expected="a picture or a volume, perhaps with time or channels",
            remedy="choose another layer, or split this one",
        )
    return tuple(sorted(readings, key=lambda reading: -_agreement(reading, labels, units)))


def _agreement(reading: str, labels: Sequence[str], units: Sequence[str]) -> int:
    """How many axes the labels and units confirm."""
    said = [
        "t" if unit in ("second", "millisecond") else _LETTERS.get(label.strip().lower(), "")
        for label, unit in zip(labels, units, strict=True)
    ]
    return sum(letter == heard for letter, heard in zip(reading, said, strict=True))
