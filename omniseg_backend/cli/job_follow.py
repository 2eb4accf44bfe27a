"""``omniseg jobs follow``: a job's progress and figures until it ends or Ctrl-C is pressed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from omniseg_backend.cli.options import Json

if TYPE_CHECKING:
    from omniseg_backend.cli.terminal import Terminal
    from omniseg_backend.jobs.events import Event

JobId = Annotated[str, typer.Argument(metavar="ID", help="See `omniseg jobs list`.")]

#: What a shell learns of a job that did not finish: bad data, or stopped.
_FAILED, _STOPPED = 3, 4


def follow(job: JobId, json: Json = False) -> None:
    """Show a job as it goes on, until it ends. Ctrl-C only stops looking.

    Ends with 0 if the job finished, 3 if it failed, 4 if it was stopped.
    """
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.cli.job_documents import JobDocument, described
        from omniseg_backend.cli.job_report import job_tables
        from omniseg_backend.common.progress import check_cancel
        from omniseg_backend.jobs.client import POLL_EVERY_MS, JobClient
        from omniseg_backend.jobs.states import State

        client = JobClient()
        client.follow(job, lambda _, event: _tell(terminal, event))
        while client.job(job).record.known.state in (State.QUEUED, State.RUNNING):
            client.poll()
            client.jobs()
            check_cancel(terminal.cancel, f"looking at {job}, which goes on")
            time.sleep(POLL_EVERY_MS / 1000)
        while client.poll():
            pass
        view = client.job(job)
        terminal.answer(JobDocument(job=described(view)), job_tables)
        end = view.record.known.state
    if end is not State.FINISHED:
        raise typer.Exit(_FAILED if end is State.FAILED else _STOPPED)


def _tell(terminal: Terminal, event: Event) -> None:
    from omniseg_backend.jobs.events import Failed, Measured, Progressed, Tried, Warned

    if isinstance(event, Progressed):
        terminal.progress(event.stage, event.fraction)
    elif isinstance(event, Warned):
        terminal.say(event.sentence)
    elif isinstance(event, Failed):
        for fault in event.details:
            terminal.say(fault)
    elif isinstance(event, Measured | Tried):
        told = event.values if isinstance(event, Measured) else event.objectives
        figures = (f"{name} {value:.4g}" for name, value in told.items() if value is not None)
        terminal.say(f"step {event.step}, {event.group}: {', '.join(figures)}")
