"""Images and masks for site data sets, drawn by seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from omniseg_backend.common.provenance import Provenance
from omniseg_backend.datasets.site.dataset import SiteDataset
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality, ModalityStatement
from omniseg_backend.images.segmentation import Segmentation

CLASSES = ClassTable.from_names(["liver", "spleen"], [2, 5])

#: Oblique and anisotropic; NIfTI's single precision alone would not keep it.
AFFINE = np.array(
    [
        [0.7812345678, 0.1, 0.0, -101.123456789],
        [-0.1, 0.8, 0.2, 33.3333333333],
        [0.0, -0.15, 2.5, 7.0],
        [0.0, 0.0, 0.0, 1.0],
    ]
)

PROVENANCE = Provenance(
    bundle="abdomen-compact",
    bundle_version="1.0.0",
    bundle_hash="b" * 64,
    software="napari-omniseg 0.1.0",
    time="2026-01-31T12:00:00+00:00",
    synthetic=False,
    modality="ct (stated by the user)",
)


def volume(seed: int, channels: int = 1, **fields: object) -> Image:
    """A CT volume of noise, oblique."""
    voxels = np.random.default_rng(seed).integers(-1000, 1000, (1, channels, 6, 5, 4))
    return Image(
        array=voxels.astype(np.int16),
        geometry=Geometry((6, 5, 4), AFFINE, "mm", 3),
        channel_names=("intensity",) if channels == 1 else tuple("abcdef"[:channels]),
        modality=ModalityStatement(Modality.CT, "user"),
        name=f"scan{seed}.nii.gz",
        **fields,  # type: ignore[arg-type]
    )


def mask_of(
    image: Image, value: int = 2, classes: ClassTable = CLASSES, **fields: object
) -> Segmentation:
    """A block of one value on an image's grid."""
    labels = np.zeros((image.frames, *image.geometry.shape), np.uint8)
    labels[:, 1:4, 1:4] = value
    return Segmentation(
        labels=labels,
        geometry=image.geometry,
        classes=classes,
        name="mask.nii.gz",
        **fields,  # type: ignore[arg-type]
    )


def site(folder: Path, **fields: object) -> SiteDataset:
    """An empty CT data set of liver and spleen."""
    return SiteDataset.create(folder, CLASSES, modality=Modality.CT, **fields)  # type: ignore[arg-type]


def filled(folder: Path, count: int) -> SiteDataset:
    """A data set with cases of the patients P0, P1, ..."""
    made = site(folder)
    for seed in range(count):
        image = volume(seed)
        made.add(image, mask_of(image), patient=f"P{seed}")
    return made
