"""Dermoscopy: one pigmented lesion with an irregular border, hair, bubbles and vignette."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.modality import Modality
from omniseg_sample_data.canvas import Canvas
from omniseg_sample_data.family import PhantomFamily, Picture
from omniseg_sample_data.fields import Field, smooth_field, to_bytes
from omniseg_sample_data.shapes import coverage, ellipsoid, tube

LESION = 1

# Skin from fair to tanned, and pigment from light brown through dark brown and black to the
# blue grey of deep melanin and the pink of vessels (sRGB under polarised light).
_SKIN = np.array([(0.88, 0.70, 0.64), (0.84, 0.64, 0.56), (0.78, 0.56, 0.46), (0.66, 0.46, 0.36)])
_PIGMENT = np.array(
    [
        (0.62, 0.42, 0.30),
        (0.48, 0.29, 0.20),
        (0.30, 0.18, 0.14),
        (0.16, 0.11, 0.11),
        (0.40, 0.40, 0.46),
        (0.78, 0.48, 0.44),
    ]
)

Points = tuple[Field, Field]


def draw(rng: np.random.Generator, size: int) -> Picture:
    """Draw one square picture of ``size`` pixels."""
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float64)
    points = (columns / size - 0.5, rows / size - 0.5)
    skin = _SKIN[rng.integers(len(_SKIN))] * rng.uniform(0.92, 1.06, 3)
    canvas = Canvas((size, size), skin)
    _paint_skin(rng, canvas, points)
    lesion = _outline(rng, points, size)
    _paint_lesion(rng, canvas, lesion, skin)
    canvas.labels[lesion < 0.0] = LESION
    _paint_hair(rng, canvas, points)
    if rng.random() < 0.3:
        _paint_bubbles(rng, canvas, points)
    if rng.random() < 0.3:
        _paint_ruler(rng, canvas, points)
    if rng.random() < 0.12:
        _paint_sticker(rng, canvas, points)
    return Picture(_acquire(rng, canvas.values, points), canvas.labels)


def _paint_skin(rng: np.random.Generator, canvas: Canvas, points: Points) -> None:
    """Mottled skin with furrows, redness and freckles, which are no lesion by truth."""
    size = canvas.labels.shape[0]
    mottle = smooth_field(rng, canvas.labels.shape, size / 8.0)
    red = np.array([0.3, 1.0, 1.0])[:, None, None]
    canvas.values *= 1.0 - 0.045 * red * mottle
    furrows = np.abs(smooth_field(rng, canvas.labels.shape, size / 40.0))
    canvas.values *= 1.0 - rng.uniform(0.02, 0.07) * np.exp(-furrows * 6.0)
    for _ in range(rng.integers(0, 12)):
        centre = rng.uniform(-0.48, 0.48, 2)
        spot = ellipsoid(points, centre, rng.uniform(0.006, 0.028, 2), rng.uniform(0, 180))
        tone = canvas.values[:, 0, 0] * np.array([0.72, 0.62, 0.56])
        canvas.paint(rng.uniform(0.4, 0.9) * coverage(spot, 0.012), tone, 0)


def _outline(rng: np.random.Generator, points: Points, size: int) -> Field:
    """Signed distance (share of the width) of an irregular, asymmetric blob."""
    radius = rng.uniform(0.12, 0.36)
    centre = rng.normal(0.0, 0.06, 2)
    radii = radius * np.array([1.0, rng.uniform(0.65, 1.0)])
    shape = ellipsoid(points, centre, radii, rng.uniform(0, 180))
    lobes = rng.uniform(0.06, 0.28) * radius
    shape = shape + lobes * smooth_field(rng, shape.shape, size * radius * 0.6)
    notches = rng.uniform(0.02, 0.08) * radius
    return shape + notches * smooth_field(rng, shape.shape, size * radius * 0.22)


def _paint_lesion(rng: np.random.Generator, canvas: Canvas, lesion: Field, skin: Field) -> None:
    """Two to four pigments, network or globules, white regression, a border of varying fade."""
    size = canvas.labels.shape[0]
    shape = lesion.shape
    base = skin * rng.uniform(0.35, 0.75) + rng.uniform(0.25, 0.5) * _PIGMENT[rng.integers(0, 3)]
    colour = np.broadcast_to(base[:, None, None], (3, *shape)).copy()
    for _ in range(rng.integers(1, 4)):
        tone = _PIGMENT[rng.choice(len(_PIGMENT), p=[0.28, 0.27, 0.18, 0.09, 0.09, 0.09])]
        patch = 1.0 / (1.0 + np.exp(-4.0 * (smooth_field(rng, shape, size / 9.0) - 0.3)))
        colour += 0.75 * patch * (tone[:, None, None] - colour)
    if rng.random() < 0.6:
        net = np.abs(smooth_field(rng, shape, size / rng.uniform(50.0, 75.0)))
        colour *= 1.0 - rng.uniform(0.15, 0.4) * np.exp(-net * 4.0)
    else:
        globules = np.clip(smooth_field(rng, shape, size / 60.0) - 1.2, 0.0, 1.0)
        colour *= 1.0 - 0.5 * globules
    if rng.random() < 0.25:
        pale = np.clip(smooth_field(rng, shape, size / 10.0) - 0.9, 0.0, 1.0)
        colour += 0.8 * pale * ((skin * 1.04)[:, None, None] - colour)
    # The truth is the contour where pigment is half as dense; the fade differs along it.
    fade = np.exp(np.log(rng.uniform(0.012, 0.05)) + 0.45 * smooth_field(rng, shape, size / 5.0))
    density = 1.0 / (1.0 + np.exp(lesion / np.maximum(fade, 0.004) * 2.0))
    opacity = rng.uniform(0.55, 1.0)
    canvas.values += opacity * density * (colour - canvas.values)


def _paint_hair(rng: np.random.Generator, canvas: Canvas, points: Points) -> None:
    low, high = [(0, 1), (1, 8), (8, 26)][int(rng.choice(3, p=[0.4, 0.4, 0.2]))]
    count = int(rng.integers(low, high))
    tone = np.array([0.14, 0.10, 0.09]) * rng.uniform(0.6, 2.6)
    heading = rng.uniform(0.0, 2.0 * np.pi)
    for _ in range(count):
        angle = heading + rng.normal(0.0, 0.7)
        bend = rng.normal(0.0, 0.25)
        place = rng.uniform(-0.6, 0.6, 2)
        path = [place]
        for _ in range(7):
            angle += bend / 3.0
            place = place + rng.uniform(0.05, 0.12) * np.array([np.cos(angle), np.sin(angle)])
            path.append(place)
        hair = tube(points, np.stack(path), rng.uniform(0.0012, 0.0042))
        canvas.paint(0.9 * coverage(hair, 1.5 / canvas.labels.shape[0]), tone, None)


def _paint_bubbles(rng: np.random.Generator, canvas: Canvas, points: Points) -> None:
    """Air in the immersion fluid: dark rings with a bright point."""
    for _ in range(rng.integers(3, 22)):
        centre = rng.uniform(-0.5, 0.5, 2)
        radius = rng.uniform(0.006, 0.035)
        ring = np.abs(ellipsoid(points, centre, (radius, radius))) - 0.0035
        canvas.paint(0.45 * coverage(ring, 0.006), (0.25, 0.18, 0.16), None)
        shine = ellipsoid(points, centre - 0.35 * radius, (0.3 * radius, 0.22 * radius))
        canvas.paint(0.85 * coverage(shine, 0.006), (0.97, 0.96, 0.95), None)


def _paint_ruler(rng: np.random.Generator, canvas: Canvas, points: Points) -> None:
    axis = int(rng.integers(2))
    edge = rng.choice([-1.0, 1.0]) * rng.uniform(0.38, 0.46)
    step = rng.uniform(0.035, 0.06)
    along, across = points[axis], points[1 - axis] - edge
    phase = np.abs((along + step / 2.0) % step - step / 2.0)
    longer = np.abs((along + 2.5 * step) % (5.0 * step) - 2.5 * step) < step / 2.0
    marks = np.maximum(phase - 0.0018, np.abs(across) - np.where(longer, 0.032, 0.018))
    canvas.paint(0.8 * coverage(marks, 0.004), (0.15, 0.14, 0.14), None)


def _paint_sticker(rng: np.random.Generator, canvas: Canvas, points: Points) -> None:
    """A coloured disc at the border, as clinics stick beside lesions."""
    angle = rng.uniform(0.0, 2.0 * np.pi)
    centre = 0.62 * np.array([np.cos(angle), np.sin(angle)])
    disc = ellipsoid(points, centre, (0.2, 0.2))
    colours = [(0.85, 0.72, 0.15), (0.15, 0.45, 0.3), (0.2, 0.35, 0.65), (0.75, 0.3, 0.15)]
    canvas.paint(coverage(disc, 0.006), colours[rng.integers(4)], 0)


def _acquire(rng: np.random.Generator, scene: Field, points: Points) -> np.ndarray:
    """Vignette, white balance, blur and noise."""
    distance = np.hypot(points[0] - rng.normal(0, 0.03), points[1] - rng.normal(0, 0.03))
    scene = scene * (1.06 - rng.uniform(0.2, 0.95) * distance**2)
    if rng.random() < 0.2:
        # The round field of a contact dermoscope ends in black.
        scene = scene * (0.06 + 0.94 * coverage(distance - rng.uniform(0.50, 0.62), 0.03))
    scene = scene * np.exp(rng.normal(0.0, [0.04, 0.04, 0.07]))[:, None, None]
    scene = ndimage.gaussian_filter(scene, (0.0, *(rng.uniform(0.3, 1.0),) * 2))
    noise = ndimage.gaussian_filter(rng.standard_normal(scene.shape), (0.0, 0.5, 0.5))
    scene = scene + rng.uniform(0.006, 0.022) * noise
    return to_bytes(np.clip(scene, 0.0, 1.0) ** rng.uniform(0.85, 1.2)).transpose(1, 2, 0)


FAMILY = PhantomFamily(
    name="dermoscopy",
    title="dermoscopy",
    code=5,
    modality=Modality.DERMOSCOPY,
    classes=ClassTable.from_names(("skin lesion",)),
    channel_names=("R", "G", "B"),
    dimensions=2,
    default_size=256,
    draw=draw,
)
