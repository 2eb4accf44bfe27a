"""Where evaluations of any kind run: folds, candidates, trials, cases.

Everything goes by ``submit``, in the way of ``concurrent.futures``, so that the same code runs
in this process, in processes beside it or on the workers of a Dask scheduler. A task is a
module-level function from a JSON string to a JSON string. It may be done again when its worker
is lost, so it writes its results in one step and first looks whether they are there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Protocol

from omniseg_backend.common.errors import ResourceError
from omniseg_backend.common.executor_settings import ExecutorSettings
from omniseg_backend.common.platform import available_memory, usable_cpus
from omniseg_backend.common.scheduler_address import scheduler_address
from omniseg_backend.common.task_message import Task, perform, request, result_of

#: Of the free memory, what processes may plan with; the rest is for what other programs do.
_PLANNED_SHARE = 0.8


class ExecutorLostError(ResourceError):
    """No task can be done any more: the scheduler went away."""


class Executor(Protocol):
    """Does tasks, some at once."""

    @property
    def capacity(self) -> int:
        """Tasks worth having under way now, at least 1; a cluster's may change."""

    @property
    def memory(self) -> int | None:
        """Bytes that tasks under way may need together; None where that is not known here."""

    def submit(self, task: Task, spec: str) -> Future[str]:
        """Have ``task(spec)`` done.

        Returns:
            Its result, or what it raised: an error of the project as it was, anything else as
            ``TaskError``, a worker lost again and again as ``ResourceError``, the end of all
            workers as ``ExecutorLostError``.

        Raises:
            ValueError: The task is no module-level function.
        """

    def close(self, *, at_once: bool = False) -> None:
        """Wait for all tasks and let go of the workers; ``at_once`` ends tasks under way."""


class InProcess:
    """Does each task when it is submitted, in this process: what libraries use by default."""

    @property
    def capacity(self) -> int:
        """One."""
        return 1

    @property
    def memory(self) -> int | None:
        """Whatever is free, less a reserve."""
        return planned_memory()

    def submit(self, task: Task, spec: str) -> Future[str]:
        """Do it now; see ``Executor``."""
        future: Future[str] = Future()
        settle(future, perform(request(task, spec)))
        return future

    def close(self, *, at_once: bool = False) -> None:
        """Nothing is under way."""


@contextlib.contextmanager
def open_executor(
    settings: ExecutorSettings, *, tasks: int, bytes_each: int = 0
) -> Iterator[Executor]:
    """The executor that a command's options ask for, closed after the block.

    If the block raises, tasks under way are ended; otherwise they are waited for.

    Args:
        settings: Of the command.
        tasks: How many there will be: more processes than that would idle.
        bytes_each: Memory of one process at its usual task, for how many run at once where
            the user did not say.

    Raises:
        UsageError: The scheduler's address is none, or not secret enough.
        ResourceError: The scheduler cannot be reached, has no workers, or the extra is missing.
    """
    address = scheduler_address(settings)
    if address is None:
        from omniseg_backend.common.process_pool import ProcessPool

        executor: Executor = ProcessPool(settings.workers or pool_size(tasks, bytes_each))
    else:
        from omniseg_backend.common.dask_executor import DaskExecutor

        executor = DaskExecutor(address)
    try:
        yield executor
    except BaseException:
        executor.close(at_once=True)
        raise
    executor.close()


def pool_size(tasks: int, bytes_each: int) -> int:
    """Processes for so many tasks: one per core, and no more than fit into the free memory."""
    fitting = planned_memory() // bytes_each if bytes_each else tasks
    return max(1, min(tasks, usable_cpus(), fitting))


def planned_memory() -> int:
    """Bytes of the free memory that processes may plan with."""
    return int(_PLANNED_SHARE * available_memory())


def settle(future: Future[str], answer: str) -> None:
    """Give a future the result or the error in an answer of ``perform``."""
    try:
        result = result_of(answer)
    except Exception as error:  # noqa: BLE001 - raised by the future's ``result``
        future.set_exception(error)
    else:
        future.set_result(result)
