"""``omniseg doctor``: what it says of a machine, and what it keeps to itself."""

from __future__ import annotations

import getpass
import platform
from pathlib import Path

import pytest

from omniseg_backend.bundles.models import available_models
from omniseg_backend.cli.doctor import reference_model
from omniseg_backend.cli.host import can_write, cpu_flags, installed_version
from omniseg_backend.common.platform import usable_cpus
from omniseg_backend.inference.host_speed import kept_host_speed
from tests.cli.conftest import MakeModel, Omniseg, document

KEYS = {
    "host",
    "matmul_gflops",
    "reference_ms",
    "int8_faster",
    "int8_speedup",
    "training_interpreter",
    "training_problem",
}


def test_the_document(omniseg: Omniseg) -> None:
    result = omniseg("doctor", "--json")
    content = document(result)
    assert set(content) == KEYS
    host = content["host"]
    assert host["usable_cores"] == usable_cpus()
    assert host["network"] == "none"
    assert "CPUExecutionProvider" in host["providers"]
    assert host["versions"]["numpy"] == installed_version("numpy")
    assert content["matmul_gflops"] > 0
    shipped = reference_model(available_models()) is not None
    assert set(content["reference_ms"]) == {"compact_256", "compact_512"}
    assert all((value is not None) is shipped for value in content["reference_ms"].values())
    assert content["int8_faster"] is (content["int8_speedup"] > 1.0)
    kept = kept_host_speed()
    assert kept is not None
    assert kept.int8_speedup == content["int8_speedup"]


def test_neither_the_hosts_nor_the_users_name_is_told(
    omniseg: Omniseg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "node", lambda: "ward-7-workstation")
    monkeypatch.setenv("USER", "a.clinician")
    monkeypatch.setenv("LOGNAME", "a.clinician")
    assert getpass.getuser() == "a.clinician"
    told = omniseg("doctor", "--json").stdout + omniseg("doctor").stdout
    assert "ward-7-workstation" not in told
    assert "a.clinician" not in told


def test_flags_stand_for_what_linux_calls_them() -> None:
    assert cpu_flags(None) is None
    zen4 = frozenset({"fpu", "avx2", "avx512f", "avx512_vnni", "avx512_bf16"})
    assert cpu_flags(zen4) == {"avx2": True, "avx512": True, "vnni": True, "bf16": True}
    alder_lake = frozenset({"fpu", "avx2", "avx_vnni"})
    assert cpu_flags(alder_lake) == {"avx2": True, "avx512": False, "vnni": True, "bf16": False}


def test_a_home_that_cannot_be_made_is_noticed(tmp_path: Path) -> None:
    assert can_write(tmp_path / "new" / "home")
    (tmp_path / "file").touch()
    assert not can_write(tmp_path / "file" / "home")


def test_what_is_not_installed_has_no_version() -> None:
    assert installed_version("no-such-distribution-anywhere") is None


def test_the_users_own_models_are_no_reference(add: MakeModel) -> None:
    added = add()
    entries = [entry for entry in available_models() if entry.origin == "user"]
    assert [entry.manifest.id for entry in entries] == [added.manifest.id]
    assert reference_model(entries) is None
