"""The lock that lets one writer in at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from omniseg_backend.common.errors import DataError, ResourceError
from omniseg_backend.common.locking import exclusive

HOLDER = (
    "import sys\n"
    "from pathlib import Path\n"
    "from omniseg_backend.common.locking import exclusive\n"
    "with exclusive(Path(sys.argv[1])):\n"
    "    print('held', flush=True)\n"
    "    sys.stdin.read()\n"
)

COUNTER = (
    "import sys\n"
    "from pathlib import Path\n"
    "from omniseg_backend.common.locking import exclusive\n"
    "folder = Path(sys.argv[1])\n"
    "for _ in range(50):\n"
    "    with exclusive(folder / 'lock'):\n"
    "        count = int((folder / 'count').read_text())\n"
    "        (folder / 'count').write_text(str(count + 1))\n"
)


def test_a_second_holder_is_refused_and_a_dead_one_holds_nothing(tmp_path: Path) -> None:
    lock = tmp_path / "deep" / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(ResourceError, match="one writer at a time"),
            exclusive(lock, longest_wait=0.0),
        ):
            pytest.fail("two holders")
        holder.kill()
        holder.wait()
    with exclusive(lock, longest_wait=0.0):
        assert lock.exists()


def test_two_processes_lose_no_count(tmp_path: Path) -> None:
    (tmp_path / "count").write_text("0")
    both = [subprocess.Popen([sys.executable, "-c", COUNTER, str(tmp_path)]) for _ in range(2)]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert (tmp_path / "count").read_text() == "100"


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"), exclusive(tmp_path / "file/lock"):
        pytest.fail("no such folder")
