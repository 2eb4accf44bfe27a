"""Writing where something is in the way: existing files, bad places, full disks."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.reading import read_segmentation
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.images.writing import write_segmentation

MASK = Segmentation(
    np.eye(5, 6, dtype=np.uint8)[np.newaxis, :, :, np.newaxis],
    Geometry.of_picture(5, 6),
    ClassTable.from_names(["spot"]),
)


def left_behind(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("existing", ["mask.nii.gz", "mask.json"])
def test_existing_files_stay_unless_overwriting_is_asked_for(tmp_path, existing):
    (tmp_path / existing).write_text("mine")
    with pytest.raises(DataError, match="--overwrite"):
        write_segmentation(MASK, tmp_path / "mask.nii.gz")
    assert left_behind(tmp_path) == [existing]
    assert (tmp_path / existing).read_text() == "mine"
    write_segmentation(MASK, tmp_path / "mask.nii.gz", overwrite=True)
    assert left_behind(tmp_path) == ["mask.json", "mask.nii.gz"]
    assert read_segmentation(tmp_path / "mask.nii.gz").classes == MASK.classes


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("mine")
    for name in ("file/mask.nii.gz", "file/deeper/mask.png", f"{'x' * 300}.nii"):
        with pytest.raises(DataError, match="a place that cannot be written"):
            write_segmentation(MASK, tmp_path / name)
    assert left_behind(tmp_path) == ["file"]


WRITER = """
import sys
from pathlib import Path
import numpy as np
from omniseg_backend.common.errors import ResourceError
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.images.writing import write_image, write_segmentation

grid = Geometry.of_picture(600, 600)
noise = np.random.default_rng(0).integers(0, 2, (1, 600, 600, 1)).astype(np.uint8)
mask = Segmentation(noise, grid, ClassTable.from_names(["a"]))
image = Image(np.random.default_rng(0).integers(0, 255, (1, 1, 600, 600, 1), np.uint8), grid)
folder = Path(sys.argv[1])
for name in ("m.nii", "m.nii.gz", "m.png", "i.nii", "i.nii.gz", "i.png"):
    write, content = (write_segmentation, mask) if name[0] == "m" else (write_image, image)
    try:
        write(content, folder / name, overwrite=True)
    except ResourceError as error:
        print(error)
"""
NAMES = ["i.nii", "i.nii.gz", "i.png", "m.json", "m.nii", "m.nii.gz", "m.png"]


def check_nothing_half_written(run: subprocess.CompletedProcess[str], folder: Path, found: str):
    assert run.returncode == 0, run.stderr
    sentences = run.stdout.splitlines()
    assert len(sentences) == 6
    assert all(f"found {found}" in sentence for sentence in sentences)
    assert left_behind(folder) == NAMES
    assert {(folder / name).read_text() for name in NAMES} == {"mine"}


def fill(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for name in NAMES:
        (folder / name).write_text("mine")
    return folder


def test_a_limit_on_file_sizes_leaves_everything_as_it_was(tmp_path):
    folder = fill(tmp_path / "out")
    run = subprocess.run(
        [sys.executable, "-c", WRITER, str(folder)],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (16384, 16384)),
    )
    check_nothing_half_written(run, folder, "a limit on the size of files")


def test_a_full_disk_leaves_everything_as_it_was(tmp_path):
    # A real file system of 56 kB, mounted where only the child sees it.
    folder = tmp_path / "disk"
    folder.mkdir()
    fill(tmp_path / "content")
    mount = f"mount -t tmpfs -o size=56k none {folder} && cp '{tmp_path}'/content/* '{folder}'"
    inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if (
        not shutil.which("unshare")
        or subprocess.run([*inside, mount], capture_output=True).returncode
    ):
        pytest.skip("this system does not let a test mount a small disk")
    after = (
        f"{mount} && '{sys.executable}' -c '{WRITER}' {folder} && cp -r {folder} {tmp_path}/after"
    )
    run = subprocess.run([*inside, after], capture_output=True, text=True)
    check_nothing_half_written(run, tmp_path / "after", "a full disk")
