"""Retinal OCT: a B-scan through or beside the fovea, eight labelled layers."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import ndimage

from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.modality import Modality
from omniseg_sample_data.family import PhantomFamily, Picture
from omniseg_sample_data.fields import Field, smooth_field, speckle, to_bytes

NAMES = (
    "nerve fibre layer",
    "ganglion cell and inner plexiform layer",
    "inner nuclear layer",
    "outer plexiform layer",
    "outer nuclear layer",
    "photoreceptors",
    "retinal pigment epithelium",
    "choroid",
)


@dataclasses.dataclass(frozen=True)
class _Layer:
    """Thickness (share of the picture's height) away from and at the fovea; reflectivity."""

    far: float
    fovea: float
    bright: float


# Proportions of the normal macula (Staurenghi et al. 2014); bright and dark layers alternate
# and repeat each other's brightness, so that only order and place tell them apart.
_LAYERS = (
    _Layer(0.052, 0.006, 0.66),
    _Layer(0.098, 0.012, 0.47),
    _Layer(0.048, 0.010, 0.30),
    _Layer(0.040, 0.022, 0.44),
    _Layer(0.072, 0.130, 0.26),
    _Layer(0.050, 0.062, 0.58),
    _Layer(0.032, 0.034, 0.74),
    _Layer(0.150, 0.170, 0.42),
)
_VITREOUS, _SCLERA = 0.06, 0.24


def draw(rng: np.random.Generator, size: int) -> Picture:
    """Draw one square B-scan of ``size`` pixels."""
    borders = _borders(rng, size)
    rows = np.arange(size, dtype=np.float64)[:, np.newaxis]
    labels = np.zeros((size, size), dtype=np.uint8)
    tissue = np.full((size, size), _VITREOUS)
    softness = rng.uniform(0.8, 1.6) * size / 256.0
    contrast = rng.uniform(0.72, 1.05)
    for value, layer in enumerate(_LAYERS, start=1):
        below = np.clip(0.5 + (rows - borders[value - 1]) / (2.0 * softness), 0.0, 1.0)
        bright = 0.42 + contrast * (layer.bright * np.exp(rng.normal(0.0, 0.07)) - 0.42)
        tissue += below * (bright - tissue)
        labels[rows >= borders[value - 1]] = value
    below = np.clip(0.5 + (rows - borders[-1]) / (6.0 * softness), 0.0, 1.0)
    tissue += below * (_SCLERA - tissue)
    labels[rows >= borders[-1]] = 0
    tissue = _choroidal_vessels(rng, tissue, labels)
    tissue = _lesions(rng, tissue, borders)
    return Picture(_acquire(rng, tissue, borders), labels)


def _borders(rng: np.random.Generator, size: int) -> Field:
    """Rows of the nine borders, shape (9, columns), from the vitreous to the sclera."""
    across = np.linspace(-1.0, 1.0, size)
    place = rng.uniform(-0.45, 0.45) if rng.random() < 0.8 else rng.choice([-1.6, 1.6])
    width = rng.uniform(0.16, 0.30)
    pit = np.exp(-0.5 * ((across - place) / width) ** 2) * rng.uniform(0.75, 1.0)
    # The nerve fibre layer thickens towards the disc, on the nasal side.
    nasal = np.clip((across - place) * rng.choice([-1.0, 1.0]), -1.0, 2.0)
    scale = rng.uniform(0.88, 1.12)
    thickness = []
    for index, layer in enumerate(_LAYERS):
        base = layer.far + pit * (layer.fovea - layer.far)
        if index == 0:
            base = base * (1.0 + 0.45 * nasal)
        waves = 1.0 + 0.09 * smooth_field(rng, (size,), size / 7.0)
        local = scale * np.exp(rng.normal(0.0, 0.08))
        thickness.append(np.maximum(base * local * waves, 0.004))
    rows = np.cumsum(np.stack([np.zeros(size), *thickness]), axis=0)
    # The pigment epithelium follows the eyeball; what lies above it makes the foveal pit.
    bend = rng.uniform(-0.03, 0.12) * across**2 + rng.uniform(-0.09, 0.09) * across
    bend += 0.006 * smooth_field(rng, (size,), size / 5.0)
    epithelium = rng.uniform(0.52, 0.68) - bend
    rows = rows - rows[6] + epithelium
    if rng.random() < 0.3:
        rows = _lift_by_drusen(rng, rows, across)
    return rows * size


def _lift_by_drusen(rng: np.random.Generator, rows: Field, across: Field) -> Field:
    """Raise the pigment epithelium and what lies on it, thinning the outer nuclear layer."""
    lift = np.zeros_like(across)
    for _ in range(rng.integers(1, 6)):
        centre, width = rng.uniform(-0.8, 0.8), rng.uniform(0.03, 0.09)
        lift += rng.uniform(0.008, 0.028) * np.exp(-0.5 * ((across - centre) / width) ** 2)
    lifted = rows.copy()
    room = 0.7 * (rows[5] - rows[4])
    lift = np.minimum(lift, room)
    lifted[5:8] -= lift
    return lifted


def _choroidal_vessels(rng: np.random.Generator, tissue: Field, labels: np.ndarray) -> Field:
    size = tissue.shape[0]
    blotches = smooth_field(rng, tissue.shape, [size / 50.0, size / 26.0])
    dark = np.clip(blotches - 0.2, 0.0, 1.0) * (labels == 8)
    return tissue * (1.0 - 0.55 * dark)


def _lesions(rng: np.random.Generator, tissue: Field, borders: Field) -> Field:
    """Intraretinal cysts and hard exudates, which belong to the layers that hold them."""
    size = tissue.shape[0]
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float64)
    unit = size / 256.0
    if rng.random() < 0.25:
        for _ in range(rng.integers(2, 8)):
            column = int(rng.integers(size))
            row = rng.uniform(borders[2, column], borders[4, column])
            reach = rng.uniform(2.0, 6.0) * unit
            ball = np.hypot((columns - column) / 1.5, rows - row) - reach
            tissue = tissue + np.clip(0.5 - ball / 2, 0, 1) * (0.10 - tissue)
    for _ in range(rng.integers(0, 4)):
        column = int(rng.integers(size))
        row = rng.uniform(borders[3, column], borders[5, column])
        ball = np.hypot(columns - column, rows - row) - rng.uniform(1.0, 2.6) * unit
        tissue = tissue + np.clip(0.5 - ball, 0, 1) * (0.85 - tissue)
    return tissue


def _acquire(rng: np.random.Generator, tissue: Field, borders: Field) -> np.ndarray:
    """Attenuation with depth, shadows of retinal vessels, sensitivity roll-off, speckle."""
    size = tissue.shape[0]
    rows = np.arange(size, dtype=np.float64)[:, np.newaxis]
    columns = np.arange(size, dtype=np.float64)
    shade = np.ones_like(tissue)
    for _ in range(rng.integers(2, 8)):
        place, width = rng.uniform(0, size), rng.uniform(1.5, 5.0) * size / 256.0
        column = np.exp(-0.5 * ((columns - place) / width) ** 2)
        depth = 1.0 / (1.0 + np.exp(-(rows - borders[1] - 3.0) / 3.0))
        shade *= 1.0 - rng.uniform(0.3, 0.75) * column * depth
    into = np.clip(rows - borders[0], 0.0, None) / size
    shade *= np.exp(-rng.uniform(0.1, 0.9) * into)
    shade *= 1.0 - rng.uniform(0.0, 0.35) * (rows / size - 0.3)
    shade *= np.exp(0.16 * smooth_field(rng, (1, size), [1.0, size / 4.0]))
    grain = speckle(rng, tissue.shape, (rng.uniform(0.4, 0.7), rng.uniform(0.6, 1.1)))
    # Averaging B-scans reduces speckle; devices differ.
    strength = rng.uniform(0.35, 0.75)
    signal = tissue * shade * (1.0 + strength * (grain - 1.0))
    floor = rng.uniform(0.02, 0.06) * speckle(rng, tissue.shape, (0.5, 0.6))
    image = ndimage.gaussian_filter(signal + floor, (0.3, rng.uniform(0.3, 0.8)))
    return to_bytes(np.maximum(image, 0.0) ** rng.uniform(0.8, 1.1) * rng.uniform(0.95, 1.3))


FAMILY = PhantomFamily(
    name="retinal_oct",
    title="retinal OCT",
    code=4,
    modality=Modality.OCT,
    classes=ClassTable.from_names(NAMES),
    channel_names=("OCT",),
    dimensions=2,
    default_size=256,
    draw=draw,
)
