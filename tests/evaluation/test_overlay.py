"""Overlays: the right plane, the right way round, contours where the masks end."""

from __future__ import annotations

import numpy as np
import pytest

from omniseg_backend.evaluation.overlay import Panel, overlay
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality, ModalityStatement
from omniseg_backend.inference.contours import fullest_plane

CLASSES = ClassTable.from_names(["first", "second"])
FIRST, SECOND = (np.array(entry.colour) for entry in CLASSES)


def places(picture: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Rows and columns of a colour's pixels, above the legend."""
    return np.argwhere(np.all(picture[:-40] == colour, axis=-1))


def test_the_fullest_plane_is_shown_and_the_middle_of_an_empty_volume() -> None:
    labels = np.zeros((5, 4, 4), np.uint8)
    assert fullest_plane(labels) == 2
    labels[1, 0, 0] = labels[3, :2, :2] = 1
    assert fullest_plane(labels) == 3


def test_each_panel_shows_its_own_contour_in_the_classes_colour() -> None:
    pixels = np.full((44, 44), 90, np.uint8)
    truth, found = np.zeros((2, 44, 44, 1), np.uint8)
    truth[4:20, 24:40] = 1  # columns 4 to 20, rows 24 to 40: below on the left
    found[24:40, 4:20] = 2  # above on the right
    picture = np.array(
        overlay(
            Image.from_picture(pixels),
            [Panel("truth", truth), Panel("compact", found)],
            CLASSES,
            title="squares",
        )
    )
    height, width = picture.shape[:2]
    first, second = places(picture, FIRST), places(picture, SECOND)
    assert len(first) == pytest.approx(len(second), rel=0.02)
    assert (first[:, 1] < width / 4).all()
    assert (first[:, 0] > height / 2).all()
    assert (second[:, 1] > 3 * width / 4).all()
    assert (second[:, 0] < height / 2).all()
    # A contour and no filled square: 16 of 44 pixels are 160 on screen.
    assert len(first) < 0.1 * 160**2


def test_proportions_are_those_of_the_body() -> None:
    geometry = Geometry((20, 10, 3), np.diag([-1.0, -2.0, 5.0, 1.0]), "mm", 3)
    image = Image(
        np.zeros((1, 1, 20, 10, 3), np.int16),
        geometry,
        modality=ModalityStatement(Modality.CT, "user"),
    )
    labels = np.ones((20, 10, 3), np.uint8)
    one = overlay(image, [Panel("truth", labels)], CLASSES, title="t")
    two = overlay(image, [Panel("truth", labels)] * 2, CLASSES, title="t")
    # 20 mm by 20 mm: a panel is as wide as it is high.
    assert two.width - one.width - 12 == 440


def test_a_warning_takes_a_line_of_its_own() -> None:
    image = Image.from_picture(np.zeros((8, 8), np.uint8))
    panels = [Panel("truth", np.zeros((8, 8, 1), np.uint8))]
    plain = overlay(image, panels, CLASSES, title="t")
    warned = overlay(image, panels, CLASSES, title="t", warning="DEMO - trained on phantoms")
    assert warned.height > plain.height
