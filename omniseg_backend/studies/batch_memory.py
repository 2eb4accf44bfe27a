"""Whether a batch's memory grows with its images."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from pathlib import Path

import numpy as np

from omniseg_backend.common.platform import tree_memory
from omniseg_backend.common.progress import Cancel, Progress, check_cancel, no_progress
from omniseg_backend.images.image import Image
from omniseg_backend.images.writing import write_image
from omniseg_backend.inference.batch.outcome import Outcome
from omniseg_backend.inference.batch.run import run_batch
from omniseg_backend.inference.batch.settings import BatchOptions, BatchSettings
from omniseg_backend.studies.settings import BatchMemorySettings
from omniseg_backend.studies.volume_phantom import stretched_scan

#: By then every process has loaded its network and met the largest image.
SETTLED_AFTER = 20


@dataclasses.dataclass(frozen=True)
class BatchMemory:
    """Memory of the command and its processes together, over a batch.

    Attributes:
        at: Bytes when so many images were done: one value per image.
        seconds: Wall time of the batch.
    """

    at: tuple[int, ...]
    seconds: float

    @property
    def growth(self) -> int:
        """Bytes from the 20th image (the first, of fewer) to the last."""
        return self.at[-1] - self.at[min(SETTLED_AFTER, len(self.at)) - 1]

    @property
    def peak_growth(self) -> int:
        """Bytes from the 20th image to the most there was at any later one."""
        start = min(SETTLED_AFTER, len(self.at)) - 1
        return max(self.at[start:]) - self.at[start]


def measure_batch_memory(
    scan: Image,
    settings: BatchMemorySettings,
    *,
    progress: Progress = no_progress,
    cancel: Cancel | None = None,
) -> BatchMemory:
    """Write scans of many sizes to a folder, segment it as a batch and watch the memory.

    Args:
        scan: What the bundle was made for; one frame, one channel.
        settings: Model, number and size of images, processes.
        progress: Told about every image.
        cancel: Looked at several times a second.

    Raises:
        OmniSegError: An image could not be segmented.
        CancelledError: The user cancelled.
    """
    with tempfile.TemporaryDirectory(prefix="omniseg-batch-") as folder:
        images = Path(folder) / "images"
        images.mkdir()
        random = np.random.default_rng(0)
        for number in range(settings.images):
            check_cancel(cancel, "the benchmark")
            progress(f"writing image {number + 1}", number / settings.images)
            # The 20th image must have met the largest, or growth were a matter of luck.
            share = 1.0 if number < settings.workers else random.uniform(0.5, 1.0)
            shape = (round(settings.side * share), settings.side, settings.slices)
            write_image(stretched_scan(scan, shape), images / f"{number:04}.nii.gz")
        at: list[int] = []

        def take(outcome: Outcome) -> None:
            if outcome.error is not None:
                raise outcome.error
            at.append(tree_memory())

        started = time.perf_counter()
        run_batch(
            BatchSettings(
                folder=images,
                output=Path(folder) / "masks",
                model=settings.bundle,
                modality=scan.modality.value,
                options=BatchOptions(workers=settings.workers),
            ),
            on_outcome=take,
            progress=progress,
            cancel=cancel,
        )
        return BatchMemory(tuple(at), time.perf_counter() - started)
