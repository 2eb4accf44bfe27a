"""``omniseg benchmark batch``: whether memory grows with the images of a folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from omniseg_backend.cli.options import Json

if TYPE_CHECKING:
    from rich.console import RenderableType

    from omniseg_backend.cli.benchmark_documents import BenchmarkBatchDocument
    from omniseg_backend.cli.terminal import Terminal
    from omniseg_backend.studies.settings import BatchMemorySettings

#: Rows of the table beside the first, the 20th and the last image.
_ROWS = 8


def batch(
    images: Annotated[int, typer.Option("--images", min=1, help="How many.")] = 200,
    side: Annotated[
        int, typer.Option("--side", min=16, help="Voxels along a slice's sides, at the most.")
    ] = 160,
    slices: Annotated[int, typer.Option("--slices", min=1, help="Of each image.")] = 8,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, show_default=False, help="Processes; one per core."),
    ] = None,
    json: Json = False,
) -> None:
    """Segment a folder of CT phantoms of many sizes and watch the memory.

    Tells how much the command and its processes grow from the 20th image to the last.
    """
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.cli.benchmark_volume import shipped_model
        from omniseg_backend.common.platform import usable_cpus
        from omniseg_backend.studies.settings import BatchMemorySettings

        settings = BatchMemorySettings(
            bundle=shipped_model().path,
            images=images,
            side=side,
            slices=slices,
            workers=workers or usable_cpus(),
        )
        terminal.answer(_measured(settings, terminal), _tables)


def _measured(settings: BatchMemorySettings, terminal: Terminal) -> BenchmarkBatchDocument:
    from omniseg_backend.cli.benchmark_documents import BatchMemoryAt, BenchmarkBatchDocument
    from omniseg_backend.cli.benchmark_machine import benchmark_machine
    from omniseg_backend.cli.benchmark_volume import MODEL, sample_scan
    from omniseg_backend.common.platform import usable_cpus
    from omniseg_backend.studies.batch_memory import SETTLED_AFTER, measure_batch_memory

    found = measure_batch_memory(
        sample_scan(), settings, progress=terminal.progress, cancel=terminal.cancel
    )
    images = len(found.at)
    told = {1, min(SETTLED_AFTER, images), *range(0, images, max(1, images // _ROWS)), images}
    return BenchmarkBatchDocument(
        machine=benchmark_machine(usable_cpus()),
        model=MODEL,
        images=images,
        side=settings.side,
        slices=settings.slices,
        workers=settings.workers,
        memory=tuple(
            BatchMemoryAt(images=done, bytes=found.at[done - 1]) for done in sorted(told - {0})
        ),
        growth_bytes=found.growth,
        peak_growth_bytes=found.peak_growth,
        seconds=found.seconds,
    )


def _tables(document: BenchmarkBatchDocument) -> Sequence[RenderableType]:
    from omniseg_backend.cli.benchmark_machine import machine_sentence
    from omniseg_backend.cli.tables import table
    from omniseg_backend.common.wording import counted

    headings = ("images done", "MB")
    rows = [(str(one.images), f"{one.bytes / 1e6:.0f}") for one in document.memory]
    return [
        table(headings, rows, numbers=headings),
        f"{document.growth_bytes / 1e6:+.1f} MB from the 20th image to the last, "
        f"{document.peak_growth_bytes / 1e6:+.1f} MB to the most there was; "
        f"{counted(document.images, 'image')} in {document.seconds:.0f} s.",
        f"{document.model} on {counted(document.slices, 'slice')} of up to {document.side} x "
        f"{document.side}, {counted(document.workers, 'process', 'processes')}; "
        f"{machine_sentence(document.machine)}",
    ]
