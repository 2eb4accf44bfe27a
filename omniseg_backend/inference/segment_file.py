"""From an image file to a mask file, as settings ask: the steps that commands and jobs share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from omniseg_backend.bundles.models import model
from omniseg_backend.bundles.store import Bundle, load_bundle
from omniseg_backend.common.flags import Flag
from omniseg_backend.common.progress import Cancel, Progress, check_cancel
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import ModalityStatement
from omniseg_backend.images.reading import read_image
from omniseg_backend.images.writing import (
    check_map_target,
    check_target,
    write_image,
    write_segmentation,
)
from omniseg_backend.inference.asked import refuse_no_model, refuse_one_file_twice
from omniseg_backend.inference.region import parse_region
from omniseg_backend.inference.results import SegmentResult
from omniseg_backend.inference.segment import segment
from omniseg_backend.inference.settings import SegmentSettings
from omniseg_backend.inference.work import plan_work


def read_for(settings: SegmentSettings) -> Image:
    """Read the image that settings name, of the modality that they state.

    Raises:
        DataError: It cannot be read, or is known to be of another modality.
    """
    if settings.modality is not None and settings.override_modality:
        read = read_image(settings.image, series_uid=settings.series)
        return read.with_modality(ModalityStatement(settings.modality, "override"))
    return read_image(settings.image, modality=settings.modality, series_uid=settings.series)


def bundle_for(settings: SegmentSettings) -> Bundle:
    """Load the model that settings name; of a task the current one.

    Raises:
        UsageError: Neither task nor model is named, or there is none.
        BundleError: It is damaged.
    """
    if settings.model is not None:
        return load_bundle(Path(settings.model))
    refuse_no_model(settings)
    assert settings.task is not None  # or else it was refused
    return model(settings.task, settings.variant)


def known_before(image: Image, bundle: Bundle, settings: SegmentSettings) -> tuple[Flag, ...]:
    """What the user must know before the run, beyond the reader's own remarks.

    Raises:
        UsageError: The region leaves the image, or the task needs one and got none.
        DataError: The image does not fit the task.
    """
    box = None if settings.region is None else parse_region(settings.region, image.geometry)
    work = plan_work(image, bundle.manifest, box, override_modality=settings.override_modality)
    return tuple(flag for flag in work.flags if flag not in image.notes)


def run_on(
    image: Image,
    bundle: Bundle,
    settings: SegmentSettings,
    *,
    progress: Progress,
    cancel: Cancel | None,
) -> SegmentResult:
    """Segment what was read, as settings ask; see ``segment``."""
    box = None if settings.region is None else parse_region(settings.region, image.geometry)
    return segment(
        image,
        bundle,
        region=box,
        uncertainty=settings.uncertainty is not None,
        override_modality=settings.override_modality,
        progress=progress,
        cancel=cancel,
        threads=settings.threads,
        arithmetic=settings.arithmetic,
    )


def check_targets(
    settings: SegmentSettings, output: Path, image: Image, bundle: Bundle, *, overwrite: bool
) -> None:
    """Refuse before the run what could not be written after it.

    Raises:
        UsageError: One file is named twice.
        DataError: A file exists, or its format cannot hold the result.
    """
    targets = [output] if settings.uncertainty is None else [output, settings.uncertainty]
    refuse_one_file_twice(settings.image, targets)
    check_target(output, image, bundle.manifest.class_table(), overwrite=overwrite)
    if settings.uncertainty is not None:
        check_map_target(settings.uncertainty, image, overwrite=overwrite)


def write_result(
    result: SegmentResult, output: Path, uncertainty: Path | None, *, overwrite: bool
) -> tuple[Path, ...]:
    """Write the uncertainty map, if there is one, and the mask.

    Returns:
        The files written, the mask first.

    Raises:
        DataError: A file exists or cannot be written.
    """
    labels = result.segmentation
    maps: list[Path] = []
    if uncertainty is not None and result.uncertainty is not None:
        entropy = Image(
            result.uncertainty[:, None],
            labels.geometry,
            ("uncertainty",),
            name=f"{labels.name}, uncertainty",
            has_time=labels.has_time,
            frame_seconds=labels.frame_seconds,
            provenance=labels.provenance,
        )
        maps = write_image(entropy, uncertainty, overwrite=overwrite)
    return (*write_segmentation(labels, output, overwrite=overwrite), *maps)


Warn = Callable[[str], None]


def segment_file(
    settings: SegmentSettings,
    output: Path,
    *,
    map_file: Path | None,
    progress: Progress,
    cancel: Cancel | None,
    warn: Warn,
) -> tuple[SegmentResult, Bundle, tuple[Path, ...]]:
    """Read, segment and write, without asking anybody.

    Args:
        settings: The image and the model.
        output: The mask.
        map_file: The uncertainty map, where the settings ask for one.
        progress: Told how far the run is.
        cancel: Looked at before every batch.
        warn: Told what the reader had to assume, and before the run what is doubtful.

    Returns:
        The result, the model, and the files written, the mask first.

    Raises:
        OmniSegError: As ``read_for``, ``bundle_for``, ``run_on`` and ``write_result`` do.
    """
    progress("reading the image", 0.0)
    image = read_for(settings)
    for note in image.notes:
        warn(str(note))
    bundle = bundle_for(settings)
    check_target(output, image, bundle.manifest.class_table(), overwrite=False)
    if map_file is not None:
        check_map_target(map_file, image, overwrite=False)
    for flag in known_before(image, bundle, settings):
        warn(str(flag))
    result = run_on(image, bundle, settings, progress=progress, cancel=cancel)
    check_cancel(cancel, settings.image)
    return result, bundle, write_result(result, output, map_file, overwrite=False)
