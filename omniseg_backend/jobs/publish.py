"""From results in the making to a finished job: outputs are copied, ``result/`` appears at once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from omniseg_backend.common.atomic import atomic_path, refuse_existing, write_text_atomic
from omniseg_backend.common.errors import DataError
from omniseg_backend.jobs.context import JobContext
from omniseg_backend.jobs.folder import JobFolder


def publish(
    context: JobContext, outputs: Mapping[str, Path], *, overwrite: bool
) -> tuple[str, ...]:
    """Put results where the user asked, and all of them into ``result/``.

    An output that cannot be put there (it came into being meanwhile, its disk is full) is a
    warning: a night's work must not be lost for its name.

    Args:
        context: The attempt; its ``partial`` holds the results.
        outputs: Names in ``partial``, and the places outside where they are wanted.
        overwrite: Whether these places may hold something.

    Returns:
        What was made: relative to the job's folder, or absolute where it lies outside.

    Raises:
        DataError: ``result/`` cannot be made.
    """
    folder = context.folder
    placed = []
    for name, target in outputs.items():
        try:
            _place(folder, folder.partial / name, target, overwrite=overwrite)
            placed.append(str(target))
        except DataError as error:
            context.warn(f"{error} The result lies in the job's own folder.")
    shutil.rmtree(folder.result, ignore_errors=True)
    folder.partial.rename(folder.result)
    made = sorted(path.name for path in folder.result.iterdir())
    return (*(f"{folder.result.name}/{name}" for name in made), *placed)


def _place(folder: JobFolder, source: Path, target: Path, *, overwrite: bool) -> None:
    """Copy one result out. A job that was killed right after it did so may do it again."""
    ledger = folder.checkpoints / "placed.json"
    ours = json.loads(ledger.read_text("utf-8")) if ledger.exists() else []
    if str(target) not in ours:
        refuse_existing(target, overwrite=overwrite)
        write_text_atomic(ledger, json.dumps([*ours, str(target)]))
    with atomic_path(target) as temporary:
        if source.is_dir():
            shutil.copytree(source, temporary)
        else:
            shutil.copyfile(source, temporary)
