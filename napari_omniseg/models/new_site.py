"""Making an empty site data set for a model to learn from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omniseg_backend.bundles.manifest import Manifest
    from omniseg_backend.datasets.site.dataset import SiteDataset


def site_like(folder: Path, manifest: Manifest) -> SiteDataset:
    """Make one with the classes, modality and channels of a model.

    Raises:
        DataError: The folder exists or cannot be written.
    """
    from omniseg_backend.datasets.site.dataset import SiteDataset

    return SiteDataset.create(
        folder,
        manifest.class_table(),
        modality=manifest.preprocessing.modality,
        channel_names=manifest.preprocessing.image_channels,
    )
