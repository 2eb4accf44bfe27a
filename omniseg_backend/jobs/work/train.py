"""The work of a ``train`` job: the run's state in ``checkpoints/run``, the bundle in ``result``."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from omniseg_backend.bundles.models import add_model
from omniseg_backend.common.atomic import atomic_path
from omniseg_backend.common.errors import DataError
from omniseg_backend.jobs.context import JobContext
from omniseg_backend.jobs.event_log import all_events
from omniseg_backend.jobs.events import Measured
from omniseg_backend.jobs.kinds.train import TrainSpec
from omniseg_backend.training.bundle_run import train_bundle
from omniseg_backend.training.observer import TrainingNews, ValidationFigures

_log = logging.getLogger(__name__)

_LOSS, _DICE = "loss", "Dice"


def run(spec: TrainSpec, context: JobContext) -> Mapping[str, Path]:
    """Train, or go on with the run; list the bundle as a candidate.

    Loss, Dice and a picture are told after every validation.
    """
    name = spec.output.name if spec.output else spec.default_output
    # Kept until the job is removed: made anew after a kill it would have other times, hence
    # another hash, and be listed a second time.
    made = context.checkpoints / "made" / name
    if not made.exists():
        made.parent.mkdir(exist_ok=True)
        train_bundle(
            spec.settings,
            made,
            folder=context.checkpoints / "run",
            progress=context.progress,
            cancel=context.cancel,
            observer=_Teller(context).tell,
        )
    _copy(made, context.partial / name)
    _list_as_candidate(made, context)
    return {} if spec.output is None else {name: spec.output}


def _copy(made: Path, target: Path) -> None:
    with atomic_path(target) as temporary:
        if made.is_dir():
            shutil.copytree(made, temporary)
        else:
            shutil.copyfile(made, temporary)


def _list_as_candidate(made: Path, context: JobContext) -> None:
    """As `omniseg train` does; a list that cannot be written is no loss."""
    try:
        entry = add_model(made)
    except DataError as error:
        context.warn(f"The bundle is made, but could not be listed among your models: {error}")
        return
    _log.info("%s is listed, %s for %s, %s", entry.manifest.id, entry.status, *entry.kind)


class _Teller:
    """Tells every validation once, also those of which a kill kept the news back."""

    def __init__(self, context: JobContext) -> None:
        self._context = context
        events = all_events(context.folder.events)
        self._told = {e.step for e in events if isinstance(e, Measured) and e.group == _DICE}

    def tell(self, news: TrainingNews) -> None:
        self._figures(news.history)
        self._context.preview(news.picture, news.history[-1].step, news.caption)

    def _figures(self, history: Iterable[ValidationFigures]) -> None:
        for one in history:
            if one.step in self._told:
                continue
            self._told.add(one.step)
            self._context.metric(_LOSS, one.step, {"training": one.loss})
            self._context.metric(_DICE, one.step, {"mean": one.dice, **one.class_dice})
