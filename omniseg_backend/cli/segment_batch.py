"""``omniseg segment FOLDER``: every image of a folder, unless it is one DICOM series."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from omniseg_backend.cli.terminal import Terminal
from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.common.reading import reading_errors
from omniseg_backend.common.wording import counted

if TYPE_CHECKING:
    from omniseg_backend.bundles.store import Bundle
    from omniseg_backend.inference.batch.items import FoundItems
    from omniseg_backend.inference.batch.outcome import Outcome
    from omniseg_backend.inference.batch.settings import BatchOptions
    from omniseg_backend.inference.settings import SegmentSettings


def batch_options(typed: Mapping[str, object]) -> BatchOptions:
    """The options that only a batch has.

    Raises:
        UsageError: One has a wrong value.
    """
    from omniseg_backend.cli.model_values import model_values
    from omniseg_backend.inference.batch.settings import BatchOptions

    return model_values(BatchOptions, typed)


def found_batch(
    image: Path, output: Path | None, options: BatchOptions, terminal: Terminal
) -> FoundItems | None:
    """What is in a folder, if the command is about a batch; None if it is about one image.

    A folder of several series is a batch too, unless the output is named like a mask: then the
    error of the one image lists the series.

    Raises:
        DataError: The folder holds no image, or cannot be opened.
        UsageError: There are options of a batch, and this is none; or a batch that is to go
            into one file.
    """
    from omniseg_backend.inference.batch.settings import BatchOptions

    found = None
    with reading_errors(image, expected="an image file or a folder"):
        is_folder = image.is_dir()
    if is_folder:
        # Here, since one file would pay a tenth of a second for pydicom.
        from omniseg_backend.inference.batch.items import find_items, no_image

        terminal.progress(f"searching {image.name}", 0.0)
        leave_out = [] if output is None else [output]
        found = find_items(image, leave_out=leave_out, cancel=terminal.cancel)
        if not (found.items or found.only_dicom):
            raise no_image(image)
        if found.is_one_image or not found.items:
            found = None
        elif output is not None and _is_mask_name(output):
            if not found.only_dicom:
                raise UsageError(
                    "--output",
                    found=f"the name of a file ({output.name}) and "
                    f"{counted(len(found.items), 'image')} in {image}",
                    expected="a folder for the masks",
                    remedy="name a folder, or one image",
                )
            found = None
    if found is None and options != BatchOptions():
        raise UsageError(
            "--workers, --scheduler, --tls-... or --format",
            found=f"an option of a batch, and one image ({image})",
            expected="a folder of several images with it",
            remedy="leave the option out; the suffix of -o chooses the format of one mask",
        )
    return found


def segment_batch(
    found: FoundItems,
    output: Path | None,
    asked: SegmentSettings,
    options: BatchOptions,
    terminal: Terminal,
    *,
    estimate: bool,
    overwrite: bool,
) -> None:
    """Segment what was found and answer.

    Args:
        found: Of ``found_batch``.
        output: Where to.
        asked: As for one image; its ``image`` is the folder.
        options: Of a batch.
        terminal: To answer on.
        estimate: Whether only an estimate was asked for, which a batch does not have.
        overwrite: Whether foreign files may be replaced.

    Raises:
        UsageError: An option makes no sense here, or no model was named.
        Exit: With 3 when images failed, after the answer.
    """
    from omniseg_backend.cli.batch_report import batch_document, batch_tables
    from omniseg_backend.inference.batch.run import run_batch
    from omniseg_backend.inference.batch.settings import BatchSettings

    folder = asked.image
    one_image_only = {
        "--estimate": estimate,
        "--region": asked.region is not None,
        "--uncertainty": asked.uncertainty is not None,
    }
    for name, given in one_image_only.items():
        if given:
            raise UsageError(
                name,
                found=f"an option of one image, and {counted(len(found.items), 'image')}",
                expected="a folder without it",
                remedy="leave it out, or name one image",
            )
    if output is None:
        raise UsageError(
            "--output",
            found="no place for the masks",
            expected=f"a folder such as {folder.resolve().name}_masks",
            remedy="name it with -o",
        )
    bundle = _bundle(asked)
    settings = BatchSettings(
        folder=folder,
        output=output,
        model=bundle.path,
        modality=asked.modality,
        override_modality=asked.override_modality,
        arithmetic=asked.arithmetic,
        threads=asked.threads,
        options=options,
    )

    def tell(outcome: Outcome) -> None:
        if outcome.error is not None:
            told = str(outcome.error)
            terminal.say(told if outcome.label in told else f"{outcome.label}: {told}")

    result = run_batch(
        settings,
        items=found.items,
        overwrite=overwrite,
        on_outcome=tell,
        progress=terminal.progress,
        cancel=terminal.cancel,
    )
    terminal.answer(batch_document(result, bundle.manifest, output), batch_tables)
    if result.failed:
        raise typer.Exit(DataError.exit_code)


def _is_mask_name(output: Path) -> bool:
    from omniseg_backend.images.writers import label_writer

    try:
        label_writer(output)
    except DataError:
        return False
    return not output.is_dir()


def _bundle(asked: SegmentSettings) -> Bundle:
    from omniseg_backend.bundles.models import available_models
    from omniseg_backend.cli.bundle_choice import bundle_for_task, named_bundle

    if asked.model is not None:
        return named_bundle(asked.model)
    if asked.task is not None:
        return bundle_for_task(asked.task, asked.variant)
    tasks = dict.fromkeys(entry.manifest.task.id for entry in available_models())
    raise UsageError(
        "--task",
        found="no task for the batch",
        expected=f"one of: {', '.join(tasks)}",
        remedy="name it, or a bundle with --model",
    )
