"""``omniseg segment FOLDER``: a batch from the command line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from omniseg_backend.cli.batch_documents import SegmentBatchDocument
from omniseg_backend.images.modality import Modality
from tests.cli.conftest import MakeModel, Omniseg, assert_one_sentence, document
from tests.common.executor_tasks import wait_until
from tests.images.dicom_writing import write_ct
from tests.inference.batch_makers import marked_in, write_picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures and what is none."""
    write_picture(tmp_path / "in" / "a.png", 8)
    write_picture(tmp_path / "in" / "deep" / "b.png", 4)
    (tmp_path / "in" / "bad.png").write_text("no picture")
    return tmp_path / "in"


def test_a_batch_is_one_document_and_the_next_run_goes_on(
    omniseg: Omniseg,
    make_model: MakeModel,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    output = tmp_path / "out"
    command = ("segment", folder.name, "-o", output, "--model", make_model().path, "--workers", 1)
    result = omniseg(*command, "--json")
    assert result.exit_code == 3, result.stderr
    told = SegmentBatchDocument.model_validate(document(result))
    assert (told.segmented, told.before, told.failed) == (2, 0, 1)
    assert [item.file for item in told.items] == ["a.png", "bad.png", "deep/b.png"]
    assert told.items[1].error is not None
    assert told.items[1].mask is None
    assert told.items[0].classes[0].voxels == marked_in(output / "a.png") == 256
    assert "bad.png: found content of no known image format" in result.stderr
    assert "of 3 images done" in result.stderr

    (folder / "bad.png").unlink()
    again = omniseg(*command)
    assert again.exit_code == 0, again.stderr
    assert "2 images: 0 segmented, 2 done before, 0 failed" in again.stdout
    assert str(output / "index.html") in again.stdout
    other = omniseg(*command[:4], "--model", make_model().path)
    assert_one_sentence(other, 3, "masks by", "--overwrite")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--region", "0:8,0:8"), ("--region", "an option of one image")),
        (("--estimate",), ("--estimate",)),
        (("--uncertainty", "map.png"), ("--uncertainty",)),
        (("--format", "jpg"), ("--format", "'nii.gz'")),
        (("--workers", "0"), ("--workers", "expected from 1 to 1024")),
        (("--scheduler", "tcp://192.0.2.1:8786"), ("the scheduler", "tls://")),
        (("--scheduler", "nowhere"), ("the scheduler", "tcp://127.0.0.1:8786")),
        (("--tls-ca", "ca.pem"), ("without a tls:// address",)),
    ],
)
def test_options_that_make_no_sense_are_refused(
    omniseg: Omniseg,
    make_model: MakeModel,
    folder: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    words: tuple[str, ...],
) -> None:
    command = ("segment", folder, "-o", tmp_path / "out", "--model", make_model().path)
    assert_one_sentence(omniseg(*command, *options), 2, *words)


def test_a_batch_needs_a_folder_and_a_task(
    omniseg: Omniseg, add: MakeModel, folder: Path, tmp_path: Path
) -> None:
    model = add().path
    assert_one_sentence(
        omniseg("segment", folder, "--model", model), 2, "a folder such as in_masks"
    )
    for mask in ("mask.nii.gz", "mask.png"):
        result = omniseg("segment", folder, "-o", tmp_path / mask, "--model", model)
        assert_one_sentence(result, 2, f"the name of a file ({mask})", "3 images")
    assert_one_sentence(omniseg("segment", folder, "-o", tmp_path / "out"), 2, "no task", "toy")
    assert not (tmp_path / "out").exists()


def test_options_of_a_batch_are_not_for_one_image(
    omniseg: Omniseg, make_model: MakeModel, square: Path, tmp_path: Path
) -> None:
    command = ("segment", square, "-o", tmp_path / "m.png", "--model", make_model().path)
    assert_one_sentence(omniseg(*command, "--workers", 2), 2, "one image")


def test_a_folder_of_one_series_is_one_image_and_a_file(
    omniseg: Omniseg, make_model: MakeModel, tmp_path: Path
) -> None:
    volume = np.zeros((2, 32, 32), np.int16)
    volume[:, :4] = 5
    write_ct(tmp_path / "in", volume)
    model = make_model(Modality.CT).path
    mask = tmp_path / "mask.nii.gz"
    result = omniseg("segment", tmp_path / "in", "-o", mask, "--model", model, "--json")
    assert document(result)["output"] == str(mask)
    assert mask.is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_keeps_what_is_done_and_leaves_no_process(
    omniseg: Omniseg, make_model: MakeModel, tmp_path: Path
) -> None:
    folder, output = tmp_path / "in", tmp_path / "out"
    for number in range(300):
        write_picture(folder / f"{number:03}.png")
    command = [
        "segment", folder, "-o", output, "--model", make_model().path, "--workers", "1", "--json",
    ]  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-m", "omniseg_backend.cli.main", *map(str, command)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        assert running.stderr is not None
        while "of 300 images done" not in (line := running.stderr.readline()):
            assert line
        helpers = psutil.Process(running.pid).children(recursive=True)
        running.send_signal(signal.SIGINT)
        stdout, stderr = running.communicate(timeout=120)
    assert running.returncode == 4, stderr
    assert json.loads(stdout)["error"]["exit_code"] == 4
    assert helpers
    wait_until(lambda: not any(one.is_running() for one in helpers), "no process is left")
    rows = (output / "results.csv").read_text().splitlines()[1:]
    assert 1 <= len(rows) < 300
    assert "not reached" in (output / "index.html").read_text()
    # Only what was done stays; the rest goes, so that going on takes no time here.
    for number in range(len(rows), 300):
        (folder / f"{number:03}.png").unlink()
    result = omniseg(*command)
    assert result.exit_code == 0, result.stderr
    assert document(result)["before"] == len(rows)


def test_an_output_that_holds_images_is_refused(
    omniseg: Omniseg, make_model: MakeModel, folder: Path
) -> None:
    result = omniseg("segment", folder, "-o", folder / "deep", "--model", make_model().path)
    assert_one_sentence(result, 3, "deep: found 1 image file", "choose another output")
    assert not (folder / "deep" / "omniseg-batch").exists()
