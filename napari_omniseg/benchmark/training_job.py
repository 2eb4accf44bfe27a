"""A small training to watch: phantoms, one network, no result kept."""

from __future__ import annotations

from pathlib import Path

from omniseg_backend.jobs.client import JobClient
from omniseg_backend.jobs.spec_file import parse_spec
from omniseg_sample_data.dataset import write_dataset
from omniseg_sample_data.phantoms import PHANTOMS


def start_training(folder: Path) -> tuple[JobClient, str]:
    """Submit a training of Compact on heart phantoms, which validates often.

    Args:
        folder: Where the phantoms are written.

    Returns:
        The client, and the job's name.

    Raises:
        ResourceError: No Python that can train is known.
    """
    dataset = folder / "Dataset901_Phantoms"
    write_dataset(PHANTOMS["cardiac_mri"], dataset, train=6, test=1)
    settings = {
        "dataset": str(dataset),
        "modality": "mri",
        "input_size": [64, 64],
        "synthetic": True,
        "budget": {"steps": 400},
        "batch_size": 2,
        "validations": 100,
        "patience": 100,
    }
    client = JobClient()
    return client, client.submit(parse_spec({"kind": "train", "settings": settings})).id
