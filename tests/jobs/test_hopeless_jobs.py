"""What is bound to fail is refused at submission, in a sentence, and leaves no job behind."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from omniseg_backend.bundles.store import Bundle, copy_bundle
from omniseg_backend.common.errors import OmniSegError
from omniseg_backend.images.modality import Modality
from omniseg_backend.jobs.spec_file import parse_spec
from omniseg_backend.jobs.states import State
from omniseg_backend.jobs.store import JobStore
from tests.inference import conftest as inference_fixtures
from tests.inference.conftest import convolution_model
from tests.training.conftest import write_toy

make_bundle = inference_fixtures.make_bundle

#: By value, as in the toy data set.
TOY_CLASSES = ((2, "square"), (5, "disc"))


@pytest.fixture(autouse=True)
def here(
    tmp_path: Path, make_bundle: Callable[..., Bundle], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder with data sets, pictures, bundles that fit them and others, and a run."""
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "masks", "job/checkpoints", "run", "pictures"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("job/state.json", "run/run.json"):
        (tmp_path / name).touch()
    (tmp_path / "text").write_text("no bundle")
    write_toy(tmp_path / "data", patients=3, test=1)
    write_toy(tmp_path / "silent", patients=3, test=1)
    described = (tmp_path / "silent" / "dataset.json").read_text()
    silent = described.replace("fluorescence", "intensity")
    (tmp_path / "silent" / "dataset.json").write_text(silent)
    write_toy(tmp_path / "single", patients=1, test=0)
    shutil.copytree(tmp_path / "data" / "imagesTr", tmp_path / "unpaired" / "images")
    shutil.copytree(tmp_path / "data" / "labelsTr", tmp_path / "unpaired" / "masks")
    (tmp_path / "unpaired" / "masks" / "toypatient000.png").unlink()
    for place in ("in.png", "pictures/a.png"):
        shutil.copy(tmp_path / "data" / "imagesTr" / "toypatient000_0000.png", tmp_path / place)
    microscopy: dict[str, Any] = {"modality": Modality.MICROSCOPY}
    for name, classes, preprocessing in (
        ("a", TOY_CLASSES, microscopy),
        ("b", TOY_CLASSES, microscopy),
        ("square", ((1, "square"),), microscopy),
        ("disc", ((1, "disc"),), microscopy),
        ("liver", ((1, "liver"), (2, "spleen")), microscopy),
        ("colour", TOY_CLASSES, microscopy | {"image_channels": 3}),
    ):
        shape = (len(classes) + 1, preprocessing.get("image_channels", 1), 1, 1)
        model = convolution_model(np.zeros(shape, np.float32), np.zeros(shape[0], np.float32))
        made = make_bundle(model, classes=classes, preprocessing=preprocessing)
        copy_bundle(made, tmp_path / f"{name}.omniseg")
    return tmp_path


TRAIN = ("train", {"dataset": "data", "modality": "microscopy"})
SEGMENT = ("segment", {"image": "in.png", "model": "a.omniseg"})
EVALUATE = ("evaluate", {"bundle": "a.omniseg", "dataset": "data"})
COMPARE = ("compare", {"old": "a.omniseg", "new": "b.omniseg", "dataset": "data"})
BATCH = ("batch", {"folder": "pictures", "output": "masks", "model": "a.omniseg"})
EXPORT = ("export", {"run": "run"})


def create(
    asked: tuple[str, dict[str, object]], output: str | None, changes: dict[str, object]
) -> State:
    kind, settings = asked
    content: dict[str, object] = {"kind": kind, "settings": {**settings, **changes}}
    if output is not None:
        content["output"] = output
    return JobStore().create(parse_spec(content)).known.state


@pytest.mark.parametrize(
    ("asked", "output", "changes", "code", "words"),
    [
        (TRAIN, None, {"dataset": "nope"}, 3, "nope: found nothing, expected the folder of a data"),
        (TRAIN, None, {"dataset": "in.png"}, 3, "in.png: found a file, expected the folder"),
        (TRAIN, None, {"negatives": ["nope"]}, 3, "nope: found nothing"),
        (TRAIN, None, {"negatives": ["empty"]}, 3, "empty: found an empty folder"),
        (TRAIN, None, {"dataset": "empty"}, 3, "empty: found an empty folder, expected dataset.js"),
        (TRAIN, None, {"dataset": "pictures"}, 3, "pictures: found a.png, expected dataset.json"),
        (TRAIN, None, {"dataset": "single"}, 3, "single: found 1 training case, expected at least"),
        (TRAIN, None, {"dataset": "unpaired"}, 3, "found no mask"),
        (TRAIN, None, {"dataset": "silent", "modality": None}, 2, "silent: found no modality"),
        (TRAIN, None, {"fold": "4/9"}, 2, "the fold: found 4/9 for a data set"),
        (TRAIN, None, {"initial_bundle": "text"}, 3, "text: found"),
        (TRAIN, None, {"initial_bundle": "a.omniseg", "variant": "compact"}, 2, "expected one va"),
        (TRAIN, "nope/x/y.omniseg", {}, 3, "found no folder"),
        (TRAIN, "foo.txt", {}, 3, "found the suffix '.txt', expected a bundle: NAME.omniseg, or"),
        (SEGMENT, "x.png", {"model": None}, 2, "found neither a task nor a model named"),
        (SEGMENT, None, {"image": "gone.png"}, 3, "gone.png: found nothing, expected an image"),
        (SEGMENT, None, {"model": None, "task": "paint"}, 2, "task paint: found no model for it"),
        (SEGMENT, "x.txt", {}, 3, "found the suffix '.txt', expected a format for segmentations"),
        (SEGMENT, None, {"uncertainty": "x.seg.nrrd"}, 3, "expected a format for images"),
        (SEGMENT, "in.png", {}, 3, "found an existing file"),
        (SEGMENT, "x.png", {"uncertainty": "x.png"}, 2, "found one file named twice"),
        (SEGMENT, None, {"model": "text"}, 3, "text: found"),
        (SEGMENT, None, {"region": "abc"}, 2, "region: found 'abc', expected a range of at least"),
        (SEGMENT, None, {"region": "5:2,0:10"}, 2, "region: found '5:2,0:10', expected a range"),
        (SEGMENT, None, {"region": "0:5"}, 2, "region: found '0:5'"),
        (EVALUATE, None, {"bundle": "text"}, 3, "text: found"),
        (EVALUATE, None, {"bundle": "liver.omniseg"}, 3, "Toy: found the classes square, disc, ex"),
        (EVALUATE, None, {"bundle": "colour.omniseg"}, 3, "Toy: found 1 channel (fluorescence)"),
        (EVALUATE, None, {"dataset": "single"}, 3, "found no labelled image in the part 'test'"),
        (EVALUATE, None, {"dataset": "nope"}, 3, "nope: found nothing"),
        (EVALUATE, "table.xlsx", {}, 3, "expected a table of cases: NAME.csv"),
        (COMPARE, None, {"new": "a.omniseg"}, 2, "found the same bundle twice"),
        (COMPARE, None, {"new": "text"}, 3, "text: found"),
        (COMPARE, None, {"old": "square.omniseg", "new": "disc.omniseg"}, 3,
         "expected at least one class that both have"),
        (COMPARE, None, {"new": "liver.omniseg"}, 3, "found no class liver, spleen, which"),
        (COMPARE, None, {"dataset": "single"}, 3, "single: found no reserved case"),
        (COMPARE, None, {"dataset": "nope"}, 3, "nope: found nothing"),
        (BATCH, None, {"folder": "nope"}, 3, "nope: found nothing, expected a folder of images"),
        (BATCH, None, {"output": "nope/x"}, 3, "found no folder"),
        (BATCH, None, {"folder": "empty"}, 3, "empty: found a folder without an image"),
        (BATCH, None, {"output": "pictures"}, 2, "the output folder: found the folder of the ima"),
        (BATCH, None, {"model": "text"}, 3, "text: found"),
        (BATCH, None, {"options": {"scheduler": "rubbish"}}, 2, "the scheduler: found 'rubbish'"),
        (EXPORT, None, {"dataset": "empty"}, 3, "empty: found an empty folder"),
        (EXPORT, None, {"run": "nope"}, 3, "nope: found nothing, expected a run's folder"),
        (EXPORT, None, {"run": "data"}, 3, "data: found no training run"),
        (EXPORT, "foo.txt", {}, 3, "found the suffix '.txt', expected a bundle"),
    ],
)  # fmt: skip
def test_a_hopeless_job_is_refused(
    asked: tuple[str, dict[str, object]],
    output: str | None,
    changes: dict[str, object],
    code: int,
    words: str,
) -> None:
    with pytest.raises(OmniSegError) as caught:
        create(asked, output, changes)
    assert words in str(caught.value)
    assert caught.value.exit_code == code
    assert JobStore().records() == ()


@pytest.mark.parametrize(
    ("asked", "output", "changes"),
    [
        (TRAIN, "new.omniseg", {}),
        (TRAIN, "a-folder", {"initial_bundle": "a.omniseg", "modality": None}),
        (TRAIN, "model-1.0", {}),
        (SEGMENT, "x.nii.gz", {"uncertainty": "map.nii.gz"}),
        (SEGMENT, None, {"model": None, "task": "cardiac-mri"}),
        (SEGMENT, None, {"region": "5:,:10"}),
        (EVALUATE, "table.csv", {}),
        (EVALUATE, None, {"split": "train"}),
        (COMPARE, "comparison", {}),
        (BATCH, None, {}),
        (BATCH, None, {"output": "pictures/masks", "options": {"scheduler": "tcp://127.0.0.1:1"}}),
        (EXPORT, "new.omniseg", {}),
        # A job that is still to train: when the export's turn comes, it has.
        (EXPORT, None, {"run": "job"}),
    ],
)
def test_a_job_that_may_succeed_is_queued(
    asked: tuple[str, dict[str, object]], output: str | None, changes: dict[str, object]
) -> None:
    assert create(asked, output, changes) is State.QUEUED
