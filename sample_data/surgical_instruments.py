"""Laparoscopy: rigid instruments with shaft and manipulator in a lit, reddish cavity."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.modality import Modality
from omniseg_sample_data.canvas import Canvas
from omniseg_sample_data.family import PhantomFamily, Picture
from omniseg_sample_data.fields import Field, smooth_field, to_bytes
from omniseg_sample_data.shapes import coverage, ellipsoid, tube, turned

SHAFT, MANIPULATOR = 1, 2

# Liver, muscle, serosa, fat, bowel, blood: sRGB of such tissue under a laparoscope's light.
_TISSUE = np.array(
    [
        (0.42, 0.16, 0.13),
        (0.60, 0.24, 0.20),
        (0.76, 0.48, 0.44),
        (0.82, 0.58, 0.28),
        (0.66, 0.36, 0.32),
        (0.45, 0.08, 0.07),
    ]
)
_DARK, _STEEL, _GREY = (0.10, 0.10, 0.11), (0.62, 0.62, 0.63), (0.34, 0.34, 0.36)


def draw(rng: np.random.Generator, size: int) -> Picture:
    """Draw one frame of ``size`` x 0.75 ``size`` pixels."""
    shape = (round(size * 0.75), size)
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float64)
    # Unit: the picture's width; origin in its middle.
    points = ((columns - size / 2.0) / size, (rows - shape[0] / 2.0) / size)
    canvas = Canvas(shape, (0.4, 0.15, 0.12))
    pixel = 1.5 / size
    _paint_cavity(rng, canvas, points, pixel)
    count = int(rng.choice([1, 2, 3], p=[0.5, 0.4, 0.1]))
    first = rng.uniform(0.0, 360.0)
    for index in range(count):
        turn = first + index * rng.uniform(90.0, 200.0)
        _paint_instrument(rng, canvas, points, pixel, turn)
    if rng.random() < 0.25:
        _paint_overlap(rng, canvas, points, pixel)
    pixels = _acquire(rng, canvas.values, points)
    if rng.random() < 0.35:
        # Some scopes show a round field.
        inside = np.hypot(*points) < rng.uniform(0.46, 0.56)
        pixels, labels = pixels * inside[..., None], canvas.labels * inside
        return Picture(pixels, labels)
    return Picture(pixels, canvas.labels)


def _paint_cavity(
    rng: np.random.Generator, canvas: Canvas, points: tuple[Field, Field], pixel: float
) -> None:
    """Organs with folds, vessels, blood, and grey things that are no instrument."""
    shape = canvas.labels.shape
    size = shape[1]
    for _ in range(rng.integers(7, 13)):
        colour = _TISSUE[rng.integers(len(_TISSUE))] * rng.uniform(0.7, 1.2)
        centre = (rng.uniform(-0.55, 0.55), rng.uniform(-0.42, 0.42))
        radii = rng.uniform(0.1, 0.38, 2)
        organ = ellipsoid(points, centre, radii, rng.uniform(0, 180))
        organ = organ + 0.035 * smooth_field(rng, shape, size / 12.0)
        # Round organs: darker towards their rim.
        bulge = 0.62 + 0.5 * np.clip(-organ / radii.min(), 0.0, 1.0) ** 0.5
        canvas.paint(coverage(organ, 4.0 * pixel), colour[:, None, None] * bulge, 0)
    wrinkles = smooth_field(rng, shape, [size / 60.0, size / 22.0])
    canvas.values *= 1.0 + 0.10 * wrinkles + 0.12 * smooth_field(rng, shape, size / 20.0)
    for _ in range(rng.integers(4, 14)):
        path = _winding(rng, rng.uniform(0.1, 0.4))
        vessel = tube(points, path, rng.uniform(0.001, 0.006))
        colour = (0.38, 0.06, 0.06) if rng.random() < 0.7 else (0.8, 0.6, 0.55)
        canvas.paint(0.7 * coverage(vessel, 2.0 * pixel), colour, 0)
    if rng.random() < 0.45:
        _paint_distractor(rng, canvas, points, pixel)


def _winding(rng: np.random.Generator, length: float) -> Field:
    heading = rng.uniform(0.0, 2.0 * np.pi)
    place = rng.uniform(-0.45, 0.45, 2)
    path = [place]
    for _ in range(6):
        heading += rng.normal(0.0, 0.45)
        place = place + length / 6.0 * np.array([np.cos(heading), np.sin(heading)])
        path.append(place)
    return np.stack(path)


def _paint_distractor(
    rng: np.random.Generator, canvas: Canvas, points: tuple[Field, Field], pixel: float
) -> None:
    """Gauze, a dark cleft or a drain: as grey, bright or straight as an instrument."""
    kind = rng.integers(3)
    centre = rng.uniform(-0.35, 0.35, 2)
    if kind == 0:
        gauze = ellipsoid(points, centre, rng.uniform(0.06, 0.16, 2), rng.uniform(0, 180))
        gauze = gauze + 0.02 * smooth_field(rng, canvas.labels.shape, 6.0)
        weave = 0.72 + 0.08 * np.sin(points[0] * 300) * np.sin(points[1] * 300)
        value = np.stack([weave, weave * rng.uniform(0.7, 0.98), weave * rng.uniform(0.65, 0.95)])
        canvas.paint(coverage(gauze, 3.0 * pixel), value, 0)
    elif kind == 1:
        cleft = ellipsoid(points, centre, (rng.uniform(0.1, 0.3), 0.04), rng.uniform(0, 180))
        cleft = cleft + 0.015 * smooth_field(rng, canvas.labels.shape, 12.0)
        canvas.paint(coverage(cleft, 8.0 * pixel), (0.07, 0.03, 0.03), 0)
    else:
        drain = tube(points, _winding(rng, rng.uniform(0.5, 1.0)), rng.uniform(0.014, 0.03))
        glow = 0.75 + 8.0 * np.clip(-drain, 0.0, 0.03)
        value = glow * np.array([0.75, 0.62, 0.55])[:, None, None]
        canvas.paint(coverage(drain, 2.0 * pixel), value, 0)


def _paint_instrument(
    rng: np.random.Generator,
    canvas: Canvas,
    points: tuple[Field, Field],
    pixel: float,
    direction: float,
) -> None:
    """One instrument that enters at ``direction`` (degrees) and ends near the middle."""
    angle = np.deg2rad(direction)
    tip = np.array([rng.normal(0.0, 0.12), rng.normal(0.0, 0.09)])
    # Local frame: u runs from the tip outwards along the shaft, v across it.
    bearing = np.rad2deg(angle + rng.normal(0.0, 0.25))
    u, v = turned((points[0] - tip[0], points[1] - tip[1]), bearing)
    width = rng.uniform(0.024, 0.052)
    widening = rng.uniform(0.0, 0.09)
    reach = rng.uniform(0.11, 0.24)
    half = width + widening * np.clip(u - reach, 0.0, None)
    shadow = np.maximum(np.abs(v + 0.02) - half - 0.012, 0.6 * reach - u)
    canvas.values *= 1.0 - 0.4 * coverage(shadow, 0.05)
    shaft = np.maximum(np.abs(v) - half, reach - u)
    across = np.clip(v / np.maximum(half, 1e-6), -1.0, 1.0)
    finish = [_DARK, _DARK, _STEEL, _GREY][rng.integers(4)]
    shading = _cylinder(rng, across)
    colour = np.asarray(finish)[:, None, None] * shading
    canvas.paint(coverage(shaft, pixel), colour + _reflected(rng), SHAFT)
    _paint_marks(rng, canvas, (u, v), shaft, reach, pixel)
    _paint_manipulator(rng, canvas, (u, v), (width, reach), pixel)


def _cylinder(rng: np.random.Generator, across: Field) -> Field:
    """Shading of a round rod: darker rims and a streak of glare along it."""
    glare = np.exp(-0.5 * ((across - rng.uniform(-0.5, 0.5)) / rng.uniform(0.08, 0.25)) ** 2)
    return 0.55 + 0.6 * np.sqrt(1.0 - 0.98 * across**2) + rng.uniform(0.3, 1.4) * glare


def _reflected(rng: np.random.Generator) -> Field:
    """Red light that metal throws back from the tissue."""
    return np.array([0.09, 0.02, 0.02])[:, None, None] * rng.uniform(0.0, 1.3)


def _paint_marks(
    rng: np.random.Generator,
    canvas: Canvas,
    frame: tuple[Field, Field],
    shaft: Field,
    reach: float,
    pixel: float,
) -> None:
    """Depth rings or white lettering on the shaft."""
    u, v = frame
    if rng.random() < 0.35:
        start = reach + rng.uniform(0.03, 0.15)
        letters = np.sin((u - start) * 260.0) + 0.5 * np.sin(v * 700.0 + 9.0 * u)
        box = np.maximum(np.abs(v) - 0.014, np.abs(u - start - 0.06) - 0.06)
        mark = np.maximum(np.maximum(box, -0.008 * letters), shaft)
        canvas.paint(0.8 * coverage(mark, pixel), (0.85, 0.85, 0.85), None)
    if rng.random() < 0.3:
        ring = np.maximum(np.abs(u - reach - rng.uniform(0.02, 0.2)) - 0.008, shaft)
        canvas.paint(coverage(ring, pixel), (0.75, 0.74, 0.72), None)


def _paint_manipulator(
    rng: np.random.Generator,
    canvas: Canvas,
    frame: tuple[Field, Field],
    body: tuple[float, float],
    pixel: float,
) -> None:
    """A clevis and two jaws, straight or hooked, open or closed."""
    u, v = frame
    width, reach = body
    narrow = width * rng.uniform(0.75, 1.0)
    hinge = reach * rng.uniform(0.45, 0.7)
    clevis = np.maximum(np.abs(v) - narrow, np.maximum(u - reach - 0.4 * width, hinge - u))
    opening = rng.uniform(0.0, 28.0) if rng.random() < 0.7 else 0.0
    jaws = np.full(u.shape, np.inf)
    for side in (-1.0, 1.0):
        a, b = turned((u - hinge, v - side * 0.25 * narrow), side * -opening)
        length = hinge * rng.uniform(0.85, 1.1)
        taper = narrow * (0.25 + 0.5 * np.clip(1.0 + a / length, 0.0, 1.0))
        jaw = np.maximum(np.abs(b) - taper, np.maximum(a - 0.3 * narrow, -length - a))
        jaws = np.minimum(jaws, jaw)
    tip = np.minimum(clevis, jaws)
    tone = rng.uniform(0.32, 0.72) * (1.0 - 0.6 * (rng.random() < 0.2))
    across = np.clip(v / (2.0 * narrow), -1.0, 1.0)
    teeth = 1.0 + 0.12 * np.sin(u * rng.uniform(250.0, 420.0)) * (u < hinge)
    colour = np.array([1.0, 0.98, 0.95])[:, None, None] * tone * _cylinder(rng, across) * teeth
    canvas.paint(coverage(tip, pixel), colour + _reflected(rng), MANIPULATOR)
    pin = ellipsoid((u, v), (hinge, 0.0), (0.35 * narrow, 0.35 * narrow))
    canvas.paint(coverage(np.maximum(pin, tip), pixel), (0.2, 0.19, 0.19), None)


def _paint_overlap(
    rng: np.random.Generator, canvas: Canvas, points: tuple[Field, Field], pixel: float
) -> None:
    """Tissue that hides a part of an instrument."""
    centre = rng.uniform(-0.3, 0.3, 2)
    fold = ellipsoid(points, centre, rng.uniform(0.04, 0.1, 2), rng.uniform(0, 180))
    fold = fold + 0.012 * smooth_field(rng, canvas.labels.shape, 10.0)
    colour = _TISSUE[rng.integers(len(_TISSUE))][:, None, None]
    bulge = 0.7 + 5.0 * np.clip(-fold, 0.0, 0.08)
    canvas.paint(coverage(fold, 2.0 * pixel), colour * bulge, 0)


def _acquire(rng: np.random.Generator, scene: Field, points: tuple[Field, Field]) -> np.ndarray:
    """Light of the scope, glare on wet tissue, smoke, blur, colour cast and noise."""
    shape = scene.shape[1:]
    size = shape[1]
    centre = rng.normal(0.0, 0.1, 2)
    distance = np.hypot(points[0] - centre[0], points[1] - centre[1])
    scene = scene * (1.25 - rng.uniform(0.5, 1.3) * distance**1.5)
    relief = smooth_field(rng, shape, size / 75.0) + 0.9 * smooth_field(rng, shape, size / 16.0)
    wet = np.clip((relief - rng.uniform(2.6, 3.4)) * 2.5, 0.0, 1.0)
    scene = scene + 0.8 * wet * (0.97 - scene)
    if rng.random() < 0.4:
        haze = np.clip(0.4 + 0.5 * smooth_field(rng, shape, size / 4.0), 0.0, 1.0)
        haze = rng.uniform(0.15, 0.6) * haze
        scene = scene + haze * (np.array([0.66, 0.60, 0.60])[:, None, None] - scene)
    scene = scene * np.exp(rng.normal(0.0, [0.05, 0.06, 0.08]))[:, None, None]
    scene = ndimage.gaussian_filter(scene, (0.0, *(rng.uniform(0.3, 1.1),) * 2))
    if rng.random() < 0.25:
        steps = int(rng.integers(2, 5))
        scene = ndimage.uniform_filter1d(scene, 2 * steps + 1, axis=int(rng.integers(1, 3)))
    noise = ndimage.gaussian_filter(rng.standard_normal(scene.shape), (0.0, 0.5, 0.5))
    scene = scene + rng.uniform(0.01, 0.035) * noise
    return to_bytes(np.clip(scene, 0.0, 1.0) ** rng.uniform(0.85, 1.15)).transpose(1, 2, 0)


FAMILY = PhantomFamily(
    name="surgical_instruments",
    title="surgical instruments",
    code=6,
    modality=Modality.ENDOSCOPY,
    classes=ClassTable.from_names(("instrument shaft", "instrument manipulator")),
    channel_names=("R", "G", "B"),
    dimensions=2,
    default_size=256,
    draw=draw,
)
