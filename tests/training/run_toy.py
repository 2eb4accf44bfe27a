"""Trains a toy bundle and prints a line per step of progress; killed by ``test_resume``.

Not a test: started as a process of its own, so that a SIGKILL ends it as it would a user's.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from omniseg_backend.images.modality import Modality
from omniseg_backend.networks.architecture import Variant
from omniseg_backend.training.bundle_run import train_bundle
from omniseg_backend.training.settings import Budget, TrainingSettings


def main(dataset: str, target: str, devices: str = "1") -> None:
    logging.disable(logging.WARNING)
    settings = TrainingSettings(
        dataset=Path(dataset),
        variant=Variant.COMPACT,
        budget=Budget(steps=6),
        modality=Modality.MICROSCOPY,
        input_size=(32, 32),
        batch_size=2,
        validations=3,
        learning_rate=3e-3,
        threads=1,
        accelerator="cpu",
        devices=int(devices),
    )
    train_bundle(
        settings,
        Path(target),
        progress=lambda stage, fraction: print(f"{fraction:.3f} {stage}", flush=True),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
