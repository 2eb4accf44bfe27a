"""A real scheduler and real workers on this machine, one of them killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="needs the extra 'cluster'")

from omniseg_backend.common.dask_executor import DaskExecutor
from omniseg_backend.common.errors import DataError, ResourceError
from omniseg_backend.common.executor import ExecutorLostError, open_executor
from omniseg_backend.common.executor_settings import ExecutorSettings
from omniseg_backend.common.scheduler_address import SchedulerAddress
from tests.cluster import Cluster
from tests.common import executor_tasks as tasks
from tests.common.executor_tasks import began, wait_until


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Cluster]]:
    started: list[Cluster] = []

    def make(*security: str) -> Cluster:
        started.append(Cluster(tmp_path_factory.mktemp("cluster"), security))
        return started[-1]

    yield make
    for cluster in started:
        cluster.stop()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_workers_task_is_done_again_and_only_that(
    start: Callable[..., Cluster], tmp_path: Path
) -> None:
    cluster = start()
    cluster.add_worker()
    cluster.add_worker()
    cluster.wait_for_workers()
    names = ["a", "b", "c", "d", "e", "f"]
    with open_executor(ExecutorSettings(scheduler=cluster.address), tasks=6) as executor:
        assert executor.memory is None
        assert isinstance(executor.submit(tasks.refuse, "x").exception(tasks.PATIENCE), DataError)
        wait_until(lambda: executor.capacity == 4, "both workers have come")
        futures = [executor.submit(tasks.held, tasks.spec(tmp_path, name)) for name in names]
        wait_until(lambda: len(began(tmp_path)) == 2, "both workers are at work")
        lost, (process,) = sorted(began(tmp_path).items())[0]
        os.kill(process, signal.SIGKILL)
        (tmp_path / "gate").touch()
        assert [future.result(tasks.PATIENCE) for future in futures] == [f'"{n}"' for n in names]
    again = {name for name, processes in began(tmp_path).items() if len(processes) > 1}
    assert again == {lost}


def test_a_scheduler_that_goes_away_is_a_sentence(
    start: Callable[..., Cluster], tmp_path: Path
) -> None:
    cluster = start()
    cluster.add_worker()
    cluster.wait_for_workers()
    executor = DaskExecutor(SchedulerAddress(cluster.address, None), connect_seconds=2.0)
    future = executor.submit(tasks.held, tasks.spec(tmp_path, "a"))
    wait_until(lambda: "a" in began(tmp_path), "the task runs")
    cluster.stop_scheduler()
    with pytest.raises(ExecutorLostError, match="the scheduler went away"):
        future.result(tasks.PATIENCE)
    assert executor.capacity >= 1
    executor.close(at_once=True)


def test_no_worker_is_a_sentence(start: Callable[..., Cluster]) -> None:
    with pytest.raises(ResourceError, match="a scheduler without workers"):
        DaskExecutor(SchedulerAddress(start().address, None), connect_seconds=2.0)


def test_no_scheduler_is_a_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    # Nothing listens on port 1.
    with pytest.raises(ResourceError, match="no scheduler that answers") as told:
        DaskExecutor(SchedulerAddress("tcp://127.0.0.1:1", None), connect_seconds=1.0)
    assert "\n" not in str(told.value)
    assert capfd.readouterr().err == ""


def certificates(folder: Path) -> dict[str, Path]:
    """An authority and one certificate that it signed, as docs/batch.md tells."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not on this machine")

    def openssl(*options: str) -> None:
        subprocess.run([program, *options], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=ca",
            "-keyout", "ca-key.pem", "-out", "ca.pem")  # fmt: skip
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=omniseg",
            "-keyout", "key.pem", "-out", "request.pem")  # fmt: skip
    openssl("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca-key.pem",
            "-CAcreateserial", "-days", "2", "-out", "cert.pem")  # fmt: skip
    return {name: folder / f"{name}.pem" for name in ("ca", "cert", "key")}


def test_certificates_make_a_secret_connection(
    start: Callable[..., Cluster], tmp_path: Path
) -> None:
    files = certificates(tmp_path)
    cluster = start(
        "--tls-ca-file", str(files["ca"]), "--tls-cert", str(files["cert"]),
        "--tls-key", str(files["key"]),
    )  # fmt: skip
    assert cluster.address.startswith("tls://")
    cluster.add_worker()
    cluster.wait_for_workers()
    settings = ExecutorSettings(
        scheduler=cluster.address,
        tls_ca=files["ca"],
        tls_cert=files["cert"],
        tls_key=files["key"],
    )
    with open_executor(settings, tasks=1) as executor:
        assert executor.submit(tasks.double, "4").result(tasks.PATIENCE) == "8"
    (tmp_path / "other").mkdir()
    other = certificates(tmp_path / "other")
    foreign = settings.model_copy(update={f"tls_{name}": file for name, file in other.items()})
    with (
        pytest.raises(ResourceError, match="no scheduler that answers"),
        open_executor(foreign, tasks=1),
    ):
        pass
