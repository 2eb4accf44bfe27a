"""Millilitres, square millimetres, pixels: whichever is true."""

from __future__ import annotations

import numpy as np
import pytest

from omniseg_backend.images.geometry import Geometry
from omniseg_backend.inference.measurements import Measurement, measure

SHEARED = np.array([[2, 1, 0, 0], [0, 2, 0, 0], [0, 0, 5, 0], [0, 0, 0, 1.0]])


@pytest.mark.parametrize(
    ("geometry", "expected"),
    [
        (Geometry((9, 9, 9), np.diag([0.5, 0.5, 4, 1]), "mm", 3), Measurement(0.5, "mL")),
        (Geometry((9, 9, 9), SHEARED, "mm", 3), Measurement(10.0, "mL")),
        (Geometry((9, 9, 9), np.eye(4), "px", 3), Measurement(500, "px3")),
        (Geometry.of_picture(9, 9, (0.2, 0.5)), Measurement(50.0, "mm2")),
        (Geometry.of_picture(9, 9), Measurement(500, "px")),
    ],
    ids=["volume", "sheared", "volume without spacing", "picture", "picture without spacing"],
)
def test_five_hundred_voxels(geometry: Geometry, expected: Measurement) -> None:
    found = measure(500, geometry)
    assert found.unit == expected.unit
    assert found.value == pytest.approx(expected.value)


def test_no_spacing_never_becomes_millimetres() -> None:
    scaled = Geometry((9, 9, 9), np.diag([3.0, 3.0, 3.0, 1.0]), "px", 3)
    assert measure(7, scaled) == Measurement(7, "px3")


@pytest.mark.parametrize(
    ("measurement", "text"),
    [
        (Measurement(12.345, "mL"), "12.3 mL"),
        (Measurement(0.5, "mm2"), "0.5 mm²"),
        (Measurement(845, "px"), "845 px"),
        (Measurement(845, "px3"), "845 voxels"),
    ],
)
def test_for_people(measurement: Measurement, text: str) -> None:
    assert measurement.as_text() == text
