"""A data set small enough to train on within a test, and one finished run of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from omniseg_backend.images.modality import Modality
from omniseg_backend.networks.architecture import Variant
from omniseg_backend.training.settings import Budget, TrainingSettings

SIZE = 32


def draw_case(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A bright square and a brighter disc on noise; labels 2 and 5, with a gap between."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    top, left = random.integers(2, 12, 2)
    labels = np.zeros((SIZE, SIZE), np.uint8)
    labels[top : top + 10, left : left + 10] = 2
    y, x = random.integers(18, 26, 2)
    labels[(rows - y) ** 2 + (columns - x) ** 2 < 25] = 5
    values = 40 + 25 * random.random((SIZE, SIZE))
    values += np.where(labels == 2, 70, 0) + np.where(labels == 5, 140, 0)
    return values.astype(np.uint8), labels


def write_toy(folder: Path, patients: int = 8, test: int = 2) -> Path:
    """An nnU-Net v2 data set of one picture per patient, plus ``cases.csv``."""
    rows = ["file,case,patient,slice"]
    for part, seeds in (("Tr", range(patients)), ("Ts", range(100, 100 + test))):
        (folder / f"images{part}").mkdir(parents=True)
        (folder / f"labels{part}").mkdir()
        for seed in seeds:
            name = f"toypatient{seed:03d}"
            values, labels = draw_case(seed)
            Pillow.fromarray(values).save(folder / f"images{part}" / f"{name}_0000.png")
            Pillow.fromarray(labels).save(folder / f"labels{part}" / f"{name}.png")
            rows.append(f"{name},{name},{name},")
    (folder / "cases.csv").write_text("\n".join(rows) + "\n")
    (folder / "dataset.json").write_text(
        json.dumps(
            {
                "name": "Toy",
                "channel_names": {"0": "fluorescence"},
                "labels": {"background": 0, "square": 2, "disc": 5},
                "numTraining": patients,
                "file_ending": ".png",
            }
        )
    )
    return folder


@pytest.fixture(scope="session")
def toy(tmp_path_factory) -> Path:
    return write_toy(tmp_path_factory.mktemp("data") / "toy")


def toy_settings(dataset: Path, **changes) -> TrainingSettings:
    fields = {
        "dataset": dataset,
        "variant": Variant.COMPACT,
        "budget": Budget(steps=6),
        "modality": Modality.MICROSCOPY,
        "input_size": (SIZE, SIZE),
        "batch_size": 2,
        "validations": 3,
        "learning_rate": 3e-3,
        "threads": 1,
        "accelerator": "cpu",
        **changes,
    }
    return TrainingSettings(**fields)
