"""``omniseg segment``: image file in, named and measured segmentation out."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from omniseg_backend.cli.model_options import with_options
from omniseg_backend.cli.options import Json, Overwrite, path_argument, path_option
from omniseg_backend.inference.batch.settings import BatchOptions
from omniseg_backend.inference.settings import SegmentSettings

if TYPE_CHECKING:
    from omniseg_backend.bundles.store import Bundle
    from omniseg_backend.cli.terminal import Terminal
    from omniseg_backend.images.image import Image


@with_options(SegmentSettings, BatchOptions, leave_out={"image"})
def segment(
    image: Annotated[
        Path, path_argument("An image file, a folder of one DICOM series, or a folder of images.")
    ],
    output: Annotated[
        Path | None,
        path_option("--output", "-o", text="The mask, its format by suffix; of a batch a folder."),
    ] = None,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Only say what time and memory it would take.")
    ] = False,
    overwrite: Overwrite = False,
    json: Json = False,
    **options: object,
) -> None:
    """Segment an image file, or every image of a folder.

    A folder whose files form one DICOM series is one image. Any other folder is a batch: give
    the same command again to go on with one that was stopped.

    Without --task or --model, the tasks that fit are listed and you are asked.
    """
    from omniseg_backend.cli.terminal import command, contradiction

    start = time.perf_counter()
    with command(json=json) as terminal:
        from omniseg_backend.cli.model_values import model_values
        from omniseg_backend.cli.segment_batch import batch_options, found_batch, segment_batch
        from omniseg_backend.cli.segment_report import (
            estimate_document,
            estimate_tables,
            segment_document,
            segment_tables,
        )
        from omniseg_backend.common.progress import check_cancel
        from omniseg_backend.inference.region import parse_region
        from omniseg_backend.inference.segment_file import (
            check_targets,
            known_before,
            read_for,
            run_on,
            write_result,
        )

        for first, second in (("task", "model"), ("model", "variant")):
            if options[first] is not None and options[second] is not None:
                raise contradiction(f"--{first}", f"--{second}")
        settings = model_values(SegmentSettings, options, fixed={"image": image})
        batch = batch_options(options)
        single = settings.series is not None
        found = None if single else found_batch(image, output, batch, terminal)
        if found is not None:
            segment_batch(
                found, output, settings, batch, terminal, estimate=estimate, overwrite=overwrite
            )
            return
        if output is None and not estimate:
            raise _no_output(image)
        terminal.progress(f"reading {image.name}", 0.0)
        read = read_for(settings)
        for note in read.notes:
            terminal.say(f"{image.name}: {note}")
        box = None if settings.region is None else parse_region(settings.region, read.geometry)
        bundle = _choose(read, settings, terminal)
        if output is None or estimate:
            from omniseg_backend.inference.estimate import estimate as estimate_run

            reading = time.perf_counter() - start
            terminal.progress("measuring the speed of this machine", 0.0)
            expected = estimate_run(
                read,
                bundle,
                region=box,
                uncertainty=settings.uncertainty is not None,
                override_modality=settings.override_modality,
                threads=settings.threads,
                arithmetic=settings.arithmetic,
            )
            terminal.answer(estimate_document(expected, bundle, reading), estimate_tables)
            return
        check_targets(settings, output, read, bundle, overwrite=overwrite)
        for flag in known_before(read, bundle, settings):
            terminal.say(f"{image.name}: {flag}")
        reading = time.perf_counter() - start
        result = run_on(read, bundle, settings, progress=terminal.progress, cancel=terminal.cancel)
        check_cancel(terminal.cancel, image)
        writing = time.perf_counter()
        write_result(result, output, settings.uncertainty, overwrite=overwrite)
        stages = {name: spent for name, spent in result.seconds.items() if name != "total"}
        seconds = {
            "read": reading,
            **stages,
            "write": time.perf_counter() - writing,
            "total": time.perf_counter() - start,
        }
        terminal.answer(segment_document(result, output, bundle, seconds), segment_tables)


def _no_output(image: Path) -> Exception:
    from omniseg_backend.common.errors import UsageError

    return UsageError(
        "--output",
        found="no place for the mask",
        expected=f"a name such as {image.name.partition('.')[0]}_mask.nii.gz",
        remedy="name it with -o, or ask for --estimate only",
    )


def _choose(image: Image, settings: SegmentSettings, terminal: Terminal) -> Bundle:
    from omniseg_backend.cli.bundle_choice import ask_for_task, bundle_for_task, named_bundle

    if settings.model is not None:
        return named_bundle(settings.model)
    task = settings.task
    if task is None:
        interactive = sys.stdin.isatty() and not terminal.json
        task = ask_for_task(image, terminal, interactive=interactive)
    return bundle_for_task(task, settings.variant)
