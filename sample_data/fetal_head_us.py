"""Fetal head ultrasound: an elliptic skull in a convex sector, shadows and speckle."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import ndimage

from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.modality import Modality
from omniseg_sample_data.family import PhantomFamily, Picture
from omniseg_sample_data.fields import Field, smooth_field, speckle, to_bytes
from omniseg_sample_data.shapes import coverage, ellipsoid, tube

HEAD = 1
#: Beams and depth samples of the polar picture in which sound travels.
_BEAMS, _SAMPLES = 192, 256


@dataclasses.dataclass(frozen=True)
class _Sector:
    """A convex probe above the picture; lengths are shares of the picture's width.

    Attributes:
        apex: Row of the beams' common origin, above the picture (negative).
        start: Radius of the probe's surface.
        reach: Depth that is shown.
        half_angle: Half the opening, in radians.
    """

    apex: float
    start: float
    reach: float
    half_angle: float

    def polar(self, x: Field, y: Field) -> tuple[Field, Field]:
        """Depth (0 to 1) and beam (-1 to 1) of points; x from the middle, y from the top."""
        radius = np.hypot(x, y - self.apex)
        angle = np.arctan2(x, y - self.apex)
        return (radius - self.start) / self.reach, angle / self.half_angle

    def cartesian(self) -> tuple[Field, Field]:
        """The points of every sample (rows) of every beam (columns)."""
        depth = np.linspace(0.0, 1.0, _SAMPLES)[:, np.newaxis]
        angle = np.linspace(-1.0, 1.0, _BEAMS)[np.newaxis] * self.half_angle
        radius = self.start + depth * self.reach
        return radius * np.sin(angle), self.apex + radius * np.cos(angle)


def draw(rng: np.random.Generator, size: int) -> Picture:
    """Draw one picture of ``size`` x 0.75 ``size`` pixels."""
    height = round(size * 0.75)
    rows, columns = np.mgrid[0:height, 0:size].astype(np.float64)
    x, y = columns / size - 0.5, rows / size
    start = rng.uniform(0.25, 0.5)
    top = rng.uniform(-0.02, 0.03)
    sector = _Sector(top - start, start, rng.uniform(0.68, 0.76) - top, rng.uniform(0.5, 0.85))
    centre = (rng.normal(0.0, 0.05), rng.uniform(0.35, 0.44))
    long = rng.uniform(0.17, 0.33)
    radii = (long, long * rng.uniform(0.68, 0.88))
    turn = rng.normal(0.0, 40.0)
    head = ellipsoid((x, y), centre, radii, turn)
    beams = _echoes(rng, sector.cartesian(), centre, radii, turn)
    picture = _scan_convert(beams, sector, x, y)
    labels = np.where(head < 0.0, HEAD, 0).astype(np.uint8)
    return Picture(_display(rng, picture), labels)


def _echoes(
    rng: np.random.Generator,
    points: tuple[Field, Field],
    centre: tuple[float, float],
    radii: tuple[float, float],
    turn: float,
) -> Field:
    """Log-compressed echo of every beam sample, 0 to 1."""
    shape = points[0].shape
    wobble = 0.006 * smooth_field(rng, shape, [40.0, 30.0])
    head = ellipsoid(points, centre, radii, turn) + wobble
    tissue = _surroundings(rng, points, head)
    brain = _brain(rng, points, centre, radii, turn)
    tissue = tissue + coverage(head, 0.01) * (brain - tissue)
    thickness = rng.uniform(0.007, 0.014)
    bone = np.exp(-0.5 * ((head + thickness) / thickness) ** 2)
    # Bone echoes where the beam meets it squarely and drops out where it is grazed.
    squareness = _squareness(head)
    loss = np.clip(1.0 + 0.3 * smooth_field(rng, shape, [60.0, 14.0]), 0.15, 1.2)
    skull = bone * (0.2 + 0.8 * squareness ** rng.uniform(0.8, 2.0)) * loss
    echo = np.maximum(tissue, rng.uniform(0.9, 1.5) * skull)
    shadow = np.exp(-rng.uniform(0.01, 0.05) * np.cumsum(bone * squareness, axis=0))
    depth = np.linspace(0.0, 1.0, shape[0])[:, np.newaxis]
    gain = 1.0 + rng.uniform(-0.35, 0.15) * depth + 0.12 * smooth_field(rng, (1, shape[1]), [1, 20])
    # Speckle is as wide as the beam and as long as the pulse.
    grain = speckle(rng, shape, (rng.uniform(0.7, 1.2), rng.uniform(1.0, 2.2)))
    strength = rng.uniform(0.45, 0.9)
    return echo * shadow * gain * (1.0 + strength * (grain - 1.0))


def _squareness(head: Field) -> Field:
    """How squarely the beams, which run down the rows, meet the skull: 0 to 1."""
    down, aside = np.gradient(head)
    return np.abs(down) / np.maximum(np.hypot(down, 1.4 * aside), 1e-9)


def _surroundings(rng: np.random.Generator, points: tuple[Field, Field], head: Field) -> Field:
    """Abdominal wall, amniotic fluid, placenta and bright curved walls that are no skull."""
    shape = points[0].shape
    tissue = 0.22 + 0.05 * smooth_field(rng, shape, [12.0, 16.0])
    # Skin, fat and muscle follow the probe's surface, bent a little by the patient.
    depth = np.linspace(0.0, 0.75, shape[0])[:, np.newaxis] + 0.012 * smooth_field(rng, shape, 50.0)
    wall = rng.uniform(0.03, 0.11)
    layers = 0.30 + 0.14 * np.sin(depth * rng.uniform(110.0, 220.0))
    tissue = np.where(depth < wall, layers, tissue)
    for _ in range(rng.integers(1, 4)):
        place = (rng.uniform(-0.4, 0.4), rng.uniform(0.15, 0.75))
        pool = ellipsoid(points, place, rng.uniform(0.06, 0.22, 2), rng.uniform(0, 180))
        pool = pool + 0.02 * smooth_field(rng, shape, [30.0, 24.0])
        tissue = tissue + coverage(pool, 0.02) * (0.04 - tissue)
    for _ in range(rng.integers(1, 4)):
        place = (rng.uniform(-0.35, 0.35), rng.uniform(0.05, 0.75))
        mass = ellipsoid(points, place, rng.uniform(0.08, 0.2, 2), rng.uniform(0, 180))
        mass = mass + 0.015 * smooth_field(rng, shape, [20.0, 16.0])
        tissue = tissue + coverage(mass, 0.03) * (rng.uniform(0.25, 0.5) - tissue)
        if rng.random() < 0.6:
            edge = np.exp(-0.5 * (mass / 0.007) ** 2) * _squareness(mass)
            tissue = np.maximum(tissue, rng.uniform(0.4, 0.85) * edge)
    # A rim of fluid around most heads.
    rim = coverage(head - rng.uniform(-0.01, 0.05), 0.03)
    return tissue + 0.85 * rim * (0.07 - tissue)


def _brain(
    rng: np.random.Generator,
    points: tuple[Field, Field],
    centre: tuple[float, float],
    radii: tuple[float, float],
    turn: float,
) -> Field:
    """Dark brain with the midline echo, the cavum, plexus and gyri."""
    shape = points[0].shape
    long, short = radii
    angle = np.deg2rad(turn)
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    brain = rng.uniform(0.08, 0.17) + 0.03 * smooth_field(rng, shape, [14.0, 14.0])
    shift = rng.normal(0.0, 0.06) * short * across
    ends = [np.asarray(centre) + shift + share * long * along for share in (-0.85, -0.2, 0.3, 0.85)]
    gap = rng.uniform(0.0, 1.0, 2)
    pieces = [ends[:2], ends[1:3], ends[2:]]
    for index, piece in enumerate(pieces):
        if index == 1 and gap[0] < 0.5:
            continue
        line = np.exp(-0.5 * (tube(points, np.stack(piece), 0.0) / 0.004) ** 2)
        brain = np.maximum(brain, rng.uniform(0.35, 0.75) * line)
    for side in (-1.0, 1.0):
        place = (
            np.asarray(centre) + 0.38 * side * short * across - rng.uniform(0, 0.3) * long * along
        )
        plexus = ellipsoid(points, place, (0.28 * long, 0.13 * short), turn + side * 12.0)
        brain = brain + coverage(plexus, 0.02) * (rng.uniform(0.15, 0.45) - brain)
    for _ in range(rng.integers(4, 14)):
        offset = rng.uniform(-0.75, 0.75, 2) * radii
        start = np.asarray(centre) + offset[0] * along + offset[1] * across
        stroke = rng.normal(0.0, 0.03, 2)
        line = np.exp(-0.5 * (tube(points, np.stack([start, start + stroke]), 0.0) / 0.004) ** 2)
        brain = np.maximum(brain, rng.uniform(0.2, 0.6) * line)
    return brain


def _scan_convert(beams: Field, sector: _Sector, x: Field, y: Field) -> Field:
    """From beams to the picture; black outside the sector."""
    depth, beam = sector.polar(x, y)
    place = [depth * (_SAMPLES - 1), (beam + 1.0) / 2.0 * (_BEAMS - 1)]
    picture = ndimage.map_coordinates(beams, place, order=1, mode="nearest")
    seen = (depth >= 0.0) & (depth <= 1.0) & (np.abs(beam) <= 1.0)
    return picture * seen


def _display(rng: np.random.Generator, picture: Field) -> np.ndarray:
    bright = np.clip(picture, 0.0, 1.3) ** rng.uniform(0.8, 1.15) * rng.uniform(0.75, 1.15)
    pixels = to_bytes(bright)
    if rng.random() < 0.5:
        # A depth scale burnt in at the left border.
        pixels[8 : pixels.shape[0] - 8 : 12, 2:6] = 180
    return pixels


FAMILY = PhantomFamily(
    name="fetal_head_us",
    title="fetal head ultrasound",
    code=7,
    modality=Modality.ULTRASOUND,
    classes=ClassTable.from_names(("fetal head",)),
    channel_names=("US",),
    dimensions=2,
    default_size=256,
    draw=draw,
)
