"""The workers of a running Dask scheduler as an ``Executor``.

The scheduler itself does a lost worker's tasks again. Its protocol pickles what it carries; of
ours that is ``perform``, by its name, and strings.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, InvalidStateError
from typing import TYPE_CHECKING

from omniseg_backend.common.errors import OmniSegError, ResourceError
from omniseg_backend.common.executor import ExecutorLostError, settle
from omniseg_backend.common.scheduler_address import SchedulerAddress
from omniseg_backend.common.task_message import Task, TaskError, perform, request

if TYPE_CHECKING:
    from distributed import Client
    from distributed import Future as Remote

#: Seconds in which a scheduler must answer and have a worker.
CONNECT_SECONDS = 10.0
_FAREWELL = 2.0
#: Under way for each thread of a worker: one that runs and one that waits there.
_AHEAD = 2


class DaskExecutor:
    """An ``Executor`` on a cluster.

    Args:
        address: Of the scheduler.
        connect_seconds: How long to wait for it and for a first worker.

    Raises:
        ResourceError: The extra is missing, the scheduler cannot be reached or has no worker.
    """

    def __init__(
        self, address: SchedulerAddress, *, connect_seconds: float = CONNECT_SECONDS
    ) -> None:
        self._address = address
        self._client = _connect(address, connect_seconds)
        self._remote: set[Remote] = set()
        self._capacity = 1
        try:
            self._client.wait_for_workers(1, timeout=connect_seconds)
        except TimeoutError as error:
            self.close(at_once=True)
            raise ResourceError(
                address.url,
                found="a scheduler without workers",
                expected="at least one worker",
                remedy="start one, as docs/batch.md tells",
            ) from error

    @property
    def capacity(self) -> int:
        """Twice the workers' threads, so that none waits for the next task."""
        # Without its scheduler the client answers nothing; the tasks' own errors tell of that.
        with contextlib.suppress(OSError, TimeoutError, ValueError, CancelledError):
            self._capacity = max(1, _AHEAD * sum(self._client.nthreads().values()))
        return self._capacity

    @property
    def memory(self) -> int | None:
        """The workers' own matter."""
        return None

    def submit(self, task: Task, spec: str) -> Future[str]:
        """See ``Executor``."""
        future: Future[str] = Future()
        future.set_running_or_notify_cancel()
        # Not pure: Dask would take two equal calls for one and keep the first's result.
        remote = self._client.submit(perform, request(task, spec), pure=False)
        self._remote.add(remote)

        def done(finished: Remote) -> None:
            self._remote.discard(finished)
            with contextlib.suppress(InvalidStateError):
                _settle(future, finished, self._address.url)

        remote.add_done_callback(done)
        return future

    def close(self, *, at_once: bool = False) -> None:
        """See ``Executor``; a task that a worker has begun cannot be ended from here."""
        # A scheduler that is gone does not say good-bye.
        with _quiet(), contextlib.suppress(OSError, TimeoutError, CancelledError):
            if at_once:
                self._client.cancel(list(self._remote))
            self._client.close(timeout=_FAREWELL)


def _connect(address: SchedulerAddress, seconds: float) -> Client:
    try:
        from distributed import Client, Security
    except ImportError as error:
        raise ResourceError(
            "the scheduler",
            found="no Dask on this machine",
            expected="the extra 'cluster'",
            remedy="install it: pip install 'napari-omniseg[cluster]'",
        ) from error
    files = address.certificates
    security = (
        Security()
        if files is None
        else Security(
            require_encryption=True,
            tls_ca_file=str(files.authority),
            tls_client_cert=str(files.own),
            tls_client_key=str(files.key),
        )
    )
    try:
        with _quiet():
            return Client(address.url, timeout=seconds, security=security, set_as_default=False)
    except (OSError, TimeoutError, ValueError, RuntimeError) as error:
        raise ResourceError(
            address.url,
            found=f"no scheduler that answers ({_reason(error)})",
            expected="a running Dask scheduler",
            remedy="check the address and the certificates, and that the scheduler runs",
        ) from error


def _reason(error: BaseException) -> str:
    """Of a chain of errors the first, which says most: refused, unknown host, bad certificate."""
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).partition("\n")[0] or type(error).__name__


def _settle(future: Future[str], finished: Remote, url: str) -> None:
    from distributed import KilledWorker

    if finished.cancelled():
        future.set_exception(_lost_scheduler(url))
        return
    try:
        answer = finished.result()
    except KilledWorker:
        future.set_exception(_killed())
    except CancelledError:
        future.set_exception(_lost_scheduler(url))
    except ImportError as error:
        future.set_exception(_without_omniseg(error))
    except Exception as error:  # noqa: BLE001 - raised by the future's ``result``
        future.set_exception(TaskError(type(error).__name__, str(error), ""))
    else:
        settle(future, answer)


def _killed() -> OmniSegError:
    from omniseg_backend.common.process_pool import ATTEMPTS, lost_too_often

    return lost_too_often(ATTEMPTS)


def _lost_scheduler(url: str) -> ExecutorLostError:
    return ExecutorLostError(
        url,
        found="that the scheduler went away",
        expected="that it runs to the end",
        remedy="start it again and give the same command: what is done is not done again",
    )


def _without_omniseg(error: ImportError) -> ResourceError:
    return ResourceError(
        "a worker",
        found=f"no OmniSeg there ({error})",
        expected="the same version on every machine",
        remedy="install it in the environment that the workers run in",
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask's own account of a failed connection off the screen: our sentence says it."""
    logger = logging.getLogger("distributed")

    def drop(_record: logging.LogRecord) -> bool:
        return False

    handlers = list(logger.handlers)
    for handler in handlers:
        handler.addFilter(drop)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(drop)
