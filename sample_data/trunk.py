"""The trunk of a patient as painted layers: skin, wall, lungs, spine, ribs.

Coordinates are millimetres in the patient's frame: x to the patient's right, y anterior, z
superior, origin in front of the first lumbar vertebra.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator, Sequence

import numpy as np

from omniseg_sample_data.bounds import SlabBounds
from omniseg_sample_data.fields import Field, smooth_field, warp
from omniseg_sample_data.shapes import Numbers, coverage, ellipsoid, tube

#: Distances are computed up to this far from a structure; beyond, they count as far, in mm.
_MARGIN, _FAR = 14.0, 40.0


class Tissue(enum.Enum):
    """What a layer is made of; each modality gives these its own values."""

    TABLE = enum.auto()
    FAT = enum.auto()
    MUSCLE = enum.auto()
    LUNG = enum.auto()
    SPONGIOSA = enum.auto()
    CORTICAL_BONE = enum.auto()
    DISC = enum.auto()
    SPINAL_CANAL = enum.auto()
    BOWEL_WALL = enum.auto()
    BOWEL_CONTENT = enum.auto()
    GAS = enum.auto()
    ARTERY = enum.auto()
    VEIN = enum.auto()
    PANCREAS = enum.auto()
    BILE = enum.auto()
    LIVER = enum.auto()
    LIVER_VEIN = enum.auto()
    METASTASIS = enum.auto()
    CYST = enum.auto()
    SPLEEN = enum.auto()
    RENAL_CORTEX = enum.auto()
    RENAL_MEDULLA = enum.auto()


@dataclasses.dataclass(frozen=True, eq=False)
class Layer:
    """One painted structure: its tissue, the share of each voxel it fills, its label."""

    tissue: Tissue
    share: Field
    label: int | None = None


@dataclasses.dataclass(frozen=True)
class Body:
    """The habitus of one patient, in millimetres.

    Attributes:
        half_width: Half the trunk's width.
        half_depth: Half its depth.
        fat: Thickness of the subcutaneous fat.
        wall: Thickness of the muscular wall.
    """

    half_width: float
    half_depth: float
    fat: float
    wall: float

    @classmethod
    def of(cls, rng: np.random.Generator) -> Body:
        """Draw a patient between slim and obese."""
        half_width = rng.uniform(146.0, 184.0)
        half_depth = half_width * rng.uniform(0.64, 0.71)
        fat = rng.uniform(6.0, 13.0) + 0.35 * (half_width - 146.0)
        return cls(half_width, half_depth, fat, rng.uniform(9.0, 14.0))


class Trunk:
    """Draws what surrounds the organs of one patient on one grid.

    Args:
        rng: The source of randomness.
        points: Dense x, y and z coordinates of the voxels, in millimetres.
        body: The patient's habitus.
        voxel: Width of the partial-volume ramp in millimetres.
    """

    def __init__(
        self, rng: np.random.Generator, points: Sequence[Field], body: Body, voxel: float
    ) -> None:
        self.rng = rng
        self.body = body
        self.voxel = voxel
        lengths = [max(n / 4.0, 2.0) for n in points[0].shape]
        self.x, self.y, self.z = warp(rng, points, amplitude=rng.uniform(2.0, 4.0), lengths=lengths)
        self.bounds = SlabBounds((self.x, self.y, self.z))
        # Organs keep their place relative to the trunk.
        self.wide = body.half_width / 162.0
        self.deep = body.half_depth / 110.0
        self.skin = self._trunk()
        angle_fat = 0.8 + 0.4 * np.clip(self.y / body.half_depth, -0.6, 1.0)
        self.under_skin = self.skin + body.fat * angle_fat
        self.cavity = self.under_skin + body.wall
        self.dome_height = rng.uniform(52.0, 78.0)

    def _layer(self, tissue: Tissue, distance: Field, label: int | None = 0) -> Layer:
        return Layer(tissue, coverage(distance, self.voxel), label)

    def _ball(
        self,
        centre: Numbers,
        radii: Numbers,
        turn: Numbers | None = None,
    ) -> Field:
        place = (centre[0] * self.wide, centre[1] * self.deep, centre[2])
        longest = [max(radii)] * 3
        reach = [r + _MARGIN for r in (longest if turn is not None else radii)]
        box = self.bounds.box(place, reach)
        distance = np.full(self.x.shape, _FAR)
        distance[box] = ellipsoid((self.x[box], self.y[box], self.z[box]), place, radii, turn)
        return distance

    def _tube(self, path: Field, radius: float) -> Field:
        middle = (path.min(axis=0) + path.max(axis=0)) / 2.0
        box = self.bounds.box(middle, np.ptp(path, axis=0) / 2.0 + radius + _MARGIN)
        distance = np.full(self.x.shape, _FAR)
        distance[box] = tube((self.x[box], self.y[box], self.z[box]), path, radius)
        return distance

    def _rough(self, amplitude: float, millimetres: float) -> Field:
        """An irregularity to add to a distance, so that no organ is a pure ellipsoid."""
        lengths = [max(millimetres / self.voxel, 1.0)] * 2 + [max(millimetres / 5.0, 1.0)]
        return amplitude * smooth_field(self.rng, self.x.shape, lengths)

    def _trunk(self) -> Field:
        body = self.body
        waist = 1.0 - 0.04 * np.cos(self.z / 45.0)
        x, y = self.x / waist, self.y / waist
        # A superellipse: flatter back and belly than an ellipse.
        power = 2.5
        norm = np.abs(x / body.half_width) ** power + np.abs(y / body.half_depth) ** power
        norm = np.maximum(norm ** (1.0 / power), 1e-3)
        return np.hypot(x, y) * (1.0 - 1.0 / norm)

    def _table(self) -> Field:
        return self.y + self.body.half_depth + 12.0 - 0.0012 * self.x**2

    def _chest(self) -> Iterator[Layer]:
        """Lung bases over the two domes of the diaphragm, and the heart between them."""
        recess = 30.0 + 25.0 * np.clip(self.y / self.body.half_depth, -0.5, 1.0)
        lungs = np.maximum(self.cavity + 3.0, recess - self.z)
        yield self._layer(Tissue.LUNG, lungs)
        yield self._layer(Tissue.VEIN, np.maximum(lungs + 6.0, 2.0 * (1.75 - self._rough(1, 6))))
        yield self._layer(Tissue.MUSCLE, self._ball((-18, 28, self.dome_height + 30), (48, 42, 36)))
        bases = [
            (62.0, 0.0, 84.0, 84.0, 8.0),
            (-62.0, 0.0, 84.0, 84.0, 0.0),
            (0, 20, 95, 75, -14.0),
        ]
        domes = [
            self._ball((x, y, -40), (a * self.wide, b * self.deep, self.dome_height + up + 40.0))
            for x, y, a, b, up in bases
        ]
        # Low down the abdomen reaches the wall all around.
        below = np.minimum(np.minimum(domes[0], domes[1]), np.minimum(domes[2], self.z - 5.0))
        dome = np.maximum(below, self.cavity + 1.5)
        yield self._layer(Tissue.MUSCLE, dome)
        yield self._layer(Tissue.FAT, dome + 3.0)

    def _spine(self) -> Iterator[Layer]:
        rng = self.rng
        endless = np.inf
        low = np.clip((20.0 - self.z) / 90.0, 0.0, 1.2)
        for side in (1.0, -1.0):
            bulk = (27.0, 19.0, endless)
            yield self._layer(Tissue.MUSCLE, self._ball((side * 32, -76, 0), bulk))
            psoas = self._ball((side * 34, -42, -60), (13, 16, 75), (0, side * 8, 0))
            yield self._layer(Tissue.MUSCLE, psoas + 4.0 * (1.0 - low))
            crus = self._ball((side * 15, -26, 35), (5, 9, 55))
            yield self._layer(Tissue.MUSCLE, crus)
        lumbar = self._ball((0, -46, 0), (rng.uniform(20, 24), rng.uniform(15, 18), endless))
        period, phase = rng.uniform(31.0, 36.0), rng.uniform(0.0, 30.0)
        height = np.abs((self.z + phase) % period - period / 2.0)
        body = np.maximum(lumbar, 4.5 - height)
        yield self._layer(Tissue.DISC, lumbar + 1.0)
        yield self._layer(Tissue.CORTICAL_BONE, body)
        yield self._layer(Tissue.SPONGIOSA, body + 2.2)
        arch = self._ball((0, -69, 0), (16, 12, endless))
        spinous = self._ball((0, -86, 0), (4.5, 17, endless)) + 2.5 * np.cos(self.z / period * 6.28)
        transverse = np.maximum(self._ball((0, -65, 0), (38, 4.5, endless)), height - 6.0)
        posterior = np.minimum(np.minimum(arch, spinous), transverse)
        yield self._layer(Tissue.CORTICAL_BONE, posterior)
        yield self._layer(Tissue.SPONGIOSA, posterior + 3.0)
        yield self._layer(Tissue.SPINAL_CANAL, self._ball((0, -68, 0), (10, 8, endless)))

    def _ribs(self) -> Iterator[Layer]:
        """Ribs cut obliquely: ovals in the wall that descend from the spine to the front."""
        angle = np.arctan2(np.abs(self.x), -self.y)
        pitch = self.rng.uniform(25.0, 30.0)
        descent = self.z + 42.0 * angle + self.rng.uniform(0.0, pitch)
        from_rib = np.abs((descent + pitch / 2.0) % pitch - pitch / 2.0)
        depth = (self.under_skin + self.cavity) / 2.0
        margin = 55.0 * (angle - 1.0) - 35.0
        ribs = np.hypot(from_rib * 0.75, depth) - 5.0
        # Below the costal margin, in front and near the spine there are none.
        ribs = np.maximum(ribs, np.maximum(margin - self.z, (0.45 - angle) * 60.0))
        ribs = np.maximum(ribs, (angle - 2.45) * 60.0)
        yield self._layer(Tissue.CORTICAL_BONE, ribs)
        yield self._layer(Tissue.SPONGIOSA, ribs + 2.0)
