"""``omniseg benchmark volume``: whole CT scans, by memory, time and stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from omniseg_backend.cli.options import Json, Threads

if TYPE_CHECKING:
    from rich.console import RenderableType

    from omniseg_backend.bundles.models import ModelEntry
    from omniseg_backend.cli.benchmark_documents import BenchmarkVolumeDocument
    from omniseg_backend.cli.terminal import Terminal
    from omniseg_backend.images.image import Image
    from omniseg_backend.studies.settings import VolumeSettings

#: The sample that is stretched, and the shipped model that was made for its like.
_SAMPLE, MODEL = "abdominal_ct", "demo-abdominal-ct-compact"
_SLICES = (50, 100, 200)


def volume(
    side: Annotated[
        int, typer.Option("--side", min=16, help="Voxels along a slice's sides.")
    ] = 512,
    slices: Annotated[
        list[str] | None,
        typer.Option("--slices", metavar="N,N", show_default=False, help="By default 50,100,200."),
    ] = None,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Segment CT phantoms of growing length, each in a process of its own.

    Tells the time of every stage and the most memory that the process had.
    """
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.cli.benchmark_machine import whole_numbers
        from omniseg_backend.common.platform import usable_cpus
        from omniseg_backend.studies.settings import VolumeSettings

        settings = VolumeSettings(
            bundle=shipped_model().path,
            side=side,
            slices=whole_numbers(slices, "--slices") or _SLICES,
            threads=threads or usable_cpus(),
        )
        terminal.answer(_measured(settings, terminal), _tables)


def shipped_model() -> ModelEntry:
    """The shipped model that the scan is made for.

    Raises:
        ResourceError: It is missing.
    """
    from omniseg_backend.bundles.models import available_models
    from omniseg_backend.common.errors import ResourceError

    for entry in available_models():
        if entry.origin == "shipped" and entry.manifest.id == MODEL:
            return entry
    raise ResourceError(
        "the volume benchmark",
        found=f"no shipped model {MODEL}",
        expected="the models that come with the software",
        remedy="install the software again",
    )


def sample_scan() -> Image:
    """The sample that benchmarks stretch."""
    from omniseg_backend.images.reading import read_image
    from omniseg_sample_data.samples import samples

    sample = next(sample for sample in samples() if sample.id == _SAMPLE)
    return read_image(sample.image_path, modality=sample.modality)


def _measured(settings: VolumeSettings, terminal: Terminal) -> BenchmarkVolumeDocument:
    from omniseg_backend.cli.benchmark_documents import (
        BenchmarkVolumeDocument,
        VolumeLine,
        VolumeTiming,
    )
    from omniseg_backend.cli.benchmark_machine import benchmark_machine
    from omniseg_backend.studies.volume import linear_fit, measure_volumes

    rows = measure_volumes(
        sample_scan(), settings, progress=terminal.progress, cancel=terminal.cancel
    )
    line = linear_fit(rows)
    return BenchmarkVolumeDocument(
        machine=benchmark_machine(settings.threads),
        model=MODEL,
        side=settings.side,
        rows=tuple(
            VolumeTiming(
                slices=row.slices,
                seconds=row.seconds,
                peak_bytes=row.peak_bytes,
                stages=dict(row.stages),
                shares=row.shares,
            )
            for row in rows
        ),
        line=None
        if line is None
        else VolumeLine(
            start_seconds=line.start_seconds,
            seconds_per_slice=line.seconds_per_slice,
            largest_deviation=line.largest_deviation,
        ),
    )


def _tables(document: BenchmarkVolumeDocument) -> Sequence[RenderableType]:
    from omniseg_backend.cli.benchmark_machine import machine_sentence
    from omniseg_backend.cli.tables import table

    stages = list(document.rows[0].stages)
    headings = ("slices", "seconds", "peak MB", *(stage.replace("_", " ") for stage in stages))
    rows = [
        (
            str(row.slices),
            f"{row.seconds:.1f}",
            f"{row.peak_bytes / 1e6:.0f}",
            *(f"{row.shares[stage]:.0%}" for stage in stages),
        )
        for row in document.rows
    ]
    told: list[RenderableType] = [table(headings, rows, numbers=headings)]
    if document.line is not None:
        told.append(
            f"{document.line.start_seconds:.1f} s and {document.line.seconds_per_slice:.3f} s a "
            f"slice; the farthest run is {document.line.largest_deviation:.0%} from that line."
        )
    told.append(
        f"{document.model} on slices of {document.side} x {document.side}; "
        f"{machine_sentence(document.machine)}"
    )
    return told
