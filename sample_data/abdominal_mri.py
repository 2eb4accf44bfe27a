"""Abdominal MRI: the CT's anatomy in T1 or fat-suppressed T2 contrast, on an oblique grid."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.modality import Modality
from omniseg_sample_data.abdomen import NAMES, Abdomen
from omniseg_sample_data.canvas import Canvas
from omniseg_sample_data.family import PhantomFamily, Volume
from omniseg_sample_data.fields import bias_field, rician, smooth_field
from omniseg_sample_data.grid import centred_grid, world_points
from omniseg_sample_data.trunk import Body, Tissue

#: Relative signal: (T1 gradient echo, T2 turbo spin echo with fat suppression). The order of
#: the organs follows clinical contrast: the spleen is darker than the liver in T1 and
#: brighter in T2, the renal medulla stands out in both, fluid is dark in T1 and bright in T2.
_SIGNAL = {
    Tissue.TABLE: (0.00, 0.00),
    Tissue.FAT: (0.90, 0.17),
    Tissue.MUSCLE: (0.40, 0.16),
    Tissue.LUNG: (0.04, 0.05),
    Tissue.SPONGIOSA: (0.58, 0.26),
    Tissue.CORTICAL_BONE: (0.10, 0.05),
    Tissue.DISC: (0.36, 0.44),
    Tissue.SPINAL_CANAL: (0.28, 0.90),
    Tissue.BOWEL_WALL: (0.43, 0.42),
    Tissue.BOWEL_CONTENT: (0.28, 0.66),
    Tissue.GAS: (0.02, 0.02),
    Tissue.ARTERY: (0.18, 0.05),
    Tissue.VEIN: (0.30, 0.14),
    Tissue.PANCREAS: (0.56, 0.42),
    Tissue.BILE: (0.20, 0.95),
    Tissue.LIVER: (0.55, 0.30),
    Tissue.LIVER_VEIN: (0.36, 0.42),
    Tissue.METASTASIS: (0.40, 0.46),
    Tissue.CYST: (0.17, 0.95),
    Tissue.SPLEEN: (0.40, 0.55),
    Tissue.RENAL_CORTEX: (0.46, 0.54),
    Tissue.RENAL_MEDULLA: (0.34, 0.66),
}


def draw(rng: np.random.Generator, size: int) -> Volume:
    """Draw one scan of ``size`` x 0.8 ``size`` x 24 to 30 voxels, tilted by up to 8 degrees."""
    body = Body.of(rng)
    slices = int(rng.integers(24, 31))
    spacing = 2.0 * body.half_width * rng.uniform(1.04, 1.14) / size
    thickness = rng.uniform(4.8, 5.8)
    shape = (size, round(size * 0.8), slices)
    tilt = Rotation.from_euler("xyz", rng.uniform(-8.0, 8.0, 3) * [1.0, 0.6, 0.4], degrees=True)
    # Stored left-anterior-superior, unlike the CT.
    axes = tilt.as_matrix() @ np.diag([-spacing, spacing, thickness])
    offset = rng.uniform(-10.0, 10.0, 3) * [0.4, 0.4, 1.0]
    geometry, origin = centred_grid(shape, axes, offset, rng.uniform(-60.0, 60.0, 3))
    points = world_points(geometry, origin)

    weighting = int(rng.random() < 0.5)
    signal = {t: s[weighting] * np.exp(rng.normal(0.0, 0.07)) for t, s in _SIGNAL.items()}
    if weighting == 1 and rng.random() < 0.3:
        signal[Tissue.FAT] = rng.uniform(0.6, 0.85)  # acquired without fat suppression
    canvas = Canvas(shape, [0.0])
    for layer in Abdomen(rng, points, body, spacing).layers():
        canvas.paint(layer.share, [signal[layer.tissue]], layer.label)
    magnitude = _acquire(rng, canvas.values[0], points)
    voxels = np.rint(np.clip(magnitude * rng.uniform(300.0, 1400.0), 0.0, 32767.0))
    return Volume(voxels.astype(np.int16)[np.newaxis], canvas.labels, geometry)


def _acquire(
    rng: np.random.Generator, signal: np.ndarray, points: tuple[np.ndarray, ...]
) -> np.ndarray:
    """Coil shading, breathing ghosts along the phase direction, blur and Rician noise."""
    shape = signal.shape
    texture = 1.0 + 0.05 * smooth_field(rng, shape, [5.0, 5.0, 2.0])
    lengths = [shape[0] / 2.5, shape[1] / 2.0, shape[2]]
    shading = bias_field(rng, shape, strength=rng.uniform(0.12, 0.28), lengths=lengths)
    # Surface coils: brighter near the skin than in the middle.
    depth = np.hypot(points[0] / 170.0, points[1] / 115.0)
    shading *= 1.0 + rng.uniform(0.0, 0.35) * (depth - 0.5)
    scan = signal * texture * shading
    ghost = rng.uniform(0.0, 0.06)
    shift = int(rng.integers(shape[1] // 6, shape[1] // 3))
    scan = scan + ghost * (np.roll(scan, shift, axis=1) + np.roll(scan, -shift, axis=1))
    scan = ndimage.gaussian_filter(scan, (rng.uniform(0.4, 0.8),) * 2 + (0.25,))
    return rician(rng, scan, rng.uniform(0.018, 0.045))


FAMILY = PhantomFamily(
    name="abdominal_mri",
    title="abdominal MRI",
    code=2,
    modality=Modality.MRI,
    classes=ClassTable.from_names(NAMES),
    channel_names=("MRI",),
    dimensions=3,
    default_size=160,
    draw=draw,
)
