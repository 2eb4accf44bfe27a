"""Abdominal CT in Hounsfield units: native, arterial or portal-venous phase."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import ndimage

from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.modality import Modality
from omniseg_sample_data.abdomen import NAMES, Abdomen
from omniseg_sample_data.canvas import Canvas
from omniseg_sample_data.family import PhantomFamily, Volume
from omniseg_sample_data.fields import smooth_field
from omniseg_sample_data.grid import centred_grid, world_points
from omniseg_sample_data.trunk import Body, Tissue

#: Typical HU: soft tissue after Lamba et al. (2014), enhancement as in portal-venous scans.
_FIXED_HU = {
    Tissue.TABLE: -350.0,
    Tissue.FAT: -102.0,
    Tissue.MUSCLE: 56.0,
    Tissue.LUNG: -830.0,
    Tissue.CORTICAL_BONE: 520.0,
    Tissue.DISC: 85.0,
    Tissue.SPINAL_CANAL: 30.0,
    Tissue.GAS: -940.0,
    Tissue.BILE: 8.0,
    Tissue.CYST: 6.0,
}


@dataclasses.dataclass(frozen=True)
class _Phase:
    """Mean HU of what takes up contrast medium, and how often the phase occurs."""

    share: float
    liver: float
    spleen: float
    cortex: float
    medulla: float
    artery: float
    vein: float
    pancreas: float
    wall: float


# Liver and spleen are a few HU apart in each phase, and muscle, pancreas and bowel wall lie
# among them: no window separates an organ from its neighbours.
_PHASES = (
    _Phase(0.15, 56.0, 50.0, 34.0, 32.0, 42.0, 40.0, 42.0, 38.0),
    _Phase(0.25, 78.0, 108.0, 165.0, 85.0, 260.0, 95.0, 98.0, 85.0),
    _Phase(0.60, 106.0, 116.0, 172.0, 150.0, 150.0, 155.0, 92.0, 88.0),
)


def draw(rng: np.random.Generator, size: int) -> Volume:
    """Draw one scan of ``size`` x 0.8 ``size`` x 24 to 32 voxels; its axes point LPS."""
    body = Body.of(rng)
    slices = int(rng.integers(24, 33))
    spacing = 2.0 * body.half_width * rng.uniform(1.04, 1.12) / size
    thickness = rng.uniform(4.6, 5.4)
    shape = (size, round(size * 0.8), slices)
    axes = np.diag([-spacing, -spacing, thickness])
    offset = rng.uniform(-12.0, 12.0, 3) * [0.4, 0.4, 1.0]
    geometry, origin = centred_grid(shape, axes, offset, rng.uniform(-200.0, 200.0, 3))
    points = world_points(geometry, origin)

    hounsfield = _values(rng)
    canvas = Canvas(shape, [-1000.0])
    for layer in Abdomen(rng, points, body, spacing).layers():
        canvas.paint(layer.share, [hounsfield[layer.tissue]], layer.label)
    scan = canvas.values[0]
    soft = (scan > -300.0) & (scan < 300.0)
    scan = scan + soft * 7.0 * smooth_field(rng, shape, [10.0, 10.0, 3.0])
    scan = ndimage.gaussian_filter(scan, (rng.uniform(0.4, 0.8),) * 2 + (0.25,))
    scan = scan + _noise(rng, shape)
    voxels = np.rint(np.clip(scan, -1024.0, 1500.0)).astype(np.int16)
    return Volume(voxels[np.newaxis], canvas.labels, geometry)


def _values(rng: np.random.Generator) -> dict[Tissue, float]:
    phase = _PHASES[int(rng.choice(len(_PHASES), p=[p.share for p in _PHASES]))]
    # One factor for the dose of contrast medium, one liver in four steatotic.
    dose = rng.normal(1.0, 0.08)
    steatosis = rng.uniform(10.0, 32.0) if rng.random() < 0.25 else 0.0
    liver = phase.liver * dose + rng.normal(0.0, 5.0) - steatosis
    enhanced = {
        Tissue.LIVER: liver,
        Tissue.METASTASIS: liver - rng.uniform(22.0, 45.0),
        Tissue.LIVER_VEIN: 0.35 * liver + 0.65 * phase.vein * dose,
        Tissue.SPLEEN: phase.spleen * dose + rng.normal(0.0, 5.0),
        Tissue.RENAL_CORTEX: phase.cortex * dose + rng.normal(0.0, 8.0),
        Tissue.RENAL_MEDULLA: phase.medulla * dose + rng.normal(0.0, 6.0),
        Tissue.ARTERY: phase.artery * dose,
        Tissue.VEIN: phase.vein * dose,
        Tissue.PANCREAS: phase.pancreas * dose + rng.normal(0.0, 5.0),
        Tissue.BOWEL_WALL: phase.wall * dose + rng.normal(0.0, 6.0),
        # Water or positive oral contrast that looks like an organ.
        Tissue.BOWEL_CONTENT: rng.uniform(5.0, 45.0)
        if rng.random() < 0.6
        else rng.uniform(80, 170),
        Tissue.SPONGIOSA: rng.uniform(110.0, 230.0),
    }
    fixed = {tissue: value + rng.normal(0.0, 4.0) for tissue, value in _FIXED_HU.items()}
    return fixed | enhanced


def _noise(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Quantum noise: correlated in plane by the reconstruction kernel, 10 to 24 HU."""
    white = rng.standard_normal(shape)
    sigma = rng.uniform(0.45, 0.8)
    grain = ndimage.gaussian_filter(white, (sigma, sigma, 0.0))
    return grain * (rng.uniform(10.0, 24.0) / grain.std())


FAMILY = PhantomFamily(
    name="abdominal_ct",
    title="abdominal CT",
    code=1,
    modality=Modality.CT,
    classes=ClassTable.from_names(NAMES),
    channel_names=("CT",),
    dimensions=3,
    default_size=160,
    draw=draw,
)
