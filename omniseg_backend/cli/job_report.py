"""What a person reads about jobs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from omniseg_backend.cli.job_documents import (
    JobDescription,
    JobDocument,
    JobsDocument,
    JobShowDocument,
    JobsRemovedDocument,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

_COLUMNS = ("id", "what", "state", "progress", "submitted")


def list_tables(document: JobsDocument) -> Sequence[RenderableType]:
    """All jobs, one a row."""
    from omniseg_backend.cli.tables import table

    if not document.jobs:
        return ["No jobs. `omniseg jobs submit` starts one."]
    return [table(_COLUMNS, map(_row, document.jobs))]


def job_tables(document: JobDocument) -> Sequence[RenderableType]:
    """One job, in a line or two."""
    job = document.job
    lines = [f"{job.id}: {job.title or 'a job'}, {job.state}."]
    if job.error:
        lines.append(job.error)
    lines += [f"Result: {_place(job, result)}" for result in job.results]
    return lines


def show_tables(document: JobShowDocument) -> Sequence[RenderableType]:
    """Everything about one job."""
    from omniseg_backend.cli.tables import decimals, table

    job = document.job
    parts: list[RenderableType] = [*job_tables(JobDocument(job=job)), f"Folder: {job.folder}"]
    asked = _asked(document.spec or {})
    if asked:
        parts.append(table(("asked", "value"), asked))
    parts += (*document.warnings, *document.faults)
    for group, values in document.figures.items():
        rows = [(name, decimals(value)) for name, value in values.items()]
        parts.append(table((group, "latest"), rows, numbers=("latest",)))
    return [*parts, *document.log]


def removed_tables(document: JobsRemovedDocument) -> Sequence[RenderableType]:
    """What was taken away."""
    return [f"Removed: {', '.join(document.removed)}." if document.removed else "Nothing to remove"]


def _asked(spec: Mapping[str, object]) -> list[tuple[str, str]]:
    """What the spec states, one value a row; parts of a part as ``budget.minutes``."""
    rows = []
    for name, value in spec.items():
        if name in ("schema_version", "kind", "title"):
            continue
        if isinstance(value, dict):
            # The settings are what was asked; any other part is named.
            prefix = "" if name == "settings" else f"{name}."
            rows += [(prefix + inner, text) for inner, text in _asked(value)]
        else:
            rows.append((name, value if isinstance(value, str) else json.dumps(value)))
    return rows


def _row(job: JobDescription) -> tuple[str, ...]:
    from omniseg_backend.cli.tables import MISSING

    what = MISSING if job.kind is None else f"{job.kind}: {job.title}"
    created = MISSING if job.created is None else job.created[:16].replace("T", " ")
    return (job.id, what, job.state, _progress(job), created)


def _progress(job: JobDescription) -> str:
    from omniseg_backend.cli.tables import MISSING

    if job.state != "running":
        return job.error or MISSING
    if job.stage is None or job.fraction is None:
        return "starting"
    return f"{job.stage} ({job.fraction:.0%})"


def _place(job: JobDescription, result: str) -> str:
    return result if result.startswith("/") or ":" in result[:3] else f"{job.folder}/{result}"
