"""A bundle of the best state that a run, finished or not, has reached."""

from __future__ import annotations

from pathlib import Path

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.atomic import refuse_existing, refuse_unwritable
from omniseg_backend.common.errors import DataError
from omniseg_backend.common.progress import Cancel, Progress, no_progress
from omniseg_backend.training.checkpoint import Checkpoint
from omniseg_backend.training.export import export_bundle
from omniseg_backend.training.export_settings import PLAN, ExportSettings, find_run
from omniseg_backend.training.plan import RunPlan, check_same_run
from omniseg_backend.training.preparation import prepare_data
from omniseg_backend.training.run import CHECKPOINT, FinishedRun


def export_run(
    settings: ExportSettings,
    target: Path,
    *,
    overwrite: bool = False,
    progress: Progress = no_progress,
    cancel: Cancel | None = None,
) -> Bundle:
    """Make a bundle of a run's best state so far; the run may go on meanwhile.

    Args:
        settings: The run.
        target: The bundle: a folder, or a file that ends in ``.omniseg``.
        overwrite: Whether an existing bundle may be replaced.
        progress: Told about every stage.
        cancel: Looked at between stages.

    Raises:
        DataError: There is no run, it has not validated yet, its data changed, or the target
            exists or cannot be written.
        CancelledError: The user cancelled.
    """
    refuse_existing(target, overwrite=overwrite)
    refuse_unwritable(target)
    run = load_run(settings, progress=progress, cancel=cancel)
    return export_bundle(run, target, overwrite=overwrite, progress=progress, cancel=cancel)


def load_run(settings: ExportSettings, *, progress: Progress, cancel: Cancel | None) -> FinishedRun:
    """A run as its folder holds it, with its data prepared anew.

    Raises:
        DataError: There is no run, it has not validated yet, or its data changed.
    """
    folder = find_run(settings.run)
    plan = RunPlan.load(folder / PLAN)
    if not (folder / CHECKPOINT).exists():
        raise _nothing_yet(settings.run)
    # Read before the data are: a run that goes on replaces it at its next validation.
    checkpoint = Checkpoint.load(folder / CHECKPOINT)
    if not checkpoint.state.history:
        raise _nothing_yet(settings.run)
    asked = plan.settings
    if settings.dataset is not None:
        asked = asked.model_copy(update={"dataset": settings.dataset})
    data = prepare_data(asked, progress=progress, cancel=cancel)
    check_same_run(plan, asked, data.data_hash, folder / PLAN)
    return FinishedRun(plan, data, checkpoint)


def _nothing_yet(run: Path) -> DataError:
    return DataError(
        run,
        found="a run that has not validated yet",
        expected="at least one validation, which tells the best state",
        remedy="let it go on for a while",
    )
