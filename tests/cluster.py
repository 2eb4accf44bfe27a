"""A real Dask scheduler and workers on this machine, each a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.common.executor_tasks import wait_until

_ROOT = Path(__file__).resolve().parents[1]


class Cluster:
    """Started and ended by a test.

    Args:
        folder: For its files.
        security: Options of scheduler and workers for ``tls://``.
    """

    def __init__(self, folder: Path, security: Sequence[str] = ()) -> None:
        self._folder = folder
        self._security = security
        self._file = folder / "scheduler.json"
        scheme = "tls" if security else "tcp"
        self._scheduler = self._start(
            "dask_scheduler", "--host", f"{scheme}://127.0.0.1", "--port", "0",
            "--scheduler-file", str(self._file),
        )  # fmt: skip
        self._workers: list[subprocess.Popen[bytes]] = []
        try:
            wait_until(self._is_described, "the scheduler runs")
        except BaseException:
            self.stop()
            raise
        self.address = str(json.loads(self._file.read_text())["address"])

    def add_worker(self, **environment: str) -> int:
        """Start a worker of one thread and without a nanny: killed, it stays away.

        Returns:
            Its process id.
        """
        worker = self._start(
            "dask_worker", self.address, "--nthreads", "1", "--no-nanny",
            "--local-directory", str(self._folder), **environment,
        )  # fmt: skip
        self._workers.append(worker)
        return worker.pid

    def wait_for_workers(self) -> None:
        """Wait until all that were started have told the scheduler; a loaded machine is slow."""
        log = self._folder / "dask_worker.log"
        wait_until(
            lambda: log.read_text().count("Registered to:") >= len(self._workers),
            "the workers have come",
        )

    def _is_described(self) -> bool:
        # The scheduler makes its file first and fills it afterwards.
        return self._file.exists() and self._file.read_text().rstrip().endswith("}")

    def stop_scheduler(self) -> None:
        self._scheduler.kill()
        self._scheduler.wait()

    def stop(self) -> None:
        for process in (*self._workers, self._scheduler):
            process.kill()
            process.wait()

    def _start(self, module: str, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", *options, "--no-dashboard",
             *self._security],
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": str(_ROOT), **environment},
            stdout=subprocess.DEVNULL,
            stderr=(self._folder / f"{module}.log").open("ab"),
        )  # fmt: skip
