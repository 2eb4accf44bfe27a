"""A whole training run: settings in, listed-ready bundle out."""

from __future__ import annotations

from pathlib import Path

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.atomic import refuse_existing, refuse_unwritable
from omniseg_backend.common.progress import Cancel, Progress, no_progress
from omniseg_backend.training.export import export_bundle
from omniseg_backend.training.observer import Observer
from omniseg_backend.training.run import run_folder, run_training
from omniseg_backend.training.settings import TrainingSettings


def train_bundle(
    settings: TrainingSettings,
    target: Path,
    *,
    folder: Path | None = None,
    overwrite: bool = False,
    progress: Progress = no_progress,
    cancel: Cancel | None = None,
    observer: Observer | None = None,
) -> Bundle:
    """Train, export, verify and write a bundle; resume an interrupted run of the same target.

    The run's state stays in its folder with its learning curves.

    Args:
        settings: What to train on and how.
        target: The bundle: a folder, or a file that ends in ``.omniseg``.
        folder: The run's; ``TARGET.run/`` if nothing is said.
        overwrite: Whether an existing bundle may be replaced.
        progress: Told about every stage.
        cancel: Looked at between steps.
        observer: Told after every validation.

    Raises:
        DataError: The data set cannot be used, or the target exists or cannot be written.
        CancelledError: The user cancelled; the same call resumes.
    """
    target = Path(target)
    refuse_existing(target, overwrite=overwrite)
    refuse_unwritable(target)
    run = run_training(
        settings,
        folder or run_folder(target),
        progress=progress,
        cancel=cancel,
        observer=observer,
    )
    return export_bundle(run, target, overwrite=overwrite, progress=progress, cancel=cancel)
