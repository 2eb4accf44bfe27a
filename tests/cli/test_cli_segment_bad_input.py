"""Bad input to ``omniseg segment``: one sentence, exit code 3, nothing left behind."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest

from tests.cli.conftest import MakeModel, Omniseg, assert_one_sentence

RUN_MAIN = "from omniseg_backend.cli.main import main; main()"


def _truncated_picture(square: Path) -> Path:
    path = square.with_name("truncated.png")
    path.write_bytes(square.read_bytes()[:60])
    return path


def _empty(square: Path) -> Path:
    path = square.with_name("empty.png")
    path.touch()
    return path


def _wrong_suffix(square: Path) -> Path:
    path = square.with_name("picture.nii.gz")
    path.write_bytes(square.read_bytes())
    return path


def _unknown_suffix(square: Path) -> Path:
    path = square.with_name("picture.xyz")
    path.write_bytes(square.read_bytes())
    return path


def _missing(square: Path) -> Path:
    return square.with_name("missing.png")


def _folder(square: Path) -> Path:
    folder = square.with_name("empty")
    folder.mkdir()
    (folder / "readme.txt").write_text("x")
    return folder


def _not_finite(square: Path) -> Path:
    values = np.zeros((32, 32, 2), np.float32)
    values[3, 4, 1] = np.nan
    path = square.with_name("nan.nii.gz")
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), path)
    return path


def _truncated_volume(square: Path) -> Path:
    path = square.with_name("truncated.nii.gz")
    nibabel.save(nibabel.Nifti1Image(np.ones((32, 32, 9), np.int16), np.eye(4)), path)
    path.write_bytes(path.read_bytes()[:-40])
    return path


def _zero_size(square: Path) -> Path:
    path = square.with_name("zero.nii.gz")
    nibabel.save(nibabel.Nifti1Image(np.ones((8, 8, 2), np.int16), np.eye(4)), path)
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[42:44] = b"\0\0"  # dim[1] of the NIfTI-1 header
    path.write_bytes(gzip.compress(bytes(content)))
    return path


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (_truncated_picture, "truncated"),
        (_empty, "empty file"),
        (_wrong_suffix, "PNG picture"),
        (_unknown_suffix, ".xyz"),
        (_missing, "nothing"),
        (_folder, "a folder without an image"),
        (_not_finite, "not finite"),
        (_truncated_volume, "truncated"),
        (_zero_size, "0"),
    ],
)
def test_an_unusable_image_is_named_with_its_fault(
    omniseg: Omniseg,
    make_model: MakeModel,
    square: Path,
    tmp_path: Path,
    make: Callable[[Path], Path],
    word: str,
) -> None:
    image, folder = make(square), tmp_path / "results"
    folder.mkdir()
    result = omniseg("segment", image, "-o", folder / "m.nii.gz", "--model", make_model().path)
    assert_one_sentence(result, 3, image.name, word)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("target", "word"),
    [
        ("mask.jpg", ".nii.gz"),
        ("mask", ".nii.gz"),
        ("square.png/mask.png", "cannot be written"),
    ],
)
def test_an_unusable_output_is_named_with_its_fault(
    omniseg: Omniseg,
    make_model: MakeModel,
    square: Path,
    tmp_path: Path,
    target: str,
    word: str,
) -> None:
    model = make_model().path
    before = set(tmp_path.rglob("*"))
    result = omniseg("segment", square, "-o", tmp_path / target, "--model", model)
    assert_one_sentence(result, 3, target, word)
    assert set(tmp_path.rglob("*")) == before


def test_a_volume_does_not_become_a_picture(
    omniseg: Omniseg, make_model: MakeModel, square: Path, tmp_path: Path
) -> None:
    volume, mask = tmp_path / "volume.nii.gz", tmp_path / "mask.png"
    nibabel.save(nibabel.Nifti1Image(np.ones((32, 32, 3), np.int16), np.eye(4)), volume)
    result = omniseg("segment", volume, "-o", mask, "--model", make_model().path)
    assert_one_sentence(result, 3, str(mask), "volume", ".nii.gz")
    # Told before the network ran, not after.
    assert "loading the model" not in result.stderr


def test_a_sidecar_of_another_is_kept(
    omniseg: Omniseg, make_model: MakeModel, square: Path, tmp_path: Path
) -> None:
    notes = tmp_path / "mask.json"
    notes.write_text("mine")
    options = ("-o", tmp_path / "mask.nii.gz", "--model", make_model().path)
    assert_one_sentence(omniseg("segment", square, *options), 3, str(notes), "--overwrite")
    assert notes.read_text() == "mine"
    assert not (tmp_path / "mask.nii.gz").exists()


def test_a_damaged_bundle_is_refused(
    omniseg: Omniseg, make_model: MakeModel, square: Path, tmp_path: Path
) -> None:
    model = make_model().path
    weights = model / "model.onnx"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    result = omniseg("segment", square, "-o", tmp_path / "mask.png", "--model", model)
    assert_one_sentence(result, 3, "model.onnx", "changed or damaged")
    assert not (tmp_path / "mask.png").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on file sizes")
def test_no_room_for_the_mask_leaves_nothing_behind(
    make_model: MakeModel, square: Path, tmp_path: Path
) -> None:
    folder, model = tmp_path / "results", make_model().path
    folder.mkdir()
    program = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64)); {RUN_MAIN}"
    arguments = ("segment", square, "-o", folder / "m.png", "--model", model)
    finished = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 3, finished.stderr
    sentence = finished.stderr.splitlines()[-1]
    assert "m.png: found a limit on the size of files, expected room" in sentence
    assert "Traceback" not in finished.stderr
    assert list(folder.iterdir()) == []
