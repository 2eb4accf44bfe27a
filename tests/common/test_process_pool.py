"""Processes that do tasks: what is lost is done again, what is done is not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path

import psutil
import pytest

from omniseg_backend.common.errors import DataError, ResourceError
from omniseg_backend.common.executor import open_executor, pool_size
from omniseg_backend.common.executor_settings import ExecutorSettings
from omniseg_backend.common.process_pool import ATTEMPTS, ProcessPool
from tests.common import executor_tasks as tasks
from tests.common.executor_tasks import began, wait_until


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPool]:
    made = ProcessPool(2)
    yield made
    made.close()


def test_tasks_are_done_elsewhere(pool: ProcessPool) -> None:
    futures = [pool.submit(tasks.double, str(n)) for n in range(6)]
    assert [future.result(tasks.PATIENCE) for future in futures] == [str(2 * n) for n in range(6)]
    assert os.getpid() not in pool.process_ids()


def test_errors_come_back(pool: ProcessPool) -> None:
    assert isinstance(pool.submit(tasks.refuse, "x").exception(tasks.PATIENCE), DataError)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_lost_workers_task_is_done_again_and_only_that(tmp_path: Path) -> None:
    names = ["a", "b", "c", "d"]
    pool = ProcessPool(2)
    futures = [pool.submit(tasks.held, tasks.spec(tmp_path, name)) for name in names]
    wait_until(lambda: len(began(tmp_path)) == 2, "two tasks run")
    lost, (process,) = sorted(began(tmp_path).items())[0]
    psutil.Process(process).kill()
    wait_until(lambda: len(began(tmp_path)[lost]) == 2, "the lost task runs again")
    (tmp_path / "gate").touch()
    assert [future.result(tasks.PATIENCE) for future in futures] == [f'"{n}"' for n in names]
    pool.close()
    assert {name for name, processes in began(tmp_path).items() if len(processes) > 1} == {lost}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_task_that_kills_its_workers_is_given_up(tmp_path: Path, pool: ProcessPool) -> None:
    lost = pool.submit(tasks.die, tasks.spec(tmp_path, "die"))
    with pytest.raises(ResourceError, match=f"lost {ATTEMPTS} times"):
        lost.result(tasks.PATIENCE)
    assert len(began(tmp_path)["die"]) == ATTEMPTS
    assert pool.submit(tasks.double, "1").result(tasks.PATIENCE) == "2"


def test_ending_at_once_leaves_no_process(tmp_path: Path) -> None:
    pool = ProcessPool(1)
    running = pool.submit(tasks.held, tasks.spec(tmp_path, "a"))
    waiting = pool.submit(tasks.held, tasks.spec(tmp_path, "b"))
    wait_until(lambda: "a" in began(tmp_path), "the first task runs")
    (process,) = pool.process_ids()
    pool.close(at_once=True)
    assert not psutil.pid_exists(process)
    for future in (running, waiting):
        with pytest.raises(CancelledError):
            future.result(tasks.PATIENCE)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_workers_do_not_outlive_a_command_that_was_killed(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from omniseg_backend.common.process_pool import ProcessPool\n"
        "from tests.common import executor_tasks as tasks\n"
        "if __name__ == '__main__':\n"
        "    ProcessPool(1).submit(tasks.held, tasks.spec(Path(sys.argv[1]), 'a')).result()\n"
    )
    script = tmp_path / "command.py"
    script.write_text(program)
    root = Path(__file__).resolve().parents[2]
    command = subprocess.Popen(
        [sys.executable, script, tmp_path], env={**os.environ, "PYTHONPATH": str(root)}
    )
    wait_until(lambda: "a" in began(tmp_path), "the task runs")
    (process,) = began(tmp_path)["a"]
    command.kill()
    command.wait()
    wait_until(lambda: not psutil.pid_exists(process), "the worker is gone")
    assert not (tmp_path / "a.done").exists()


def test_what_a_task_prints_does_not_meet_the_answer() -> None:
    program = (
        "from omniseg_backend.common.process_pool import ProcessPool\n"
        "from tests.common import executor_tasks as tasks\n"
        "pool = ProcessPool(1)\n"
        "print(pool.submit(tasks.chatter, 'the answer').result())\n"
        "pool.close()\n"
    )
    root = Path(__file__).resolve().parents[2]
    finished = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, timeout=tasks.PATIENCE, cwd=root,
    )  # fmt: skip
    assert finished.stdout == "the answer\n", finished.stderr
    assert "what a library prints" in finished.stderr


def test_the_pool_is_no_larger_than_the_work() -> None:
    assert pool_size(1, 0) == 1
    assert pool_size(1000, 2**60) == 1
    with open_executor(ExecutorSettings(workers=3), tasks=1) as executor:
        assert executor.capacity == 3
