"""Writes that happen wholly or not at all, also when the writer is killed."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from omniseg_backend.common.atomic import (
    atomic_path,
    refuse_existing,
    refuse_unwritable,
    write_bytes_atomic,
    write_text_atomic,
    writing_errors,
)
from omniseg_backend.common.errors import DataError, ResourceError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_and_its_folders_appear(tmp_path):
    write_text_atomic(tmp_path / "a/b/new.txt", "gr\u00fc\u00dfe")
    assert (tmp_path / "a/b/new.txt").read_bytes() == "gr\u00fc\u00dfe".encode()
    assert names(tmp_path / "a/b") == ["new.txt"]


def test_the_temporary_name_keeps_the_suffixes_and_the_folder(tmp_path):
    with atomic_path(tmp_path / "x.nii.gz") as temporary:
        assert temporary.name == "x.nii.gz"
        # The same file system: renaming is one step.
        assert temporary.parent.parent == tmp_path
        temporary.touch()


def test_the_target_is_untouched_until_the_block_ends(tmp_path):
    target = tmp_path / "x"
    target.write_text("old")
    with atomic_path(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, MemoryError])
def test_a_raising_writer_leaves_the_target_as_it_was(tmp_path, error):
    target = tmp_path / "x"
    target.write_text("old")

    def write_half() -> None:
        with atomic_path(target) as temporary:
            temporary.write_text("half of the n")
            raise error

    with pytest.raises(error):
        write_half()
    assert target.read_text() == "old"
    assert names(tmp_path) == ["x"]


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    target = tmp_path / "bundle"
    target.mkdir()
    (target / "stale").touch()
    with atomic_path(target) as temporary:
        temporary.mkdir()
        (temporary / "fresh").touch()
    assert names(target) == ["fresh"]
    assert names(tmp_path) == ["bundle"]


def test_a_file_does_not_replace_a_folder(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x/mine").touch()
    with pytest.raises(DataError, match="a place that cannot be written"):
        write_bytes_atomic(tmp_path / "x", b"new")
    assert names(tmp_path) == ["x"]
    assert names(tmp_path / "x") == ["mine"]


def test_a_killed_writer_leaves_the_target_as_it_was(tmp_path):
    target = tmp_path / "x"
    target.write_text("old")
    code = (
        "import sys; from pathlib import Path;"
        "from omniseg_backend.common.atomic import atomic_path\n"
        "with atomic_path(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text('half'); print('writing', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(target)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout.readline() == b"writing\n"
        writer.send_signal(signal.SIGKILL)
    assert writer.returncode == -signal.SIGKILL
    assert target.read_text() == "old"
    # What the killed writer left is hidden and does not hinder the next one.
    write_text_atomic(target, "new")
    assert target.read_text() == "new"
    assert [name for name in names(tmp_path) if not name.startswith(".omniseg-")] == ["x"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_one_sentence_and_leaves_the_target_as_it_was(tmp_path):
    target = tmp_path / "x"
    target.write_text("old")

    def write_to_full_disk() -> None:
        with atomic_path(target) as temporary:
            temporary.symlink_to("/dev/full")
            temporary.write_bytes(b"new")

    with pytest.raises(ResourceError, match=r"x: found a full disk, .* free some space"):
        write_to_full_disk()
    assert target.read_text() == "old"
    assert names(tmp_path) == ["x"]


def test_a_limit_on_file_sizes_is_one_sentence(tmp_path):
    code = (
        "import sys; from pathlib import Path;"
        "from omniseg_backend.common.atomic import write_bytes_atomic\n"
        "write_bytes_atomic(Path(sys.argv[1]), bytes(100_000))"
    )
    (tmp_path / "x").write_text("old")
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "x")],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
    )
    assert "ResourceError" in run.stderr.splitlines()[-1]
    assert "found a limit on the size of files" in run.stderr.splitlines()[-1]
    assert names(tmp_path) == ["x"]
    assert (tmp_path / "x").read_text() == "old"


@pytest.mark.parametrize("name", ["file/x", "file/deeper/x", "n" * 300])
def test_places_that_cannot_be_written_are_refused(tmp_path, name):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(DataError, match="a place that cannot be written"):
        write_text_atomic(tmp_path / name, "new")
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(DataError, match="Permission denied"):
        write_text_atomic(tmp_path / "locked/x", "new")


def test_other_errors_of_the_system_are_not_disguised(tmp_path):
    with pytest.raises(OSError, match="Input/output error"), writing_errors(tmp_path):
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_existing_targets_are_refused_unless_overwriting_is_asked_for(tmp_path):
    (tmp_path / "x").touch()
    refuse_existing(tmp_path / "new", overwrite=False)
    refuse_existing(tmp_path / "x", overwrite=True)
    with pytest.raises(DataError, match=r"x: found an existing file .*--overwrite"):
        refuse_existing(tmp_path / "x", overwrite=False)
    with pytest.raises(DataError, match="existing"):
        refuse_existing(tmp_path, overwrite=False)


def test_a_place_that_cannot_be_written_is_refused_early(tmp_path: Path) -> None:
    refuse_unwritable(tmp_path / "new" / "folder" / "file.png")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(DataError, match="cannot be written"):
        refuse_unwritable(tmp_path / "file" / "file.png")
