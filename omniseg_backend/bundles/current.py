"""Making a model the current one of its task and variant, and going back.

Whether a model may be promoted is decided in ``evaluation/promotion.py``; here it is done.
"""

from __future__ import annotations

import dataclasses

from omniseg_backend.bundles.history import (
    Grounds,
    ModelEvent,
    append_event,
    promoted,
    read_history,
)
from omniseg_backend.bundles.models import LOCK_NAME
from omniseg_backend.bundles.shelf import ModelEntry, model_shelf, user_folder
from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.common.locking import exclusive
from omniseg_backend.networks.architecture import Variant


@dataclasses.dataclass(frozen=True)
class Rollback:
    """What a rollback did.

    Attributes:
        left: The model that was the current one.
        restored: The model that is the current one now.
    """

    left: ModelEntry
    restored: ModelEntry


def current_model(task: str, variant: Variant | str) -> ModelEntry | None:
    """The current model of a task and variant; None where none was promoted and none shipped.

    Raises:
        DataError: The history is damaged, so that nobody knows.
    """
    read_history(user_folder())
    return _current(task, variant)


def make_current(entry: ModelEntry, grounds: Grounds, *, instead_of: str | None) -> ModelEvent:
    """Record that a model is the current one from now on.

    Args:
        entry: A model of the shelf.
        grounds: Why.
        instead_of: Manifest hash of the model that it was compared with; None for none.

    Raises:
        DataError: Another model has become the current one meanwhile, or the history is damaged
            or cannot be written.
    """
    folder = user_folder()
    with exclusive(folder / LOCK_NAME):
        before = current_model(*entry.kind)
        previous = None if before is None else before.manifest_hash
        if previous != instead_of:
            raise DataError(
                entry.manifest.id,
                found="another current model than a moment ago",
                expected="the one that it was compared with",
                remedy="compare it with the new one and promote again",
            )
        event = ModelEvent.of(
            "promoted", entry.manifest, entry.manifest_hash, previous=previous, grounds=grounds
        )
        append_event(folder, event)
    return event


def roll_back(task: str, variant: Variant | str) -> Rollback:
    """Make the model before the current one current again.

    That is the last one promoted before it that can still be used, or else the shipped one.

    Raises:
        UsageError: No model was promoted, or there is none to go back to.
        DataError: The history is damaged or cannot be written.
    """
    folder = user_folder()
    with exclusive(folder / LOCK_NAME):
        stack = promoted(read_history(folder), task, variant)
        line = [
            entry
            for entry in model_shelf().entries
            if entry.kind == (task, variant) and entry.status != "candidate"
        ]
        if not stack or not line or line[0].manifest_hash not in stack:
            raise UsageError(
                f"{task}, {variant}",
                found="no promoted model",
                expected="one to take back",
                remedy="see `omniseg models history`",
            )
        left, *rest = line
        if not rest:
            raise UsageError(
                f"{task}, {variant}",
                found=f"{left.manifest.id} {left.manifest.version} and no model before it",
                expected="a previous or a shipped model to go back to",
                remedy="promote another one, or remove this one with `omniseg models remove`",
            )
        append_event(
            folder,
            ModelEvent.of(
                "rolled back",
                left.manifest,
                left.manifest_hash,
                previous=rest[0].manifest_hash,
            ),
        )
    restored = _current(task, variant)
    return Rollback(left, rest[0] if restored is None else restored)


def _current(task: str, variant: Variant | str) -> ModelEntry | None:
    return next(
        (
            entry
            for entry in model_shelf().entries
            if entry.kind == (task, variant) and entry.status == "current"
        ),
        None,
    )
