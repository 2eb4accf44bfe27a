"""Which schedulers may be talked to."""

from __future__ import annotations

from pathlib import Path

import pytest

from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.common.executor_settings import ExecutorSettings
from omniseg_backend.common.scheduler_address import scheduler_address


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.0.1", "localhost", "[::1]"])
def test_this_machine_may_be_plain(host: str) -> None:
    found = scheduler_address(ExecutorSettings(scheduler=f"tcp://{host}:8786"))
    assert found is not None
    assert found.certificates is None


@pytest.mark.parametrize("host", ["10.0.0.4", "cluster.example", "localhost.example", "0.0.0.0"])
def test_elsewhere_is_never_plain(host: str) -> None:
    with pytest.raises(UsageError, match=f"expected tls://{host}:8786 with certificates"):
        scheduler_address(ExecutorSettings(scheduler=f"tcp://{host}:8786"))


@pytest.mark.parametrize(
    "text",
    ["8786", "127.0.0.1:8786", "tcp://127.0.0.1", "http://127.0.0.1:80", "tcp://[::1:5",
     "tcp://localhost:port", "tcp://localhost:80/path", ""],
)  # fmt: skip
def test_what_is_no_address_is_a_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="correct the address"):
        scheduler_address(ExecutorSettings(scheduler=text))


def test_secret_ones_need_all_certificates(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("x")
    some = ExecutorSettings(scheduler="tls://far.example:8786", tls_ca=tmp_path / "ca.pem")
    with pytest.raises(UsageError, match=r"without .*--tls-cert.* and .*--tls-key"):
        scheduler_address(some)
    missing = {"tls_cert": tmp_path / "none.pem", "tls_key": tmp_path / "none.pem"}
    with pytest.raises(DataError, match=r"none\.pem: found nothing"):
        scheduler_address(some.model_copy(update=missing))


def test_certificates_without_a_use_are_refused(tmp_path: Path) -> None:
    for scheduler in (None, "tcp://127.0.0.1:8786"):
        with pytest.raises(UsageError, match=r"the scheduler: found certificates without"):
            scheduler_address(ExecutorSettings(scheduler=scheduler, tls_ca=tmp_path / "ca.pem"))
