"""``history.jsonl``: what became of the user's models, one line per event, never rewritten.

Which model is the current one of a task and variant follows from it: a promotion puts a model on
top, a rollback takes the top away, and a removed model is taken out wherever it stands. Who did
it is not recorded.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import StringConstraints, ValidationError

from omniseg_backend.bundles.fields import Sha256, Slug, Strict, Timestamp
from omniseg_backend.bundles.fields import Version as VersionText
from omniseg_backend.bundles.manifest import Manifest
from omniseg_backend.common.atomic import writing_errors
from omniseg_backend.common.errors import DataError
from omniseg_backend.common.provenance import now_utc
from omniseg_backend.networks.architecture import Variant

HISTORY_NAME = "history.jsonl"
SCHEMA_VERSION = 1

Verdict = Literal["better", "worse", "too few to tell"]
#: ``added``: a candidate came. ``promoted``: it became the current one. ``rolled back``: it was
#: the current one, and the one before it is again. ``removed``: it is gone.
EventKind = Literal["added", "promoted", "rolled back", "removed"]
ComparisonId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,120}$")]


class Grounds(Strict):
    """Why a model was promoted.

    Attributes:
        comparison: The comparison with the model that was the current one; None where there was
            none.
        verdict: What it said.
        confirmed: Whether somebody insisted although it could not tell.
    """

    comparison: ComparisonId | None
    verdict: Verdict | None
    confirmed: bool


class ModelEvent(Strict):
    """One line of the history.

    Attributes:
        schema_version: Version of this schema.
        when: UTC.
        event: What happened.
        task: The model's task.
        variant: The model's variant.
        model: Its id.
        version: Its version.
        manifest_hash: SHA-256 of its manifest.
        previous: Manifest hash of the model that was the current one before; None where there
            was none, as for ``added`` and ``removed``.
        grounds: Of a promotion.
    """

    schema_version: Literal[1] = 1
    when: Timestamp
    event: EventKind
    task: Slug
    variant: Variant
    model: Slug
    version: VersionText
    manifest_hash: Sha256
    previous: Sha256 | None = None
    grounds: Grounds | None = None

    @classmethod
    def of(
        cls,
        event: EventKind,
        manifest: Manifest,
        manifest_hash: str,
        *,
        previous: str | None = None,
        grounds: Grounds | None = None,
    ) -> ModelEvent:
        """What happens now to the model of a manifest."""
        return cls(
            when=now_utc(),
            event=event,
            task=manifest.task.id,
            variant=manifest.variant,
            model=manifest.id,
            version=manifest.version,
            manifest_hash=manifest_hash,
            previous=previous,
            grounds=grounds,
        )


def read_history(folder: Path) -> tuple[ModelEvent, ...]:
    """All events, oldest first; none without a history.

    A last line that a killed writer left unfinished has not happened.

    Args:
        folder: Of the user's models.

    Raises:
        DataError: The history is damaged or of a newer OmniSeg.
    """
    path = folder / HISTORY_NAME
    if not path.exists():
        return ()
    try:
        content = path.read_bytes()
        whole, _, _torn = content.rpartition(b"\n")
        return tuple(
            ModelEvent.model_validate_json(line) for line in whole.split(b"\n") if line.strip()
        )
    except (OSError, ValidationError) as error:
        raise DataError(
            path,
            found="a damaged history of models, or one of a newer OmniSeg",
            expected="one event a line, schema 1",
            remedy="update OmniSeg, or move the file away; then the shipped models are current",
        ) from error


def append_event(folder: Path, event: ModelEvent) -> None:
    """Write one event behind the others, on the disk before this returns.

    The caller holds the lock of the folder.

    Raises:
        DataError: The folder cannot be written.
        ResourceError: The disk is full.
    """
    path = folder / HISTORY_NAME
    line = json.dumps(event.model_dump(mode="json")).encode("ascii") + b"\n"
    with writing_errors(path):
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as stream:
            stream.truncate(_end_of_whole_lines(path))
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())


def promoted(events: Iterable[ModelEvent], task: str, variant: Variant | str) -> tuple[str, ...]:
    """Manifest hashes of the models that were promoted and not taken back, the last one first.

    Args:
        events: Oldest first.
        task: A task's id.
        variant: Which variant of it.
    """
    stack: list[str] = []
    for event in events:
        if (event.task, event.variant) != (task, variant):
            continue
        if event.event == "promoted":
            stack.append(event.manifest_hash)
        elif event.event == "removed":
            stack = [one for one in stack if one != event.manifest_hash]
        elif event.event == "rolled back" and event.manifest_hash in stack:
            # Everything above it was unusable when it was taken back.
            last = len(stack) - 1 - stack[::-1].index(event.manifest_hash)
            del stack[last:]
    return tuple(reversed(stack))


def _end_of_whole_lines(path: Path) -> int:
    return path.read_bytes().rfind(b"\n") + 1
