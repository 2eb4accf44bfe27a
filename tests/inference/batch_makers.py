"""Folders of small images for batches, and the reading of what a batch leaves."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import PIL.Image

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.executor import InProcess
from omniseg_backend.images.modality import Modality
from omniseg_backend.images.reading import read_segmentation
from omniseg_backend.inference.batch.outcome import BatchResult
from omniseg_backend.inference.batch.run import run_batch
from omniseg_backend.inference.batch.settings import BatchOptions, BatchSettings

SIDE = 32


def write_picture(path: Path, marked: int = 8) -> Path:
    """A grey picture whose first columns are bright: 32 times ``marked`` pixels."""
    pixels = np.zeros((SIDE, SIDE), np.uint8)
    pixels[:, :marked] = 200
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(pixels).save(path)
    return path


def settings_of(folder: Path, output: Path, bundle: Bundle, **options: object) -> BatchSettings:
    """A batch of pictures that do not say what they show."""
    return BatchSettings(
        folder=folder,
        output=output,
        model=bundle.path,
        modality=Modality.MRI,
        threads=1,
        options=BatchOptions.model_validate(options),
    )


def run_here(
    folder: Path, output: Path, bundle: Bundle, *, overwrite: bool = False, **options: object
) -> BatchResult:
    """Run a batch in this process, which spares the start of others."""
    return run_batch(
        settings_of(folder, output, bundle, **options), executor=InProcess(), overwrite=overwrite
    )


def endings(result: BatchResult) -> dict[str, str]:
    """How each item ended: ``now``, ``before`` or ``failed``."""
    return {
        outcome.label: "failed" if outcome.error else "before" if outcome.before else "now"
        for outcome in result.outcomes
    }


def rows_of(result: BatchResult) -> list[dict[str, str]]:
    """The table's rows."""
    return list(csv.DictReader(io.StringIO(result.table.read_text(encoding="utf-8"))))


def marked_in(mask: Path) -> int:
    """How many pixels a mask marks."""
    return int(np.count_nonzero(read_segmentation(mask).labels))
