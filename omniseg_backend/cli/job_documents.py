"""The documents of ``omniseg jobs``, and how a job becomes one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from omniseg_backend.cli.documents import Count, Document, Part, Seconds, Share
from omniseg_backend.jobs.client import JobView
from omniseg_backend.jobs.states import RESUMABLE, State

Shown = Literal[
    "queued", "running", "paused", "interrupted", "cancelled", "failed", "finished", "unreadable"
]


class JobDescription(Part):
    """A job as lists show it."""

    id: str
    kind: Annotated[str | None, Field(description="Null where the folder cannot be read.")]
    title: str | None
    state: Annotated[Shown, Field(description="unreadable: damaged, or of a later version.")]
    resumable: bool
    created: Annotated[str | None, Field(description="ISO 8601 in UTC.")]
    changed: Annotated[str | None, Field(description="When the state last changed.")]
    attempts: Count
    stage: Annotated[str | None, Field(description="What it is or was doing.")]
    fraction: Annotated[Share | None, Field(description="Of that stage.")]
    remaining_seconds: Annotated[Seconds | None, Field(description="Until the stage ends.")]
    error: Annotated[str | None, Field(description="Why it failed or cannot be read.")]
    results: tuple[str, ...]
    folder: Annotated[str, Field(description="Whose files docs/jobs.md describes.")]


class JobDocument(Document):
    """``omniseg jobs submit``, ``follow``, ``pause``, ``cancel`` and ``resume``."""

    job: JobDescription


class JobsDocument(Document):
    """``omniseg jobs list``."""

    jobs: tuple[JobDescription, ...]


class JobShowDocument(Document):
    """``omniseg jobs show``."""

    job: JobDescription
    spec: Annotated[dict[str, Any] | None, Field(description="See job-spec-KIND.json.")]
    warnings: tuple[str, ...]
    faults: Annotated[tuple[str, ...], Field(description="Of the last failure, if several.")]
    figures: Annotated[
        dict[str, dict[str, float | None]], Field(description="The latest, by group and name.")
    ]
    log: Annotated[tuple[str, ...], Field(description="Its last lines.")]


class JobsRemovedDocument(Document):
    """``omniseg jobs remove`` and ``purge``."""

    removed: tuple[str, ...]


class EnvironmentOffer(Part):
    """What building an environment that trains takes."""

    python: Annotated[str, Field(description="The Python that was picked.")]
    folder: Annotated[str, Field(description="The new virtual environment.")]
    requirement: str
    sources: Annotated[tuple[str, ...], Field(description="Addresses, or a folder of wheels.")]
    bytes_needed: Annotated[Count, Field(description="On disk, roughly.")]
    bytes_free: Count
    commands: Annotated[tuple[str, ...], Field(description="The same by hand.")]
    built: bool


class JobEnvironmentDocument(Document):
    """``omniseg jobs environment``."""

    training_interpreter: Annotated[str | None, Field(description="The Python that trains.")]
    training_problem: Annotated[str | None, Field(description="Why none does.")]
    offer: Annotated[EnvironmentOffer | None, Field(description="With --build.")]


def described(view: JobView) -> JobDescription:
    """A job as its documents hold it."""
    state, progress = view.record.state, view.progress
    running = state is not None and state.state is State.RUNNING
    if state is None:
        return JobDescription(
            id=view.id,
            kind=None,
            title=None,
            state="unreadable",
            resumable=False,
            created=None,
            changed=None,
            attempts=0,
            stage=None,
            fraction=None,
            remaining_seconds=None,
            error=str(view.record.problem),
            results=(),
            folder=str(view.record.folder.path),
        )
    return JobDescription(
        id=view.id,
        kind=state.kind,
        title=state.title,
        state=state.state.value,
        resumable=state.state in RESUMABLE,
        created=state.created,
        changed=state.changed,
        attempts=state.attempts,
        stage=progress.stage if progress else None,
        fraction=progress.fraction if progress else None,
        remaining_seconds=progress.remaining_seconds if progress and running else None,
        error=state.error,
        results=state.results,
        folder=str(view.record.folder.path),
    )
