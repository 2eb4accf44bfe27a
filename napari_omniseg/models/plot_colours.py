"""Colours of lines and words: apart for colour-blind readers, readable on light and on dark."""

from __future__ import annotations

from omniseg_backend.images.classes import PALETTE, Colour

#: What WCAG 2.2 asks of graphics (1.4.11).
CONTRAST = 3.0
#: What it asks of text (1.4.3).
TEXT_CONTRAST = 4.5
#: A colour below this, yellow on white, would be shifted onto its neighbour in the palette.
_LOST = 1.5
_STEPS = 20


def line_colour(place: int, background: Colour) -> Colour:
    """The colour of a plot's line, shifted towards black or white until it is told from its ground.

    Args:
        place: The line's place in its plot; from the ninth on colours come again.
        background: What it is drawn on.
    """
    colour = PALETTE[place % len(PALETTE)]
    end = _end(background)
    if contrast(colour, background) < _LOST:
        return (end, end, end)
    return _shifted(colour, background, CONTRAST)


def text_colour(colour: Colour, background: Colour) -> Colour:
    """A colour for words, shifted towards black or white until it is read on its ground."""
    return _shifted(colour, background, TEXT_CONTRAST)


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: Colour) -> float:
    """Relative luminance of an sRGB colour, 0 to 1 (WCAG 2.2)."""
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _shifted(colour: Colour, background: Colour, least: float) -> Colour:
    end = _end(background)
    for step in range(_STEPS + 1):
        mixed = _mixed(colour, end, step / _STEPS)
        if contrast(mixed, background) >= least:
            return mixed
    return (end, end, end)


def _end(background: Colour) -> int:
    """Black or white, whichever is further from it."""
    return 0 if luminance(background) > 0.18 else 255


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _mixed(colour: Colour, end: int, share: float) -> Colour:
    red, green, blue = (round(part + (end - part) * share) for part in colour)
    return red, green, blue
