"""Processes of this machine that do tasks, each lost one replaced and its task done again.

``concurrent.futures.ProcessPoolExecutor`` gives up all its tasks when one of its processes is
ended from outside, as the system does when memory runs short. Here every process has a thread
that waits for it, so that it is known which task was lost with it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import multiprocessing.connection
import os
import queue
import signal
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from multiprocessing.connection import Connection

from omniseg_backend.common.errors import ResourceError
from omniseg_backend.common.executor import planned_memory, settle
from omniseg_backend.common.task_message import Task, perform, request

#: A task that takes its worker along so often is to blame itself.
ATTEMPTS = 3
#: Seconds that a worker has to tidy up after it was asked to end.
_GRACE = 10.0


@dataclasses.dataclass(frozen=True, eq=False)
class _Job:
    message: str
    future: Future[str]


class ProcessPool:
    """An ``Executor`` of processes that are started when they are needed.

    They are spawned, never forked: a fork would copy the locks of running threads.

    Args:
        workers: How many, at the most.
    """

    def __init__(self, workers: int) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closing = False
        self._workers: set[_Worker] = set()
        self._free = planned_memory()
        self._threads = [
            threading.Thread(target=self._serve, name=f"worker {n}", daemon=True)
            for n in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def capacity(self) -> int:
        """The number of processes."""
        return len(self._threads)

    @property
    def memory(self) -> int | None:
        """What was free when the pool was made, less a reserve."""
        return self._free

    def process_ids(self) -> Sequence[int]:
        """Of the workers that run now."""
        with self._lock:
            return [worker.process_id for worker in self._workers]

    def submit(self, task: Task, spec: str) -> Future[str]:
        """See ``Executor``."""
        job = _Job(request(task, spec), Future())
        self._jobs.put(job)
        return job.future

    def close(self, *, at_once: bool = False) -> None:
        """See ``Executor``."""
        if at_once:
            self._end_all()
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _end_all(self) -> None:
        with self._lock:
            self._closing = True
            running = list(self._workers)
        for worker in running:
            worker.terminate()
        with contextlib.suppress(queue.Empty):
            while True:
                job = self._jobs.get_nowait()
                if job is not None:
                    job.future.cancel()

    def _serve(self) -> None:
        worker: _Worker | None = None
        while (job := self._jobs.get()) is not None:
            if job.future.set_running_or_notify_cancel():
                worker = self._do(job, worker)
        if worker is not None:
            self._let_go(worker)

    def _do(self, job: _Job, worker: _Worker | None) -> _Worker | None:
        """Have a job done.

        Returns:
            The worker for the next one; None where the next must start its own.
        """
        for _ in range(ATTEMPTS):
            worker = worker or self._start()
            if worker is None:
                job.future.set_exception(CancelledError())
                return None
            try:
                answer = worker.ask(job.message)
            except (EOFError, OSError):
                self._let_go(worker)
                worker = None
            else:
                settle(job.future, answer)
                return worker
        job.future.set_exception(lost_too_often(ATTEMPTS))
        return None

    def _start(self) -> _Worker | None:
        with self._lock:
            if self._closing:
                return None
            worker = _Worker()
            self._workers.add(worker)
            return worker

    def _let_go(self, worker: _Worker) -> None:
        worker.end()
        with self._lock:
            self._workers.discard(worker)


def lost_too_often(attempts: int) -> ResourceError:
    """The error of a task whose worker was lost each time."""
    return ResourceError(
        "a worker",
        found=f"that it was lost {attempts} times at this task",
        expected="that it ends the task",
        remedy="see that there is memory enough, let fewer run at once, or leave the file out",
    )


class _Worker:
    """One process, from this side."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self.process_id = int(self._process.pid or 0)

    def ask(self, message: str) -> str:
        """Have a message performed.

        Raises:
            EOFError: The process is gone.
            OSError: Likewise.
        """
        self._pipe.send_bytes(message.encode())
        return self._pipe.recv_bytes().decode()

    def terminate(self) -> None:
        """Ask it to end; it may tidy up."""
        self._process.terminate()

    def end(self) -> None:
        """Wait until it is gone, and see to it."""
        self._pipe.close()  # what an idle worker ends at
        self._process.join(_GRACE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _work(pipe: Connection) -> None:
    """A worker's life: message in, answer out, until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the command, which decides
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # half-written files are removed
    os.dup2(2, 1)  # the command's answer goes to stdout, and nothing else
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            message = pipe.recv_bytes()
        except (EOFError, OSError):
            return
        pipe.send_bytes(perform(message.decode()).encode())


def _end_with_parent() -> None:
    """End when the command is ended from outside: nobody would know of what is done."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)
