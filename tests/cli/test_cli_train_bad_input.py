"""Bad input to ``omniseg train``: one sentence before the first step, nothing left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from tests.cli.conftest import Omniseg, assert_one_sentence

pytest.importorskip("torch", reason="training needs the extra 'train'")

COMMON = ("--modality", "microscopy", "--steps", "2", "--input-size", "32", "--threads", "1")


def _truncated(dataset: Path) -> str:
    path = dataset / "imagesTr" / "toypatient000_0000.png"
    path.write_bytes(path.read_bytes()[:50])
    return path.name


def _empty(dataset: Path) -> str:
    path = dataset / "imagesTr" / "toypatient000_0000.png"
    path.write_bytes(b"")
    return path.name


def _wrong_suffix(dataset: Path) -> str:
    path = dataset / "imagesTr" / "toypatient000_0000.png"
    Pillow.open(path).convert("L").save(path, format="JPEG")
    return path.name


def _label_of_another_shape(dataset: Path) -> str:
    path = dataset / "labelsTr" / "toypatient003.png"
    Pillow.fromarray(np.zeros((20, 32), np.uint8)).save(path)
    return path.name


def _unknown_label(dataset: Path) -> str:
    path = dataset / "labelsTr" / "toypatient003.png"
    Pillow.fromarray(np.full((32, 32), 9, np.uint8)).save(path)
    return path.name


def _missing_label(dataset: Path) -> str:
    (dataset / "labelsTr" / "toypatient003.png").unlink()
    return "toypatient003"


def _patient_on_both_sides(dataset: Path) -> str:
    cases = dataset / "cases.csv"
    lines = cases.read_text().splitlines()
    file, case, _, place = lines[-1].split(",")  # a test picture
    lines[-1] = ",".join((file, case, "toypatient000", place))
    cases.write_text("\n".join(lines) + "\n")
    return "patient toypatient000"


def _no_dataset_json(dataset: Path) -> str:
    (dataset / "dataset.json").write_text("{")
    return "dataset.json"


@pytest.mark.parametrize(
    "spoil",
    [
        _truncated,
        _empty,
        _wrong_suffix,
        _label_of_another_shape,
        _unknown_label,
        _missing_label,
        _patient_on_both_sides,
        _no_dataset_json,
    ],
)
def test_a_spoilt_data_set_is_named_with_its_fault(
    omniseg: Omniseg, fresh_dataset: Path, tmp_path: Path, spoil: Callable[[Path], str]
) -> None:
    named = spoil(fresh_dataset)
    target = tmp_path / "results" / "toy.omniseg"
    result = omniseg("train", fresh_dataset, "-o", target, *COMMON)
    assert_one_sentence(result, 3, named)
    assert not target.parent.exists()


def test_an_existing_bundle_is_kept(omniseg: Omniseg, fresh_dataset: Path, tmp_path: Path) -> None:
    target = tmp_path / "toy.omniseg"
    target.write_bytes(b"mine")
    result = omniseg("train", fresh_dataset, "-o", target, *COMMON)
    assert_one_sentence(result, 3, str(target), "--overwrite")
    assert target.read_bytes() == b"mine"
    assert not target.with_name("toy.omniseg.run").exists()


def test_a_place_that_cannot_be_written_is_named(
    omniseg: Omniseg, fresh_dataset: Path, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"mine")
    result = omniseg("train", fresh_dataset, "-o", blocked / "toy.omniseg", *COMMON)
    assert_one_sentence(result, 3, str(blocked))
    assert blocked.read_bytes() == b"mine"


def test_the_modality_is_asked_for_where_nobody_states_it(
    omniseg: Omniseg, fresh_dataset: Path, tmp_path: Path
) -> None:
    described = fresh_dataset / "dataset.json"
    described.write_text(described.read_text().replace("fluorescence", "unheard of"))
    result = omniseg("train", fresh_dataset, "-o", tmp_path / "toy.omniseg", "--steps", "2")
    assert_one_sentence(result, 2, "--modality")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--batch-size", "1"), ("--batch-size", "found 1", "from 2 to 256")),
        (("--learning-rate", "0"), ("--learning-rate", "expected above 0 to 1")),
        (("--epochs", "0"), ("--epochs", "expected from 1")),
        (("--epochs", "5", "--minutes", "3"), ("epochs 5 and minutes 3", "exactly one of")),
        (("--input-size", "100"), ("--input-size", "multiples of 16")),
        (("--input-size", "big"), ("--input-size", "found big")),
        (("--augmentation", "wild"), ("--augmentation", "'online' or 'doubled'")),
        (("--precision", "fp8"), ("--precision", "found fp8")),
        (("--symmetric", "planes"), ("--symmetric", "'rows' or 'columns'")),
        (("--variant", "custom"), ("--variant", "compact, balanced, accurate")),
        (("--seed", "-1"), ("--seed", "expected from 0 below 2147483648")),
        (("--init", "nobody"), ("nobody", "`omniseg models`")),
        (("--modality", "microscopy", "--fold", "6/5"), ("--fold", "6/5")),
    ],
)
def test_a_wrong_option_is_a_usage_error(
    omniseg: Omniseg,
    fresh_dataset: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    words: tuple[str, ...],
) -> None:
    result = omniseg("train", fresh_dataset, "-o", tmp_path / "toy.omniseg", *options)
    assert_one_sentence(result, 2, *words)
    assert not list(tmp_path.glob("toy.omniseg*"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", ("recipe.json",)),
        ("[1]", ("recipe.json", "list")),
        (json.dumps({"batchsize": 4}), ("recipe.json", "batchsize", "batch_size, perhaps")),
        (json.dumps({"batch_size": 1}), ("recipe.json, batch_size", "found 1")),
        (json.dumps({"dataset": "/elsewhere"}), ("recipe.json", "without the data set")),
    ],
)
def test_a_wrong_recipe_is_named(
    omniseg: Omniseg, fresh_dataset: Path, tmp_path: Path, content: str, words: tuple[str, ...]
) -> None:
    recipe = tmp_path / "recipe.json"
    recipe.write_text(content)
    target = tmp_path / "toy.omniseg"
    result = omniseg("train", fresh_dataset, "-o", target, "--recipe", recipe)
    assert_one_sentence(result, 3, *words)
    assert not list(tmp_path.glob("toy.omniseg*"))


WITHOUT_TORCH = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"lightning_fabric", "monai", "torch"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from omniseg_backend.cli.main import main
main()
"""


def test_a_missing_torch_is_told_with_its_remedy(fresh_dataset: Path, tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, "train", fresh_dataset, "-o", tmp_path / "b"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 3, finished.stderr
    assert 'pip install "napari-omniseg[train]"' in finished.stderr
    assert "Traceback" not in finished.stderr
