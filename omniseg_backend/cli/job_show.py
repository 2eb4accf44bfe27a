"""What ``omniseg jobs show`` gathers from a job's folder."""

from __future__ import annotations

import json

from omniseg_backend.cli.job_documents import JobShowDocument, described
from omniseg_backend.jobs.client import JobView
from omniseg_backend.jobs.event_log import all_events
from omniseg_backend.jobs.events import Failed, Measured, Started, Warned
from omniseg_backend.jobs.folder import JobFolder


def show_document(view: JobView, log_lines: int) -> JobShowDocument:
    """Everything about a job.

    Args:
        view: The job.
        log_lines: How many lines from the log's end.
    """
    folder = view.record.folder
    figures: dict[str, dict[str, float | None]] = {}
    warnings: list[str] = []
    faults: tuple[str, ...] = ()
    for event in all_events(folder.events):
        if isinstance(event, Started | Failed):
            faults = event.details if isinstance(event, Failed) else ()
        if isinstance(event, Measured):
            figures.setdefault(event.group, {}).update(event.values)
        elif isinstance(event, Warned) and event.sentence not in warnings:
            warnings.append(event.sentence)
    return JobShowDocument(
        job=described(view),
        spec=_spec(folder),
        warnings=tuple(warnings),
        faults=faults,
        figures=figures,
        log=tuple(_text(folder).splitlines()[-log_lines:]),
    )


def _spec(folder: JobFolder) -> dict[str, object] | None:
    """As the file holds it: a later version's is shown too."""
    try:
        content = json.loads(folder.spec.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _text(folder: JobFolder) -> str:
    try:
        return folder.log.read_text("utf-8", errors="replace")
    except OSError:
        return ""
