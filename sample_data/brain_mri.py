"""Brain MRI in three contrasts (T1, T2, FLAIR) with a folded cortex.

The cortex is the region within a few millimetres of cerebrospinal fluid, and fluid fills the
space outside the brain and the sulci. Sulci are the zero surfaces of a random field, which
wind through space as folds do: gyri, blades of white matter and buried cortex follow from it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.modality import Modality
from omniseg_sample_data.canvas import Canvas
from omniseg_sample_data.family import PhantomFamily, Volume
from omniseg_sample_data.fields import Field, bias_field, rician, smooth_field, warp
from omniseg_sample_data.grid import centred_grid, world_points
from omniseg_sample_data.shapes import Numbers, blend, coverage, ellipsoid

CSF, GREY, WHITE = 1, 2, 3

#: Relative signal in (T1, T2, FLAIR).
_FLUID = (0.16, 1.00, 0.12)
_CORTEX = (0.54, 0.60, 0.63)
_DEEP_GREY = (0.60, 0.54, 0.60)
_WHITE = (0.75, 0.44, 0.52)
_LESION = (0.52, 0.74, 0.92)
_BONE = (0.06, 0.05, 0.05)
_MARROW = (0.72, 0.55, 0.50)
# Fat is as bright as white matter in T1 and nearly as fluid in T2: no threshold finds either.
_SCALP = (0.80, 0.92, 0.56)
_MUSCLE = (0.48, 0.26, 0.36)
_VESSEL = (0.30, 0.08, 0.20)


def draw(rng: np.random.Generator, size: int) -> Volume:
    """Draw one head of ``size`` x 1.2 ``size`` x 20 voxels, stored right-anterior-superior."""
    shape = (size, round(size * 1.2), 20)
    spacing = rng.uniform(1.45, 1.60) * 120.0 / size
    axes = np.diag([spacing, spacing, rng.uniform(5.0, 5.8)])
    offset = np.array([rng.uniform(-3, 3), rng.uniform(-4, 4), rng.uniform(6, 16)])
    geometry, origin = centred_grid(shape, axes, offset, rng.uniform(-30.0, 30.0, 3))
    head = _Head(rng, world_points(geometry, origin), geometry.spacing)
    canvas = Canvas(shape, [0.0, 0.0, 0.0])
    head.paint(canvas)
    return Volume(_acquire(rng, canvas.values), canvas.labels, geometry)


class _Head:
    """One head on one grid; coordinates in millimetres around the middle of the ventricles."""

    def __init__(
        self, rng: np.random.Generator, points: Sequence[Field], spacing: Sequence[float]
    ) -> None:
        self.rng = rng
        self.spacing = spacing
        self.voxel = spacing[0]
        lengths = [30.0 / s for s in spacing]
        self.points = warp(rng, points, amplitude=rng.uniform(1.0, 2.2), lengths=lengths)
        self.radii = np.array([66.0, 84.0, 66.0]) * rng.uniform(0.94, 1.06, 3)
        self.atrophy = rng.uniform(0.0, 1.0)
        self.contrast = np.exp(rng.normal(0.0, 0.05, 3))

    def paint(self, canvas: Canvas) -> None:
        """Paint scalp, skull, fluid, cortex, white matter and deep nuclei."""
        rng = self.rng
        hull = self._ball((0, -2, 6), self.radii)
        hull = np.maximum(hull, -self.points[2] - 42.0 - 0.25 * self.points[1])
        fossa = self._ball((0, -46, -38), (50, 34, 27))
        stem = self._ball((0, -23, -48), (14, 13, 36), (-8, 0, 0))
        inside = blend(hull, np.minimum(fossa, stem) - 1.0, 6.0)
        gap = rng.uniform(1.0, 1.8) + 1.6 * self.atrophy
        self._paint_outside(canvas, inside - gap)
        self._fill(canvas, inside - gap, _FLUID, CSF)

        fluid = self._distance_from_fluid(hull)
        self._fill(canvas, 0.5 + 0.8 * self.atrophy - fluid, _CORTEX, GREY)
        thickness = rng.uniform(3.5, 4.2)
        self._fill(canvas, thickness + 0.8 * self.atrophy - fluid, _WHITE, WHITE)
        self._paint_hindbrain(canvas, fossa, stem)
        self._paint_lesions(canvas)
        self._paint_depths(canvas)

    def _ball(self, centre: Numbers, radii: Numbers, turn: Numbers | None = None) -> Field:
        return ellipsoid(self.points, centre, radii, turn)

    def _both(self, centre: Numbers, radii: Numbers, turn: Numbers) -> Field:
        """A paired structure: drawn at the right and mirrored."""
        mirrored = (np.abs(self.points[0]), self.points[1], self.points[2])
        return ellipsoid(mirrored, centre, radii, turn)

    def _fill(
        self, canvas: Canvas, distance: Field, signal: Sequence[float], label: int | None
    ) -> None:
        canvas.paint(coverage(distance, self.voxel), np.asarray(signal) * self.contrast, label)

    def _field(self, millimetres: float) -> Field:
        shape = self.points[0].shape
        return smooth_field(self.rng, shape, [max(millimetres / s, 0.8) for s in self.spacing])

    def _sheets(self, millimetres: float) -> Field:
        """Distance to the zero surfaces of a random field, in millimetres in the slice plane."""
        field = self._field(millimetres)
        slope = np.gradient(field, *self.spacing[:2], axis=(0, 1))
        steepness = np.sqrt(slope[0] ** 2 + slope[1] ** 2)
        return np.abs(field) / np.maximum(steepness, 0.35 * steepness.mean())

    def _distance_from_fluid(self, hull: Field) -> Field:
        """How deep a point lies under the pia, in millimetres; negative in fluid."""
        rng = self.rng
        x, y, z = self.points
        depth = -hull
        reach = rng.uniform(19.0, 23.0) + 4.0 * self._field(20.0)
        # One field alone leaves gyri too wide: two cross as primary and secondary sulci do.
        primary = self._sheets(rng.uniform(7.0, 8.5)) + np.maximum(depth - reach, 0.0)
        secondary = self._sheets(rng.uniform(5.5, 7.0)) + np.maximum(depth - 0.6 * reach, 0.0)
        sulci = np.minimum(primary, secondary)
        # The fissure between the hemispheres, deep in front, behind and above.
        rise = np.hypot(y / 50.0, np.maximum(z, 0.0) / 34.0)
        fissure = np.abs(x + 0.8 * self._field(25.0)) + 30.0 * np.maximum(0.95 - rise, 0.0)
        # The Sylvian fissure: a sheet from the side towards the insula.
        level = z + 4.0 - 0.25 * (y - 5.0) + 1.5 * self._field(18.0)
        lateral = np.maximum(0.62 * self.radii[0] - np.abs(x), 0.0)
        span = np.maximum(np.abs(y - 6.0) - 26.0, 0.0)
        sylvian = np.abs(level) * 0.8 + lateral + span
        insula = (
            np.hypot(np.abs(x) - 0.62 * self.radii[0], np.maximum(np.abs(level) - 14, 0)) + span
        )
        folds = np.minimum(np.minimum(sulci, fissure), np.minimum(sylvian, insula))
        return np.minimum(depth, folds)

    def _paint_outside(self, canvas: Canvas, inner: Field) -> None:
        rng = self.rng
        skull, scalp = rng.uniform(5.0, 8.0), rng.uniform(4.0, 8.0)
        outer = inner - skull - scalp + 1.5 * self._field(30.0)
        face = self._ball((0, 48, -62), (52, 48, 52))
        outer = blend(outer, np.minimum(face, self._ball((0, -20, -90), (54, 60, 60))), 14.0)
        self._fill(canvas, outer, _SCALP, 0)
        self._fill(canvas, outer + 0.6 * scalp, _MUSCLE, 0)
        self._fill(canvas, inner - skull, _BONE, 0)
        self._fill(canvas, np.abs(inner - 0.5 * skull) - 0.25 * skull, _MARROW, 0)
        # Eyes and sinuses: as bright or dark as fluid, but outside the brain.
        self._fill(canvas, self._both((32, 74, -34), (17, 18, 17), (0, 0, 0)), _SCALP, 0)
        self._fill(canvas, self._both((32, 78, -34), (12, 12, 12), (0, 0, 0)), _FLUID, 0)
        self._fill(canvas, self._ball((0, 62, -44), (13, 22, 16)), (0.02, 0.02, 0.02), 0)

    def _paint_hindbrain(self, canvas: Canvas, fossa: Field, stem: Field) -> None:
        """Cerebellum with fine folia, and the brain stem."""
        cerebellum = fossa + 2.0
        self._fill(canvas, cerebellum - 1.6, _FLUID, CSF)
        folia = np.minimum(-cerebellum, self._sheets(4.0) + np.maximum(-cerebellum - 9.0, 0.0))
        self._fill(canvas, cerebellum, _CORTEX, GREY)
        self._fill(canvas, np.maximum(3.2 - folia, cerebellum + 3.0), _WHITE, WHITE)
        self._fill(canvas, stem - 1.4, _FLUID, CSF)
        self._fill(canvas, stem, _WHITE, WHITE)
        self._fill(canvas, self._ball((0, -38, -40), (6, 5, 9)), _FLUID, CSF)

    def _paint_lesions(self, canvas: Canvas) -> None:
        """White-matter hyperintensities: white matter by truth, grey by its T1 signal."""
        white = np.argwhere(canvas.labels == WHITE)
        for _ in range(self.rng.integers(0, 14)):
            place = tuple(white[self.rng.integers(len(white))])
            centre = [axis[place] for axis in self.points]
            ball = self._ball(centre, self.rng.uniform(1.5, 4.5, 3) * [1, 1, 1.5])
            share = coverage(ball, self.voxel) * (canvas.labels == WHITE)
            canvas.paint(share, np.asarray(_LESION) * self.contrast, None)

    def _paint_depths(self, canvas: Canvas) -> None:
        """Basal ganglia, thalami and ventricles."""
        rng = self.rng
        swell = 1.0 + 0.7 * self.atrophy
        rough = 1.0 * self._field(9.0)
        for centre, radii, angle in (
            ((25, 4, 2), (7.5, 17, 13), 12),
            ((11, -12, 4), (9, 14, 10), -20),
            ((14 + 2 * swell, 20, 8), (5.5, 11, 12), 10),
        ):
            size = rng.uniform(0.9, 1.12)
            nucleus = self._both(centre, np.asarray(radii) * size, (0, 0, angle)) + rough
            self._fill(canvas, nucleus, _DEEP_GREY, GREY)
        horns = np.minimum(
            self._both((8 + swell, 14, 13), (3.6 * swell, 24, 10 * swell), (0, 0, -14)),
            self._both((14 + 2 * swell, -25, 11), (4.8 * swell, 23, 11 * swell), (0, 0, 16)),
        )
        third = self._ball((0, -6, 0), (1.3 * swell + 0.6, 13, 10))
        self._fill(canvas, np.minimum(horns + 0.4 * rough, third), _FLUID, CSF)
        plexus = self._both((17 + 2 * swell, -30, 10), (2.2, 5, 4), (0, 0, 14))
        self._fill(canvas, plexus, _DEEP_GREY, None)
        sinus = self._ball((0, -self.radii[1] - 3, 12), (4, 4, 40))
        self._fill(canvas, sinus, _VESSEL, 0)


def _acquire(rng: np.random.Generator, signal: Field) -> np.ndarray:
    """Shading, blur and Rician noise, each contrast with its own; int16 magnitudes."""
    channels = []
    shape = signal.shape[1:]
    for contrast in signal:
        lengths = [shape[0] / 2.2, shape[1] / 2.2, shape[2]]
        shaded = contrast * bias_field(
            rng, shape, strength=rng.uniform(0.12, 0.28), lengths=lengths
        )
        shaded = shaded * (1.0 + 0.025 * smooth_field(rng, shape, [4.0, 4.0, 1.5]))
        blurred = ndimage.gaussian_filter(shaded, (rng.uniform(0.4, 0.75),) * 2 + (0.3,))
        noisy = rician(rng, blurred, rng.uniform(0.025, 0.055))
        channels.append(np.rint(noisy * rng.uniform(150.0, 400.0)))
    return np.stack(channels).astype(np.int16)


FAMILY = PhantomFamily(
    name="brain_mri",
    title="brain MRI",
    code=3,
    modality=Modality.MRI,
    classes=ClassTable.from_names(("cerebrospinal fluid", "grey matter", "white matter")),
    channel_names=("T1", "T2", "FLAIR"),
    dimensions=3,
    default_size=120,
    draw=draw,
)
