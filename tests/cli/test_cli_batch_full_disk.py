"""A batch whose disk is full: it ends with one sentence, and the same command goes on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import MakeModel, Omniseg, document
from tests.inference.batch_makers import write_picture

IMAGES = 40


def test_a_full_disk_ends_the_batch_and_the_next_run_goes_on(
    omniseg: Omniseg, make_model: MakeModel, tmp_path: Path
) -> None:
    # A real file system of 96 kB, mounted where only the child sees it: room for a few images.
    for number in range(IMAGES):
        write_picture(tmp_path / "in" / f"{number:02}.png")
    disk, after = tmp_path / "disk", tmp_path / "after"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size=96k none {disk}"
    inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if (
        not shutil.which("unshare")
        or subprocess.run([*inside, mount], capture_output=True, check=False).returncode
    ):
        pytest.skip("this system does not let a test mount a small disk")
    model = make_model().path
    line = (
        f"{sys.executable} -m omniseg_backend.cli.main segment {tmp_path}/in -o {disk}/out "
        f"--model {model} --workers 1; code=$?; cp -r {disk}/out {after}; exit $code"
    )
    run = subprocess.run(
        [*inside, f"{mount} && {line}"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 3, run.stderr
    (told,) = (line for line in run.stderr.splitlines() if "a full disk" in line)
    assert told == run.stderr.splitlines()[-1]
    assert told.endswith("free some space or choose another place.")
    again = omniseg(
        "segment", tmp_path / "in", "-o", after, "--model", model, "--workers", 1, "--json"
    )
    assert again.exit_code == 0, again.stderr
    done = document(again)
    assert done["before"] >= 1
    assert done["before"] + done["segmented"] == IMAGES
