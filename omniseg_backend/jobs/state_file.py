"""``state.json``: where a job stands, replaced as a whole at every change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from omniseg_backend.common.atomic import write_text_atomic
from omniseg_backend.common.errors import DataError
from omniseg_backend.jobs.states import State

#: Of ``spec.json``, ``events.jsonl`` and ``state.json``; a folder with a larger number is shown,
#: never run or changed.
SCHEMA_VERSION = 1


class Runner(BaseModel):
    """The process that works on a job; its start tells it from a later one of the same number."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    process: int
    """Its id; it leads its own process group."""
    started: float
    """When the system started it, in seconds since 1970."""


class JobState(BaseModel):
    """The content of ``state.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    schema_version: Literal[1] = 1
    """Of the whole job folder."""
    id: str
    """Name of the job's folder."""
    kind: str
    """Which spec ``spec.json`` holds."""
    title: str
    """What the user sees in lists."""
    state: State
    """Where the job stands."""
    heavy: bool
    """Whether it waits for other heavy jobs."""
    created: str
    """When it was submitted, ISO 8601 in UTC; heavy jobs run in this order."""
    changed: str
    """When the state last changed."""
    attempts: Annotated[int, Field(ge=0)] = 0
    """How often it was started."""
    runner: Runner | None = None
    """While it runs."""
    error: str | None = None
    """Why it failed, for people."""
    results: tuple[str, ...] = ()
    """What it made: relative to the job's folder, or absolute where an output was named."""

    def save(self, path: Path) -> None:
        """Write the file in one step.

        Raises:
            DataError: It cannot be written.
            ResourceError: The disk is full.
        """
        write_text_atomic(path, self.model_dump_json(indent=2) + "\n")


class NewerJobError(DataError):
    """A job folder that a later version of the software made."""


def load_state(path: Path) -> JobState:
    """Read ``state.json``.

    Raises:
        NewerJobError: A later version made it.
        DataError: It is missing or damaged.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
        version = content["schema_version"]
        if isinstance(version, int) and version > SCHEMA_VERSION:
            raise newer_job(path, version)
        return JobState.model_validate(content)
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise DataError(
            path,
            found="a missing or damaged state",
            expected="the state of a job",
            remedy=f"remove the job with `omniseg jobs remove {path.parent.name}`",
        ) from error


def newer_job(path: Path, version: int) -> NewerJobError:
    """The error of a folder whose schema is newer than ours."""
    return NewerJobError(
        path,
        found=f"a job of schema {version}",
        expected=f"schema {SCHEMA_VERSION}, the newest that this version knows",
        remedy="open it with the version that made it, or update",
    )
