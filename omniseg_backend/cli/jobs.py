"""``omniseg jobs``: long work that goes on without the terminal or viewer that started it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from omniseg_backend.cli.job_environment import environment
from omniseg_backend.cli.job_follow import JobId, follow
from omniseg_backend.cli.job_submit import submit
from omniseg_backend.cli.lazy_commands import plain_typer
from omniseg_backend.cli.options import Json

if TYPE_CHECKING:
    from omniseg_backend.jobs.client import JobClient
    from omniseg_backend.jobs.state_file import JobState

commands = plain_typer("jobs")
commands.add_typer(submit, name="submit")
commands.command()(follow)
commands.command()(environment)

#: Lines of a job's log that ``show`` repeats.
_LOG_LINES = 20
#: Seconds to wait for a job to heed a request; it then goes on by itself.
_PATIENCE = 6.0
#: A century; the calendar ends where some more would be subtracted.
_LONGEST_DAYS = 36_500


@commands.callback()
def jobs() -> None:
    """Long work that goes on without the terminal or viewer that started it."""


@commands.command("list")
def list_jobs(json: Json = False) -> None:
    """List all jobs; starts what is due where a crash kept it waiting."""
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.cli.job_documents import JobsDocument, described
        from omniseg_backend.cli.job_report import list_tables
        from omniseg_backend.jobs.client import JobClient

        views = JobClient().jobs()
        terminal.answer(JobsDocument(jobs=tuple(map(described, views))), list_tables)


@commands.command()
def show(job: JobId, json: Json = False) -> None:
    """Show everything about a job: what was asked, figures, warnings, the end of its log."""
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.cli.job_report import show_tables
        from omniseg_backend.cli.job_show import show_document
        from omniseg_backend.jobs.client import JobClient

        terminal.answer(show_document(JobClient().job(job), _LOG_LINES), show_tables)


@commands.command()
def pause(job: JobId, json: Json = False) -> None:
    """Stop a job where it can go on from exactly; a queued one keeps its place."""
    _ask(job, lambda client: client.pause(job), json=json, wait=True)


@commands.command()
def cancel(job: JobId, json: Json = False) -> None:
    """Stop a job within two seconds; it can go on from its last checkpoint later."""
    _ask(job, lambda client: client.cancel(job), json=json, wait=True)


@commands.command()
def resume(job: JobId, json: Json = False) -> None:
    """Let a stopped, failed or interrupted job go on, at its place in the queue."""
    _ask(job, lambda client: client.resume(job), json=json, wait=False)


@commands.command()
def remove(job: JobId, json: Json = False) -> None:
    """Remove a job with all its files; outputs that were put elsewhere stay."""
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.cli.job_documents import JobsRemovedDocument
        from omniseg_backend.cli.job_report import removed_tables
        from omniseg_backend.jobs.client import JobClient

        JobClient().remove(job)
        terminal.answer(JobsRemovedDocument(removed=(job,)), removed_tables)


@commands.command()
def purge(
    older_than: Annotated[
        float,
        typer.Option(
            "--older-than", metavar="DAYS", help=f"Days since their end, 0 to {_LONGEST_DAYS}."
        ),
    ],
    json: Json = False,
) -> None:
    """Remove finished, failed and cancelled jobs; paused and interrupted ones stay."""
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        import datetime

        from omniseg_backend.cli.job_documents import JobsRemovedDocument
        from omniseg_backend.cli.job_report import removed_tables
        from omniseg_backend.common.errors import UsageError
        from omniseg_backend.jobs.client import JobClient

        if not 0 <= older_than <= _LONGEST_DAYS:  # so that NaN is refused too
            raise UsageError(
                "--older-than",
                found=f"{older_than:g}",
                expected=f"days from 0 to {_LONGEST_DAYS}",
                remedy="correct the option",
            )
        removed = JobClient().store.purge(datetime.timedelta(days=older_than))
        terminal.answer(JobsRemovedDocument(removed=removed), removed_tables)


def _ask(job: str, ask: Callable[[JobClient], JobState], *, json: bool, wait: bool) -> None:
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.cli.job_documents import JobDocument, described
        from omniseg_backend.cli.job_report import job_tables
        from omniseg_backend.common.errors import DataError
        from omniseg_backend.common.progress import check_cancel
        from omniseg_backend.jobs.client import POLL_EVERY_MS, JobClient
        from omniseg_backend.jobs.states import State

        client = JobClient()
        ask(client)
        until = time.monotonic() + (_PATIENCE if wait else 0.0)
        while client.job(job).record.known.state is State.RUNNING and time.monotonic() < until:
            check_cancel(terminal.cancel, f"waiting for {job}")
            time.sleep(POLL_EVERY_MS / 1000)
        if wait and client.job(job).record.known.state is State.RUNNING:
            raise DataError(
                f"job {job}",
                found=f"a job that still runs {_PATIENCE:g} seconds after it was asked to stop",
                expected="one that stops",
                remedy="the request stands: it stops where it can go on from, as "
                "`omniseg jobs follow` will show; `omniseg jobs cancel` ends it at once",
            )
        terminal.answer(JobDocument(job=described(client.job(job))), job_tables)
