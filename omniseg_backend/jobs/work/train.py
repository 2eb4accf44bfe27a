"""The work of a ``train`` job: the run's state in ``checkpoints/run``, the bundle in ``result``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from omniseg_backend.jobs.context import JobContext
from omniseg_backend.jobs.event_log import all_events
from omniseg_backend.jobs.events import Measured
from omniseg_backend.jobs.kinds.train import TrainSpec
from omniseg_backend.training.bundle_run import train_bundle
from omniseg_backend.training.observer import TrainingNews, ValidationFigures

_LOSS, _DICE = "loss", "Dice"


def run(spec: TrainSpec, context: JobContext) -> Mapping[str, Path]:
    """Train, or go on with the run; tell loss, Dice and a picture after every validation."""
    name = spec.output.name if spec.output else spec.default_output
    teller = _Teller(context)
    train_bundle(
        spec.settings,
        context.partial / name,
        folder=context.checkpoints / "run",
        progress=context.progress,
        cancel=context.cancel,
        observer=teller.tell,
    )
    return {} if spec.output is None else {name: spec.output}


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
