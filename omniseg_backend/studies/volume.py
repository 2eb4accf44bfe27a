"""Whole scans through a bundle: memory, time by stage, and whether time grows with slices."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np

from omniseg_backend.common.errors import ResourceError
from omniseg_backend.common.progress import Cancel, Progress, check_cancel, no_progress
from omniseg_backend.common.wording import counted
from omniseg_backend.images.image import Image
from omniseg_backend.images.writing import write_image
from omniseg_backend.studies.settings import VolumeSettings
from omniseg_backend.studies.volume_phantom import stretched_scan
from omniseg_backend.studies.volume_run import VolumeFigures, VolumeRun

#: The stages told, and which of ``segment``'s they are made of.
STAGES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "read": ("read",),
        "load": ("check", "load"),
        "prepare": ("prepare",),
        "network": ("network",),
        "back_to_grid": ("combine",),
        "measure": ("clean_up", "measure"),
        "write": ("write",),
    }
)
_POLL_SECONDS = 0.2


@dataclasses.dataclass(frozen=True)
class VolumeRow:
    """One scan.

    Attributes:
        slices: Its slices.
        seconds: From opening the file to the written mask.
        peak_bytes: The most memory that the process had.
        stages: Seconds by stage; they miss a little of ``seconds``.
    """

    slices: int
    seconds: float
    peak_bytes: int
    stages: Mapping[str, float]

    @property
    def shares(self) -> dict[str, float]:
        """Each stage's part of the whole time."""
        return {stage: spent / self.seconds for stage, spent in self.stages.items()}


@dataclasses.dataclass(frozen=True)
class LinearFit:
    """The straight line through time over slices.

    Attributes:
        start_seconds: At no slices: loading the model and its self-test.
        seconds_per_slice: Its slope.
        largest_deviation: The farthest that a run is from the line, as a share of its time.
    """

    start_seconds: float
    seconds_per_slice: float
    largest_deviation: float


def measure_volumes(
    scan: Image,
    settings: VolumeSettings,
    *,
    progress: Progress = no_progress,
    cancel: Cancel | None = None,
) -> tuple[VolumeRow, ...]:
    """Segment stretched copies of a scan, each in a fresh process.

    Args:
        scan: What the bundle was made for; one frame, one channel.
        settings: Model, sizes, threads.
        progress: Told about every scan.
        cancel: Looked at several times a second; ends the running process.

    Raises:
        ResourceError: A process ended without figures.
        CancelledError: The user cancelled.
    """
    rows = []
    for place, slices in enumerate(settings.slices):
        progress(f"segmenting {counted(slices, 'slice')}", place / len(settings.slices))
        with tempfile.TemporaryDirectory(prefix="omniseg-volume-") as folder:
            image = Path(folder) / "scan.nii.gz"
            write_image(stretched_scan(scan, (settings.side, settings.side, slices)), image)
            run = VolumeRun(
                image=image,
                modality=scan.modality.value,
                bundle=settings.bundle,
                output=Path(folder) / "mask.nii.gz",
                threads=settings.threads,
            )
            rows.append(_row(slices, _in_own_process(run, cancel)))
    return tuple(rows)


def linear_fit(rows: Sequence[VolumeRow]) -> LinearFit | None:
    """The line through the runs' times; None for fewer than three, which any line fits."""
    slices = np.array([row.slices for row in rows], float)
    seconds = np.array([row.seconds for row in rows])
    if len(set(slices)) < 3:
        return None
    slope, start = np.polyfit(slices, seconds, 1)
    deviation = np.abs(start + slope * slices - seconds) / seconds
    return LinearFit(float(start), float(slope), float(deviation.max()))


def _in_own_process(run: VolumeRun, cancel: Cancel | None) -> VolumeFigures:
    command = [sys.executable, "-m", "omniseg_backend.studies.volume_run", run.model_dump_json()]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            while True:
                check_cancel(cancel, "the benchmark")
                try:
                    told, complaint = process.communicate(timeout=_POLL_SECONDS)
                except subprocess.TimeoutExpired:
                    continue
                break
        finally:
            process.kill()
    if process.returncode:
        lines = complaint.strip().splitlines() or [f"exit code {process.returncode}"]
        raise ResourceError(
            "the volume benchmark",
            found=f"a run that failed ({lines[-1]})",
            expected="a segmented scan",
            remedy="see what failed, or try fewer slices",
        )
    return VolumeFigures.model_validate_json(told)


def _row(slices: int, figures: VolumeFigures) -> VolumeRow:
    stages = {
        stage: sum(figures.seconds.get(part, 0.0) for part in parts)
        for stage, parts in STAGES.items()
    }
    return VolumeRow(slices, figures.seconds["total"], figures.peak_bytes, stages)
