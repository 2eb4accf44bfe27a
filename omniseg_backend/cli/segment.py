"""``omniseg segment``: image file in, named and measured segmentation out."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from omniseg_backend.cli.options import Json, Overwrite, Threads, path_argument, path_option
from omniseg_backend.images.modality import Modality
from omniseg_backend.networks.architecture import Variant

if TYPE_CHECKING:
    from omniseg_backend.bundles.store import Bundle
    from omniseg_backend.cli.terminal import Terminal
    from omniseg_backend.images.image import Image
    from omniseg_backend.inference.results import SegmentResult


def segment(
    image: Annotated[Path, path_argument("An image file, or a folder of DICOM files.")],
    output: Annotated[
        Path | None,
        path_option("--output", "-o", text="The mask; its suffix chooses the format."),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option("--task", show_default=False, help="What to segment; see `omniseg models`."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", show_default=False, help="A bundle's path or id, for --task."),
    ] = None,
    variant: Annotated[
        Variant | None,
        typer.Option("--variant", show_default=False, help="By default the cheapest there is."),
    ] = None,
    modality: Annotated[
        Modality | None,
        typer.Option("--modality", show_default=False, help="What the image is, if it is silent."),
    ] = None,
    override_modality: Annotated[
        bool,
        typer.Option("--override-modality", help="Run although the modality is known to differ."),
    ] = False,
    series: Annotated[
        str | None,
        typer.Option(
            "--series",
            metavar="UID",
            show_default=False,
            help="Which DICOM series, where a folder holds several.",
        ),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            "--region",
            metavar="I0:I1,J0:J1,K0:K1",
            show_default=False,
            help="Only these voxels; columns and rows of a picture.",
        ),
    ] = None,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Only say what time and memory it would take.")
    ] = False,
    uncertainty: Annotated[
        Path | None,
        path_option("--uncertainty", text="Also write an uncertainty map."),
    ] = None,
    threads: Threads = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Segment an image file.

    Without --task or --model, the tasks that fit are listed and you are asked.
    """
    from omniseg_backend.cli.terminal import command, contradiction

    start = time.perf_counter()
    with command(json=json) as terminal:
        from omniseg_backend.cli.segment_report import (
            estimate_document,
            estimate_tables,
            segment_document,
            segment_tables,
        )
        from omniseg_backend.common.progress import check_cancel
        from omniseg_backend.inference.region import parse_region
        from omniseg_backend.inference.segment import segment as run

        if task is not None and model is not None:
            raise contradiction("--task", "--model")
        if model is not None and variant is not None:
            raise contradiction("--model", "--variant")
        if output is None and not estimate:
            raise _no_output(image)
        terminal.progress(f"reading {image.name}", 0.0)
        read = _read(image, modality, series, override_modality=override_modality)
        for note in read.notes:
            terminal.say(f"{image.name}: {note}")
        box = None if region is None else parse_region(region, read.geometry)
        bundle = _choose(read, task, model, variant, terminal)
        if output is None or estimate:
            from omniseg_backend.inference.estimate import estimate as estimate_run

            reading = time.perf_counter() - start
            terminal.progress("measuring the speed of this machine", 0.0)
            expected = estimate_run(
                read,
                bundle,
                region=box,
                uncertainty=uncertainty is not None,
                override_modality=override_modality,
                threads=threads,
            )
            terminal.answer(estimate_document(expected, bundle, reading), estimate_tables)
            return
        _check_targets(image, output, uncertainty, read, bundle, overwrite=overwrite)
        reading = time.perf_counter() - start
        result = run(
            read,
            bundle,
            region=box,
            uncertainty=uncertainty is not None,
            override_modality=override_modality,
            progress=terminal.progress,
            cancel=terminal.cancel,
            threads=threads,
        )
        check_cancel(terminal.cancel, image)
        writing = time.perf_counter()
        _write(result, output, uncertainty, overwrite=overwrite)
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


def _read(
    path: Path, modality: Modality | None, series: str | None, *, override_modality: bool
) -> Image:
    from omniseg_backend.images.modality import ModalityStatement
    from omniseg_backend.images.reading import read_image

    if modality is not None and override_modality:
        read = read_image(path, series_uid=series)
        return read.with_modality(ModalityStatement(modality, "override"))
    return read_image(path, modality=modality, series_uid=series)


def _choose(
    image: Image, task: str | None, model: str | None, variant: Variant | None, terminal: Terminal
) -> Bundle:
    from omniseg_backend.cli.bundle_choice import ask_for_task, bundle_for_task, named_bundle

    if model is not None:
        return named_bundle(model)
    if task is None:
        interactive = sys.stdin.isatty() and not terminal.json
        task = ask_for_task(image, terminal, interactive=interactive)
    return bundle_for_task(task, variant)


def _check_targets(
    source: Path,
    output: Path,
    uncertainty: Path | None,
    image: Image,
    bundle: Bundle,
    *,
    overwrite: bool,
) -> None:
    """Refuse before the run what could not be written after it."""
    from omniseg_backend.common.errors import UsageError
    from omniseg_backend.images.writing import check_map_target, check_target

    targets = [output] if uncertainty is None else [output, uncertainty]
    paths = [path.resolve() for path in (source, *targets)]
    if len(set(paths)) < len(paths):
        raise UsageError(
            "--output",
            found="one file named twice",
            expected="different files for the image, the mask and the uncertainty map",
            remedy="choose another output",
        )
    check_target(output, image, bundle.manifest.class_table(), overwrite=overwrite)
    if uncertainty is not None:
        check_map_target(uncertainty, image, overwrite=overwrite)


def _write(
    result: SegmentResult, output: Path, uncertainty: Path | None, *, overwrite: bool
) -> None:
    from omniseg_backend.images.image import Image
    from omniseg_backend.images.writing import write_image, write_segmentation

    labels = result.segmentation
    if uncertainty is not None and result.uncertainty is not None:
        entropy = Image(
            result.uncertainty[:, None],
            labels.geometry,
            ("uncertainty",),
            name=f"{labels.name}, uncertainty",
            has_time=labels.has_time,
            frame_seconds=labels.frame_seconds,
        )
        write_image(entropy, uncertainty, overwrite=overwrite)
    write_segmentation(labels, output, overwrite=overwrite)
