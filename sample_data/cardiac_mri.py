"""Short-axis cine MRI of the heart: left ventricle cavity among chest wall, lungs and RV."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import ndimage

from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.modality import Modality
from omniseg_sample_data.canvas import Canvas
from omniseg_sample_data.family import PhantomFamily, Picture
from omniseg_sample_data.fields import Field, rician, smooth_field, to_bytes, warp
from omniseg_sample_data.shapes import coverage, ellipsoid, tube

CAVITY = 1
Points = tuple[Field, Field]


@dataclasses.dataclass(frozen=True)
class _Signal:
    """Relative signal of balanced steady-state imaging: blood and fat bright, muscle dark."""

    blood: float
    muscle: float
    fat: float
    lung: float
    liver: float

    @classmethod
    def of(cls, rng: np.random.Generator) -> _Signal:
        """Draw the contrast of one scan."""
        return cls(
            blood=rng.uniform(0.52, 0.70),
            muscle=rng.uniform(0.17, 0.27),
            fat=rng.uniform(0.60, 0.95),
            lung=rng.uniform(0.02, 0.06),
            liver=rng.uniform(0.22, 0.38),
        )


def draw(rng: np.random.Generator, size: int) -> Picture:
    """Draw one square slice of ``size`` pixels; the unit of length is 1/256 of the width."""
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float64)
    unit = size / 256.0
    flat = ((columns - size / 2.0) / unit, (rows - size / 2.0) / unit)
    heart = rng.normal(0.0, 7.0, 2)
    canvas = Canvas((size, size), (0.0,))
    signal = _Signal.of(rng)
    # Planes are angled to the heart, so that the chest appears turned by any amount.
    turn = np.deg2rad(rng.normal(0.0, 45.0))
    x, y = flat[0] - heart[0], flat[1] - heart[1]
    points = (x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn))
    bent = warp(rng, points, amplitude=2.5, lengths=45.0 * unit)
    chest = (bent[0], bent[1])
    scale = rng.uniform(0.85, 1.25)
    _paint_chest(rng, canvas, chest, signal, scale)
    _paint_heart(rng, canvas, chest, signal, scale)
    return Picture(_acquire(rng, canvas.values[0], flat, turn, unit), canvas.labels)


def _paint_chest(
    rng: np.random.Generator, canvas: Canvas, points: Points, signal: _Signal, scale: float
) -> None:
    """Chest wall with fat and muscle, lungs, liver, stomach, spine and descending aorta."""
    shape = canvas.labels.shape
    grain = shape[0] / 256.0
    middle = np.array([rng.uniform(-38, -8), rng.uniform(30, 42)]) * scale
    body = ellipsoid(points, middle, (118 * scale, 86 * scale))
    body = body + 4.0 * smooth_field(rng, shape, 60.0 * grain)
    fat = rng.uniform(8.0, 22.0)
    muscle = rng.uniform(7.0, 13.0)
    _fill(canvas, body, signal.fat)
    _fill(canvas, body + fat, signal.muscle)
    streaks = np.abs(smooth_field(rng, shape, [4.0 * grain, 16.0 * grain]))
    between = np.maximum(np.abs(body + fat + muscle / 2.0) - muscle / 2.0, 14.0 * (streaks - 0.25))
    _fill(canvas, between, 0.8 * signal.fat)
    _fill(canvas, body + fat + muscle, signal.lung)
    vessels = 3.0 * (1.6 - smooth_field(rng, shape, 5.0 * grain))
    _fill(canvas, np.maximum(vessels, body + fat + muscle + 4.0), rng.uniform(0.1, 0.3))
    inner = body + fat + muscle
    if rng.random() < 0.75:
        liver = ellipsoid(
            points, (-72 * scale, rng.uniform(30, 75)), (66, 46), rng.uniform(-30, 10)
        )
        liver = liver + 3.0 * smooth_field(rng, shape, 25.0 * grain)
        _fill(canvas, np.maximum(liver, inner), signal.liver)
        for _ in range(rng.integers(2, 6)):
            centre = (-72 * scale + rng.uniform(-35, 35), 55 + rng.uniform(-18, 18))
            vein = ellipsoid(points, centre, rng.uniform(1.5, 5.0, 2), rng.uniform(0, 180))
            _fill(canvas, np.maximum(vein, liver), 0.8 * signal.blood)
    if rng.random() < 0.5:
        stomach = ellipsoid(points, (58, rng.uniform(50, 72)), (30, 18), rng.uniform(0, 180))
        stomach = np.maximum(stomach + 2.0 * smooth_field(rng, shape, 14.0 * grain), inner)
        _fill(canvas, stomach, signal.muscle)
        _fill(canvas, stomach + 3.0, rng.uniform(0.05, 0.75))
    # As round and as bright as the cavity, but no ventricle.
    radius = rng.uniform(7.0, 11.0)
    aorta = ellipsoid(points, (rng.uniform(-5, 22), rng.uniform(56, 70) * scale), (radius, radius))
    _fill(canvas, aorta - 2.5, signal.muscle)
    _fill(canvas, aorta, signal.blood * rng.uniform(0.9, 1.2))
    spine = ellipsoid(points, middle + np.array([0.0, 62.0 * scale]), (19 * scale, 16 * scale))
    spine = spine + 1.5 * smooth_field(rng, shape, 12.0 * grain)
    _fill(canvas, np.maximum(spine - 4.0, body + fat), signal.muscle)
    _fill(canvas, np.maximum(spine, body + fat), rng.uniform(0.25, 0.45))


def _paint_heart(
    rng: np.random.Generator, canvas: Canvas, points: Points, signal: _Signal, scale: float
) -> None:
    """Both ventricles; the level between apex (0) and base (1) sets sizes and neighbours."""
    shape = canvas.labels.shape
    grain = shape[0] / 256.0
    level = rng.uniform(0.0, 1.0)
    systole = rng.random() < 0.5
    cavity_radius = scale * (9.0 + 13.5 * level**0.7) * (0.68 if systole else 1.0)
    wall = scale * rng.uniform(7.0, 10.0) * (1.3 if systole else 1.0)
    radii = (cavity_radius, cavity_radius * rng.uniform(0.84, 1.0))
    cavity = ellipsoid(points, (0, 0), radii, rng.uniform(0, 180))
    cavity = cavity + 0.05 * cavity_radius * smooth_field(rng, shape, 12.0 * grain)
    outer = cavity - wall
    reach = cavity_radius + wall
    # The right ventricle is a crescent at the septum.
    lobe = (-reach * rng.uniform(0.8, 1.05), -reach * rng.uniform(0.0, 0.35))
    right = ellipsoid(points, lobe, (reach * rng.uniform(0.75, 1.1), reach * 0.95), -20.0)
    right = right + 2.0 * smooth_field(rng, shape, 16.0 * grain) + 5.0 * (1.0 - level)
    around = np.minimum(outer, right) - rng.uniform(2.0, 7.0)
    fat = np.maximum(around, 3.0 * smooth_field(rng, shape, 18.0 * grain) - 1.0)
    _fill(canvas, around, signal.muscle * 0.9)
    _fill(canvas, fat, 0.75 * signal.fat)
    if level > 0.75:
        atrium = ellipsoid(points, (reach * 0.6, reach * 1.35), (reach, reach * 0.55), 15.0)
        atrium = atrium + 2.0 * smooth_field(rng, shape, 14.0 * grain)
        _fill(canvas, atrium - 2.0, signal.muscle)
        _fill(canvas, atrium, signal.blood)
    _fill(canvas, right - 2.5, signal.muscle)
    swirl = 1.0 + 0.08 * smooth_field(rng, shape, 7.0 * grain)
    canvas.paint(coverage(right, 1.6), (signal.blood * rng.uniform(0.85, 1.1) * swirl)[None], 0)
    _fill(canvas, outer, signal.muscle)
    canvas.paint(coverage(cavity, 1.6), (signal.blood * swirl)[None], CAVITY)
    _paint_trabeculae(rng, canvas, points, cavity, right, signal, radii)


def _paint_trabeculae(
    rng: np.random.Generator,
    canvas: Canvas,
    points: Points,
    cavity: Field,
    right: Field,
    signal: _Signal,
    radii: tuple[float, float],
) -> None:
    """Papillary muscles, part of the cavity by the contours' convention, and trabeculae."""
    for angle in (rng.normal(0.9, 0.3), rng.normal(2.6, 0.3)):
        if rng.random() < 0.25:
            continue
        share = rng.uniform(0.55, 0.8)
        centre = (share * radii[0] * np.cos(angle), share * radii[1] * np.sin(angle))
        size = rng.uniform(0.12, 0.24) * radii[0]
        papilla = ellipsoid(points, centre, (size, size * rng.uniform(0.7, 1.3)))
        canvas.paint(0.85 * coverage(np.maximum(papilla, cavity), 1.6), (signal.muscle,), None)
    for _ in range(rng.integers(0, 4)):
        start = np.array([-radii[0], 0.0]) * rng.uniform(1.5, 2.6)
        band = np.stack([start, start + rng.normal(0.0, 12.0, 2)])
        trabecula = np.maximum(tube(points, band, 1.2), right)
        canvas.paint(0.7 * coverage(trabecula, 1.6), (signal.muscle,), None)


def _fill(canvas: Canvas, distance: Field, value: float) -> None:
    canvas.paint(coverage(distance, 1.6), (value,), 0)


def _acquire(
    rng: np.random.Generator, scene: Field, points: Points, turn: float, unit: float
) -> np.ndarray:
    """Surface-coil shading, blur, noise, a corrected field of view and the display window."""
    texture = 1.0 + 0.05 * smooth_field(rng, scene.shape, 3.0 * unit)
    # The coil lies on the chest: in the direction that the turn has brought the front to.
    front = points[0] * np.sin(turn) - points[1] * np.cos(turn)
    coil = np.exp(rng.uniform(0.4, 1.2) * front / 128.0)
    coil *= np.exp(0.15 * smooth_field(rng, scene.shape, 90.0 * unit))
    scene = ndimage.gaussian_filter(scene * texture * coil, rng.uniform(0.4, 0.9) * unit)
    scene = rician(rng, scene, rng.uniform(0.012, 0.035))
    if rng.random() < 0.6:
        edge = np.hypot(points[0], points[1]) - rng.uniform(105.0, 128.0)
        scene = scene * coverage(edge, 2.0)
    # Stored pictures scale to the brightest fat, which leaves many of them dark.
    return to_bytes(scene / scene.max() * rng.uniform(0.7, 1.5))


FAMILY = PhantomFamily(
    name="cardiac_mri",
    title="short-axis cardiac MRI",
    code=8,
    modality=Modality.MRI,
    classes=ClassTable.from_names(("left ventricle",)),
    channel_names=("MRI",),
    dimensions=2,
    default_size=256,
    draw=draw,
)
