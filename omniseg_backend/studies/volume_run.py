"""One segmentation in a process of its own: ``python -m omniseg_backend.studies.volume_run``.

Reads a file, segments it and writes the mask, as ``omniseg segment`` does, and writes to
stdout how long the stages took and how much memory the process had at most.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from omniseg_backend.bundles.store import load_bundle
from omniseg_backend.common.errors import OmniSegError
from omniseg_backend.common.platform import peak_memory
from omniseg_backend.images.modality import Modality
from omniseg_backend.images.reading import read_image
from omniseg_backend.images.writing import write_segmentation
from omniseg_backend.inference.segment import segment


class VolumeRun(BaseModel):
    """What to segment.

    Attributes:
        image: The file to read.
        modality: What it shows, where the file does not say.
        bundle: The model.
        output: The mask to write.
        threads: Threads of the network.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: Path
    modality: Modality | None
    bundle: Path
    output: Path
    threads: int


class VolumeFigures(BaseModel):
    """What it took.

    Attributes:
        seconds: Wall time by stage: ``read``, then ``segment``'s own, ``write`` and ``total``.
        peak_bytes: The most memory that the process had.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: dict[str, float]
    peak_bytes: int


def run_volume(run: VolumeRun) -> VolumeFigures:
    """Read, segment, write; the peak is that of the whole process so far."""
    start = time.perf_counter()
    image = read_image(run.image, modality=run.modality)
    bundle = load_bundle(run.bundle)
    segmenting = time.perf_counter()
    result = segment(image, bundle, threads=run.threads)
    writing = time.perf_counter()
    write_segmentation(result.segmentation, run.output)
    end = time.perf_counter()
    stages = {stage: spent for stage, spent in result.seconds.items() if stage != "total"}
    seconds = {
        "read": segmenting - start,
        **stages,
        "write": end - writing,
        "total": end - start,
    }
    return VolumeFigures(seconds=seconds, peak_bytes=peak_memory())


def main(arguments: Sequence[str]) -> int:
    """Run what the one argument, a ``VolumeRun`` as JSON, describes; returns the exit code."""
    (described,) = arguments
    try:
        figures = run_volume(VolumeRun.model_validate_json(described))
    except OmniSegError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(figures.model_dump_json())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
