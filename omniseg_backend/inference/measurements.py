"""Sizes of what was found, in millimetres only where the spacing is real."""

from __future__ import annotations

import dataclasses
from typing import Literal

from omniseg_backend.images.geometry import Geometry

MeasurementUnit = Literal["mL", "mm2", "px3", "px"]


@dataclasses.dataclass(frozen=True)
class Measurement:
    """A volume or an area.

    Attributes:
        value: How much.
        unit: ``mL`` for a volume and ``mm2`` for a picture with real spacing; ``px3`` and
            ``px``, which count voxels and pixels, where the file states no spacing.
    """

    value: float
    unit: MeasurementUnit

    def as_text(self) -> str:
        """For people: ``12.3 mL``, ``845 px``."""
        unit = {"mm2": "mm²", "px3": "voxels"}.get(self.unit, self.unit)
        if self.unit in ("px", "px3"):
            return f"{self.value:.0f} {unit}"
        return f"{self.value:.1f} {unit}"


def measure(voxels: float, geometry: Geometry) -> Measurement:
    """The size of so many voxels (a mean over frames may be no whole number)."""
    if geometry.unit != "mm":
        return Measurement(float(voxels), "px" if geometry.dimensions == 2 else "px3")
    size = voxels * geometry.voxel_size
    if geometry.dimensions == 2:
        return Measurement(size, "mm2")
    return Measurement(size / 1000.0, "mL")  # 1000 cubic millimetres are a millilitre
