"""What is bound to fail is refused at submission, in a sentence, and leaves no job behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from omniseg_backend.common.errors import OmniSegError
from omniseg_backend.jobs.spec_file import parse_spec
from omniseg_backend.jobs.states import State
from omniseg_backend.jobs.store import JobStore


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a data set's folder, an image's file, two bundles' and a run's."""
    monkeypatch.chdir(tmp_path)
    for name in ("data", "masks", "job/checkpoints", "run"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("in.png", "a.omniseg", "b.omniseg", "job/state.json", "run/run.json"):
        (tmp_path / name).touch()
    return tmp_path


TRAIN = ("train", {"dataset": "data"})
SEGMENT = ("segment", {"image": "in.png", "model": "a.omniseg"})
EVALUATE = ("evaluate", {"bundle": "a.omniseg", "dataset": "data"})
COMPARE = ("compare", {"old": "a.omniseg", "new": "b.omniseg", "dataset": "data"})
BATCH = ("batch", {"folder": "data", "output": "masks", "model": "a.omniseg"})
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
        (TRAIN, "nope/x/y.omniseg", {}, 3, "found no folder"),
        (TRAIN, "foo.txt", {}, 3, "found the suffix '.txt', expected a bundle: NAME.omniseg, or"),
        (SEGMENT, "x.png", {"model": None}, 2, "found neither a task nor a model named"),
        (SEGMENT, None, {"image": "gone.png"}, 3, "gone.png: found nothing, expected an image"),
        (SEGMENT, None, {"model": None, "task": "paint"}, 2, "task paint: found no model for it"),
        (SEGMENT, "x.txt", {}, 3, "found the suffix '.txt', expected a format for segmentations"),
        (SEGMENT, None, {"uncertainty": "x.seg.nrrd"}, 3, "expected a format for images"),
        (SEGMENT, "in.png", {}, 3, "found an existing file"),
        (SEGMENT, "x.png", {"uncertainty": "x.png"}, 2, "found one file named twice"),
        (EVALUATE, None, {"dataset": "nope"}, 3, "nope: found nothing"),
        (EVALUATE, "table.xlsx", {}, 3, "expected a table of cases: NAME.csv"),
        (COMPARE, None, {"new": "a.omniseg"}, 2, "found the same bundle twice"),
        (COMPARE, None, {"dataset": "nope"}, 3, "nope: found nothing"),
        (BATCH, None, {"folder": "nope"}, 3, "nope: found nothing, expected a folder of images"),
        (BATCH, None, {"output": "nope/x"}, 3, "found no folder"),
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
        (TRAIN, "a-folder", {}),
        (TRAIN, "model-1.0", {}),
        (SEGMENT, "x.nii.gz", {"uncertainty": "map.nii.gz"}),
        (SEGMENT, None, {"model": None, "task": "cardiac-mri"}),
        (EVALUATE, "table.csv", {}),
        (COMPARE, "comparison", {}),
        (BATCH, None, {}),
        (EXPORT, "new.omniseg", {}),
        # A job that is still to train: when the export's turn comes, it has.
        (EXPORT, None, {"run": "job"}),
    ],
)
def test_a_job_that_may_succeed_is_queued(
    asked: tuple[str, dict[str, object]], output: str | None, changes: dict[str, object]
) -> None:
    assert create(asked, output, changes) is State.QUEUED
