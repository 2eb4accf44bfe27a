"""The upper abdomen as painted layers of tissue, shared by the CT and the MRI phantom.

Sizes follow adult anatomy (liver about 15 cm, spleen 10 cm, kidneys 11 cm) and vary with the
seed; for the frame of the coordinates see ``trunk``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from omniseg_sample_data.fields import Field
from omniseg_sample_data.shapes import blend
from omniseg_sample_data.trunk import Layer, Tissue, Trunk

LIVER, SPLEEN, LEFT_KIDNEY, RIGHT_KIDNEY = 1, 2, 3, 4
NAMES = ("liver", "spleen", "left kidney", "right kidney")


class Abdomen(Trunk):
    """Draws all layers of one patient: the trunk and the organs in it."""

    def layers(self) -> Iterator[Layer]:
        """All structures, those behind first."""
        yield self._layer(Tissue.TABLE, np.abs(self._table()) - 4.0)
        yield self._layer(Tissue.FAT, self.skin)
        yield self._layer(Tissue.MUSCLE, self.under_skin)
        yield self._layer(Tissue.FAT, self.cavity)
        yield from self._chest()
        yield from self._spine()
        kidneys = self._kidney_shapes()
        stomach = self._stomach()
        spleen = self._spleen(kidneys, stomach)
        yield from self._bowel()
        yield from self._pancreas()
        yield from self._hollow(stomach, wall=4.5, gas_share=0.75)
        yield from self._vessels()
        yield from self._liver(kidneys)
        yield self._layer(Tissue.SPLEEN, spleen, SPLEEN)
        for label, kidney in kidneys.items():
            yield from self._kidney(label, kidney)
        yield from self._ribs()

    def _kidney_shapes(self) -> dict[int, tuple[Field, Field]]:
        """For each kidney its outline and its sinus, as distances."""
        rng = self.rng
        shapes = {}
        for label, side, level in ((LEFT_KIDNEY, -1.0, 2.0), (RIGHT_KIDNEY, 1.0, -12.0)):
            centre = np.array([side * rng.uniform(61, 69), rng.uniform(-46, -38), level])
            centre[2] += rng.uniform(-12.0, 12.0)
            radii = np.array([27.0, 21.5, 56.0]) * rng.uniform(0.86, 1.12)
            # The hilum faces forwards and inwards; the upper poles lean to the spine.
            turn = (rng.uniform(-8, 8), side * -rng.uniform(4, 12), side * rng.uniform(15, 40))
            outline = self._ball(centre, radii, turn) + self._rough(1.4, 22.0)
            hilum = centre + np.array([-side * 15.0, 8.0, 0.0])
            sinus = self._ball(hilum, radii * np.array([0.55, 0.38, 0.52]), turn)
            shapes[label] = (outline, sinus + self._rough(2.0, 14.0))
        return shapes

    def _kidney(self, label: int, shape: tuple[Field, Field]) -> Iterator[Layer]:
        outline, sinus = shape
        whole = np.maximum(outline, -sinus)
        yield self._layer(Tissue.FAT, outline - 2.5)
        yield self._layer(Tissue.RENAL_CORTEX, whole, label)
        pyramids = outline + 7.0 + np.abs(self._rough(4.0, 9.0))
        yield self._layer(Tissue.RENAL_MEDULLA, np.maximum(pyramids, -sinus), None)
        pelvis = np.maximum(outline + 6.0, sinus + 5.0 + np.abs(self._rough(2.0, 10.0)))
        yield self._layer(Tissue.VEIN if self.rng.random() < 0.5 else Tissue.BILE, pelvis)
        for _ in range(self.rng.integers(0, 3)):
            cyst = self._lesion(outline, (3.0, 9.0), margin=-1.0)
            yield self._layer(Tissue.CYST, np.maximum(cyst, outline), None)

    def _lesion(self, organ: Field, radii: tuple[float, float], margin: float) -> Field:
        """A ball at a random place inside an organ."""
        inside = np.flatnonzero(organ < -margin - 4.0)
        if inside.size == 0:
            inside = np.flatnonzero(organ == organ.min())
        voxel = int(self.rng.choice(inside))
        x, y, z = (float(axis.reshape(-1)[voxel]) for axis in (self.x, self.y, self.z))
        radius = self.rng.uniform(*radii)
        place = (x / self.wide, y / self.deep, z)
        return self._ball(place, (radius, radius, radius * 1.2))

    def _stomach(self) -> Field:
        rng = self.rng
        fundus = self._ball((-58, rng.uniform(5, 20), 42), (rng.uniform(28, 42), 34, 36))
        antrum = self._ball((-15, 48, 8), (46, 19, rng.uniform(17, 26)), (0, -25, 10))
        return np.maximum(blend(fundus, antrum, 22.0), self.cavity + 6.0) + self._rough(3.0, 30.0)

    def _spleen(self, kidneys: dict[int, tuple[Field, Field]], stomach: Field) -> Field:
        rng = self.rng
        size = rng.uniform(0.85, 1.2)
        centre = (-rng.uniform(86, 95), rng.uniform(-34, -18), rng.uniform(18, 38))
        radii = (size * 27, size * 46, size * 50)
        spleen = self._ball(centre, radii, (rng.uniform(-12, 12), rng.uniform(-12, 4), -22))
        hilum = self._ball((centre[0] + 36, centre[1] + 10, centre[2]), (22, 30, 55))
        spleen = np.maximum(np.maximum(spleen, -hilum), self.cavity + 5.0)
        spleen = np.maximum(np.maximum(spleen, 2.0 - stomach), 3.5 - kidneys[LEFT_KIDNEY][0])
        return spleen + self._rough(1.8, 24.0)

    def _liver(self, kidneys: dict[int, tuple[Field, Field]]) -> Iterator[Layer]:
        rng = self.rng
        size = rng.uniform(0.9, 1.12)
        right = self._ball(
            (72, rng.uniform(-4, 12), rng.uniform(14, 30)), (size * 66, size * 80, size * 76)
        )
        left = self._ball(
            (rng.uniform(-8, 14), 44, 46), (size * 66, 36, size * rng.uniform(26, 40)), (0, 14, -8)
        )
        top = self._ball((45, 0, -50), (125, 110, self.dome_height + 52))
        liver = np.maximum(np.maximum(blend(right, left, 30.0), self.cavity + 3.5), top)
        # Posterior and medial to the liver lie the spine, the great vessels and the kidney.
        liver = np.maximum(liver, 4.0 - self._ball((4, -46, 20), (34, 34, np.inf)))
        liver = np.maximum(liver, 3.5 - kidneys[RIGHT_KIDNEY][0]) + self._rough(2.6, 35.0)
        bladder = self._ball((46, 40, -14), (13, 20, 27), (20, 0, 0))
        liver = np.maximum(liver, 1.5 - bladder)
        yield self._layer(Tissue.LIVER, liver, LIVER)
        yield from self._liver_vessels(liver)
        for _ in range(rng.integers(0, 5)):
            tissue = Tissue.METASTASIS if rng.random() < 0.7 else Tissue.CYST
            lesion = np.maximum(self._lesion(liver, (4.0, 15.0), margin=6.0), liver)
            yield self._layer(tissue, lesion + self._rough(1.2, 10.0), None)
        if rng.random() < 0.85:
            yield self._layer(Tissue.BOWEL_WALL, bladder - 1.5)
            yield self._layer(Tissue.BILE, bladder)

    def _liver_vessels(self, liver: Field) -> Iterator[Layer]:
        rng = self.rng
        root = np.array([16.0 * self.wide, -12.0 * self.deep, 58.0])
        hilum = np.array([22.0 * self.wide, 12.0 * self.deep, 12.0])
        tree = np.full(self.x.shape, np.inf)
        for start, reach in ((root, -1.0), (hilum, 1.0)):
            for spread in np.linspace(-0.6, 1.5, 4) + rng.normal(0.0, 0.15, 4):
                end = start + np.array(
                    [62.0 * np.cos(spread), 52.0 * np.sin(spread) - 5.0, reach * rng.uniform(8, 34)]
                )
                bend = (start + end) / 2.0 + rng.normal(0.0, 5.0, 3)
                path = np.stack([start, bend, end])
                radius = rng.uniform(2.0, 3.6)
                tree = np.minimum(tree, self._tube(path, radius))
        yield self._layer(Tissue.LIVER_VEIN, np.maximum(tree, liver + 3.0), None)

    def _bowel(self) -> Iterator[Layer]:
        rng = self.rng
        colon = [
            (92.0, 8.0, -62.0, 19.0, 21.0, 42.0),
            (-100.0, -8.0, -48.0, 16.0, 19.0, 46.0),
            (rng.uniform(-30, 30), 62.0, -38.0, 75.0, 17.0, 16.0),
        ]
        for x, y, z, *radii in colon:
            shape = np.maximum(self._ball((x, y, z), radii), self.cavity + 4.0)
            yield from self._hollow(shape + self._rough(2.5, 18.0), wall=3.0, gas_share=0.55)
        for _ in range(rng.integers(15, 24)):
            centre = (rng.uniform(-85, 75), rng.uniform(-8, 62), rng.uniform(-80, -2))
            radius = rng.uniform(9.0, 17.0)
            turn = tuple(rng.uniform(-90, 90, 3))
            loop = self._ball(centre, (radius, radius * rng.uniform(1.2, 2.6), radius), turn)
            loop = np.maximum(loop, self.cavity + 4.0) + self._rough(1.5, 12.0)
            yield from self._hollow(loop, wall=2.8, gas_share=0.25)

    def _hollow(self, shape: Field, *, wall: float, gas_share: float) -> Iterator[Layer]:
        """A hollow organ: wall, content and sometimes a level of gas on top (supine)."""
        yield self._layer(Tissue.BOWEL_WALL, shape)
        collapsed = self.rng.random() < 0.3
        if collapsed:
            return
        yield self._layer(Tissue.BOWEL_CONTENT, shape + wall)
        if self.rng.random() < gas_share:
            inside = shape < -wall
            if inside.any():
                level = np.quantile(self.y[inside], self.rng.uniform(0.35, 0.9))
                yield self._layer(Tissue.GAS, np.maximum(shape + wall, level - self.y))

    def _pancreas(self) -> Iterator[Layer]:
        path = np.array([(34, 4, -18), (14, 12, -2), (-18, 6, 8), (-58, -16, 20)], dtype=float)
        path = (path + self.rng.normal(0.0, 4.0, path.shape)) * [self.wide, self.deep, 1.0]
        gland = self._tube(path, self.rng.uniform(8.0, 11.5))
        yield self._layer(Tissue.PANCREAS, gland + self._rough(2.0, 10.0))

    def _vessels(self) -> Iterator[Layer]:
        rng = self.rng
        aorta = self._ball((-9, -20, 0), (rng.uniform(8, 12), rng.uniform(8, 12), np.inf))
        cava = self._ball((20, -18, 0), (rng.uniform(9, 13), rng.uniform(7, 11), np.inf))
        scale = [self.wide, self.deep, 1.0]
        portal = np.array([(22, 12, 12), (6, 2, -2), (-30, -8, 12), (-74, -22, 26)]) * scale
        mesenteric = np.array([(4, 4, -4), (6, 16, -50), (4, 20, -95)]) * scale
        renal = np.array([(46, -34, -10), (18, -20, -4), (-14, -12, 0), (-48, -34, 2)]) * scale
        yield self._layer(Tissue.VEIN, cava)
        yield self._layer(Tissue.VEIN, self._tube(portal, rng.uniform(4.5, 6.5)))
        yield self._layer(Tissue.VEIN, self._tube(mesenteric, 4.5))
        yield self._layer(Tissue.VEIN, self._tube(renal, 4.0))
        yield self._layer(Tissue.ARTERY, aorta)
