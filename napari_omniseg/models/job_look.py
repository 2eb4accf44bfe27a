"""One look at all jobs and at one of them closely. Reads files: never on the main thread."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

from napari_omniseg.models.field_words import asked
from napari_omniseg.models.job_results import JobResult, results_of
from napari_omniseg.models.job_rows import JobRow, rows_of
from omniseg_backend.jobs.client import JobClient
from omniseg_backend.jobs.folder import JobFolder

#: Of a log, from its end.
_LOG_BYTES, _LOG_LINES = 1 << 15, 200


@dataclasses.dataclass(frozen=True)
class JobDetails:
    """One job closely.

    Attributes:
        row: Its line in the table.
        asked: Names and values that its spec states.
        log: The end of its messages.
        results: What it made and is still there.
        results_gone: Whether it made something and nothing of it is left.
    """

    row: JobRow
    asked: tuple[tuple[str, str], ...]
    log: str
    results: tuple[JobResult, ...]
    results_gone: bool


@dataclasses.dataclass(frozen=True)
class Look:
    """What was seen.

    Attributes:
        job: The one that was to be looked at closely; empty if none was.
        rows: All jobs, newest first.
        details: That job; None if none was asked for, or it is gone.
    """

    job: str
    rows: tuple[JobRow, ...]
    details: JobDetails | None


def look(job: str, root: Path | None = None) -> Look:
    """List all jobs, which starts those that are due.

    Args:
        job: The one to look at closely; empty for none.
        root: Where jobs lie, if not in ``OMNISEG_HOME``.

    Raises:
        DataError: The folder of all jobs cannot be read or written.
    """
    rows = rows_of(JobClient(root).jobs())
    row = next((row for row in rows if row.id == job), None)
    return Look(job, rows, None if row is None else _details(row))


def _details(row: JobRow) -> JobDetails:
    folder = JobFolder(row.folder)
    results = results_of(folder.path, row.results)
    return JobDetails(
        row=row,
        asked=asked(_content(folder.spec)),
        log=_end_of(folder.log),
        results=results,
        results_gone=bool(row.results) and not results,
    )


def _content(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _end_of(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - _LOG_BYTES))
            lines = stream.read().decode("utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    if size > _LOG_BYTES:
        # The first was cut.
        lines = lines[1:]
    return "\n".join(lines[-_LOG_LINES:])
