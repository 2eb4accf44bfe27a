"""Processors and memory that are ours to use."""

from __future__ import annotations

import math
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from omniseg_backend.common.platform import (
    available_memory,
    cpu_model,
    cpus_in_quota,
    peak_memory,
    tree_memory,
    usable_cpus,
)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity masks here")
def test_the_affinity_mask_limits_the_processors() -> None:
    program = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
        "from omniseg_backend.common.platform import usable_cpus; print(usable_cpus())"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert finished.stdout.strip() == "1"


def test_there_is_always_a_processor_and_never_more_than_the_machine_has() -> None:
    assert 1 <= usable_cpus() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),
        ("10000 100000\n", 1),
        ("max 100000\n", math.inf),
        ("", math.inf),
        ("200000 0\n", math.inf),
    ],
)
def test_a_containers_quota_in_processors(tmp_path: Path, content: str, expected: float) -> None:
    file = tmp_path / "cpu.max"
    file.write_text(content, encoding="ascii")
    assert cpus_in_quota(file) == expected


def test_without_a_quota_file_there_is_no_limit(tmp_path: Path) -> None:
    assert cpus_in_quota(tmp_path / "absent") == math.inf


def test_memory_and_processor_are_told() -> None:
    assert available_memory() > 2**20
    assert cpu_model()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has mallopt")
def test_glibc_takes_the_memory_settings() -> None:
    # In its own process: they cannot be taken back.
    code = "from omniseg_backend.common import platform as p; assert p.keep_freed_memory()"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("source", ["the high-water mark", "the fallback"])
def test_the_peak_counts_memory_that_was_freed_again(source: str, tmp_path: Path) -> None:
    status = () if source == "the high-water mark" else (tmp_path / "absent",)
    before = peak_memory(*status)
    size = before + 50 * 2**20
    held = bytearray(size)
    held[::1024] = b"x" * len(held[::1024])
    del held
    assert peak_memory(*status) >= size


def test_the_memory_of_children_counts() -> None:
    program = "import sys; held = b'x' * 100_000_000; print(1, flush=True); sys.stdin.read()"
    alone = tree_memory()
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        together = tree_memory()
        child.communicate()
    assert together - alone > 90_000_000
