"""Site data sets of the toy's pictures, and a user's home with models, for the Fine-tune panel."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from omniseg_backend.bundles.store import load_bundle
from omniseg_backend.datasets.site.dataset import SiteDataset
from omniseg_backend.evaluation.promotion import promote
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality, ModalityStatement
from omniseg_backend.images.segmentation import Segmentation
from tests.training.conftest import SIZE, draw_case

#: Milliseconds that a test waits for a panel.
PATIENCE = 120_000
CLASSES = ClassTable.from_names(["square", "disc"], [2, 5])


def toy_case(seed: int) -> tuple[Image, Segmentation]:
    """A picture of the toy with its mask, as Image and Segmentation."""
    values, labels = draw_case(seed)
    geometry = Geometry((SIZE, SIZE, 1), np.diag([-1.0, -1.0, 1.0, 1.0]), "px", 2)
    stated = ModalityStatement(Modality.MICROSCOPY, "user")
    voxels = values.T[np.newaxis, np.newaxis, :, :, np.newaxis].copy()
    image = Image(voxels, geometry, ("intensity",), stated, f"picture{seed}")
    mask = labels.T[np.newaxis, :, :, np.newaxis].copy()
    return image, Segmentation(mask, geometry, CLASSES, name=f"picture{seed}")


def toy_site(folder: Path, patients: int, **fields: object) -> SiteDataset:
    """A site data set of new pictures, one a patient; every fifth is reserved."""
    described = {"modality": Modality.MICROSCOPY, **fields}
    site = SiteDataset.create(folder, CLASSES, **described)  # type: ignore[arg-type]
    for number in range(patients):
        site.add(*toy_case(500 + number), patient=f"P{number:02d}")
    return site


def make_current(bundle: Path) -> None:
    """Let a bundle be the current model of its kind; the first one needs no comparison."""
    promote(load_bundle(bundle))
