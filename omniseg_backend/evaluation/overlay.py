"""One picture per sample: the image with the contours of truth and results side by side."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
from numpy.typing import NDArray

from omniseg_backend.images.classes import ClassTable, Colour
from omniseg_backend.images.image import Image
from omniseg_backend.inference.contours import fullest_plane, plane_picture, with_contours
from omniseg_backend.preprocessing.layout import plane_layout
from omniseg_backend.preprocessing.settings import Slicing

#: Height of a panel in pixels.
_PANEL = 440
_GAP, _LINE, _TEXT = 12, 24, 15
_BACKGROUND, _INK, _WARNING = (24, 24, 24), (235, 235, 235), (255, 190, 60)


@dataclasses.dataclass(frozen=True, eq=False)
class Panel:
    """One column of the picture.

    Attributes:
        heading: What stands above it.
        labels: Shape (i, j, k), values of the class table.
    """

    heading: str
    labels: NDArray[np.unsignedinteger]


def overlay(
    image: Image,
    panels: Sequence[Panel],
    classes: ClassTable,
    *,
    title: str,
    warning: str = "",
) -> PIL.Image.Image:
    """Draw every panel's contours over the image, in one plane.

    It is the one that shows most of the first panel that holds anything.

    Args:
        image: Its first frame is shown.
        panels: From left to right; the truth before results.
        classes: Values, names and colours of all panels.
        title: First line of the picture.
        warning: Second line, in another colour; may be empty.
    """
    layout = plane_layout(image.geometry, Slicing.NATIVE)
    planes = [layout.to_planes(panel.labels) for panel in panels]
    index = fullest_plane(next((plane for plane in planes if plane.any()), planes[0]))
    base = plane_picture(image, layout, index, _PANEL)
    where = "" if layout.planes == 1 else f", slice {index + 1} of {layout.planes}"
    canvas = _Canvas(base.size, len(panels), classes, title + where, warning)
    for column, (panel, labels) in enumerate(zip(panels, planes, strict=True)):
        canvas.put(column, panel.heading, with_contours(base, labels[index], classes))
    return canvas.picture


class _Canvas:
    """The picture around the panels: title, headings, legend."""

    def __init__(
        self, panel: tuple[int, int], columns: int, classes: ClassTable, title: str, warning: str
    ) -> None:
        self._panel = panel
        self._font = PIL.ImageFont.load_default(_TEXT)
        lines = [(title, _INK)] + ([(warning, _WARNING)] if warning else [])
        probe = PIL.ImageDraw.Draw(PIL.Image.new("RGB", (1, 1)))
        texts = [probe.textlength(line, font=self._font) for line, _ in lines]
        width = max(
            _GAP + columns * (panel[0] + _GAP), *(round(length) + 2 * _GAP for length in texts)
        )
        legend = self._flow(probe, classes, width)
        self._top = _GAP + (len(lines) + 1) * _LINE
        height = self._top + panel[1] + _GAP + len(legend) * _LINE + _GAP
        self.picture = PIL.Image.new("RGB", (width, height), _BACKGROUND)
        self._draw = PIL.ImageDraw.Draw(self.picture)
        for row, (line, colour) in enumerate(lines):
            self._draw.text((_GAP, _GAP + row * _LINE), line, fill=colour, font=self._font)
        for row, entries in enumerate(legend):
            self._legend_row(entries, self._top + panel[1] + _GAP + row * _LINE)

    def put(self, column: int, heading: str, picture: PIL.Image.Image) -> None:
        """Place a panel."""
        left = _GAP + column * (self._panel[0] + _GAP)
        self.picture.paste(picture, (left, self._top))
        self._draw.text((left, self._top - _LINE), heading, fill=_INK, font=self._font)

    def _flow(
        self, probe: PIL.ImageDraw.ImageDraw, classes: ClassTable, width: int
    ) -> list[list[tuple[int, str, Colour]]]:
        """Rows of the legend: where each entry starts, its name and its colour."""
        rows: list[list[tuple[int, str, Colour]]] = [[]]
        left = _GAP
        for entry in classes:
            needed = _TEXT + _GAP + round(probe.textlength(entry.name, font=self._font)) + _GAP
            if rows[-1] and left + needed > width:
                rows.append([])
                left = _GAP
            rows[-1].append((left, entry.name, entry.colour))
            left += needed
        return rows

    def _legend_row(self, entries: Sequence[tuple[int, str, Colour]], top: int) -> None:
        for left, name, colour in entries:
            self._draw.rectangle((left, top + 2, left + _TEXT, top + 2 + _TEXT), fill=colour)
            self._draw.text((left + _TEXT + _GAP // 2, top), name, fill=_INK, font=self._font)
