"""A small fine-tuning to watch: heart phantoms as site data, and some minutes of training."""

from __future__ import annotations

from pathlib import Path

from omniseg_backend.datasets.site.dataset import SiteDataset
from omniseg_backend.images.modality import Modality
from omniseg_backend.jobs.client import JobClient
from omniseg_backend.jobs.spec_file import parse_spec
from omniseg_sample_data.dataset import seeds_of_parts
from omniseg_sample_data.phantoms import PHANTOMS

SITE = "Dataset901_HeartPhantoms"
_START = "cardiac-mri-compact"
_PHANTOMS = 12


def site_of_phantoms(folder: Path) -> Path:
    """Make a site data set of heart phantoms, each a patient of its own.

    Args:
        folder: Where it is put.

    Returns:
        The data set's folder.
    """
    family = PHANTOMS["cardiac_mri"]
    place = folder / SITE
    site = SiteDataset.create(place, family.classes, modality=Modality.MRI)
    seeds, _ = seeds_of_parts(_PHANTOMS, 0)
    for number, seed in enumerate(seeds, start=1):
        phantom = family.generate(seed)
        site.add(phantom.image, phantom.truth, patient=f"P{number:02d}")
    return place


def start_training(site: Path, steps: int) -> tuple[JobClient, str]:
    """Submit a fine-tuning of the shipped heart model on it, which validates often.

    Args:
        site: The data set.
        steps: How long.

    Returns:
        The client, and the job's name.

    Raises:
        ResourceError: No Python that can train is known.
    """
    settings = {
        "dataset": str(site),
        "initial_bundle": _START,
        "budget": {"steps": steps},
        "batch_size": 2,
        "validations": max(1, steps // 5),
        "patience": steps,
        "synthetic": True,
    }
    client = JobClient()
    return client, client.submit(parse_spec({"kind": "train", "settings": settings})).id
