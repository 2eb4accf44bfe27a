"""``omniseg compare``, ``promote``, ``rollback`` and ``models add|remove|history``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from omniseg_backend.bundles.store import load_bundle
from tests.cli.conftest import Omniseg, assert_one_sentence, document
from tests.training.conftest import write_toy


@pytest.fixture(scope="module")
def reserved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy with eight reserved patients."""
    return write_toy(tmp_path_factory.mktemp("reserved") / "toy", test=8)


def taken(omniseg: Omniseg, tmp_path: Path, reserved: Path) -> str:
    """The hash of the bundle that ``segment --task toy`` uses, as its output says."""
    image = next((reserved / "imagesTs").glob("*.png"))
    mask = tmp_path / "taken.nii.gz"
    arguments = ("--task", "toy", "--variant", "compact", "--overwrite")
    result = omniseg("segment", image, "-o", mask, *arguments)
    assert result.exit_code == 0, result.stderr
    record = json.loads((tmp_path / "taken.json").read_text())
    found = record["provenance"]["bundle_hash"]
    assert isinstance(found, str)
    return found


def test_from_candidate_to_current_and_back(
    omniseg: Omniseg, toy_bundle: Path, weak_bundle: Path, reserved: Path, tmp_path: Path
) -> None:
    weak, strong = (load_bundle(path).manifest_hash for path in (weak_bundle, toy_bundle))
    listed = document(omniseg("models", "add", weak_bundle, "--json"))["model"]
    assert (listed["manifest_hash"], listed["status"]) == (weak, "candidate")
    first = document(omniseg("promote", listed["id"], "--json"))
    assert first["replaced"] is None
    assert first["grounds"] == {"comparison": None, "verdict": None, "confirmed": False}

    assert document(omniseg("models", "add", toy_bundle, "--json"))["model"]["id"] == listed["id"]
    assert taken(omniseg, tmp_path, reserved) == weak
    assert_one_sentence(omniseg("promote", toy_bundle), 3, "no comparison", "omniseg compare")

    folder = tmp_path / "compared"
    compared = omniseg(
        "compare", listed["id"], toy_bundle, reserved, "-o", folder, "--pictures", 2, "--json"
    )
    told = document(compared)
    assert told["comparison"]["verdict"] == "better"
    assert told["comparison"]["old"]["manifest_hash"] == weak
    assert json.loads((folder / "comparison.json").read_text()) == told["comparison"]
    assert json.loads(Path(told["recorded"]).read_text()) == told["comparison"]
    assert sorted(path.name for path in folder.glob("*.png")) == sorted(
        Path(path).name for path in told["pictures"]
    )
    assert len(told["pictures"]) == 2
    assert np.asarray(Pillow.open(told["pictures"][0])).ndim == 3

    promoted = document(omniseg("promote", listed["id"], "--json"))
    assert promoted["model"]["manifest_hash"] == strong
    assert promoted["replaced"]["manifest_hash"] == weak
    assert promoted["grounds"]["verdict"] == "better"
    assert taken(omniseg, tmp_path, reserved) == strong
    statuses = {
        model["manifest_hash"]: model["status"]
        for model in document(omniseg("models", "--task", "toy", "--json"))["models"]
    }
    assert statuses == {strong: "current", weak: "previous"}

    back = document(omniseg("rollback", "toy", "compact", "--json"))
    assert (back["left"]["manifest_hash"], back["restored"]["manifest_hash"]) == (strong, weak)
    assert taken(omniseg, tmp_path, reserved) == weak
    events = document(omniseg("models", "history", "--json"))["events"]
    assert [event["event"] for event in events] == [
        "added", "promoted", "added", "promoted", "rolled back",
    ]  # fmt: skip
    shown = omniseg("models", "history", "--task", "toy").stdout
    assert "better" in shown
    assert "rolled back" in shown


def test_an_uncertain_comparison_asks_for_a_confirmation(
    omniseg: Omniseg, toy_bundle: Path, weak_bundle: Path, toy_dataset: Path
) -> None:
    first = omniseg("promote", weak_bundle).stdout
    assert "the first of its kind" in first
    assert "rollback" not in first  # there is nothing to go back to
    told = omniseg("compare", weak_bundle, toy_bundle, toy_dataset)
    assert "too few to tell (2 held-out patients" in told.stdout
    # Id and version of the two are equal, so their hashes tell them apart.
    for path in (weak_bundle, toy_bundle):
        assert f"({load_bundle(path).manifest_hash[:12]})" in " ".join(told.stdout.split())
    refused = omniseg("promote", toy_bundle)
    assert_one_sentence(refused, 2, "95 % interval", "--accept-uncertain")
    done = omniseg("promote", toy_bundle, "--accept-uncertain")
    assert "`omniseg rollback toy compact` takes it back" in " ".join(done.stdout.split())
    events = document(omniseg("models", "history", "--json"))["events"]
    assert events[-1]["grounds"]["confirmed"] is True
    assert "too few to tell, accepted" in omniseg("models", "history").stdout


def test_models_are_removed_and_the_one_before_is_current(
    omniseg: Omniseg, toy_bundle: Path, weak_bundle: Path, toy_dataset: Path
) -> None:
    omniseg("promote", weak_bundle)
    omniseg("compare", weak_bundle, toy_bundle, toy_dataset)
    omniseg("promote", toy_bundle, "--accept-uncertain")
    strong = load_bundle(toy_bundle).manifest_hash
    name = load_bundle(toy_bundle).manifest.id
    # Both have one id: it takes a hash.
    assert_one_sentence(omniseg("models", "remove", name), 2, "2 models", strong[:12])
    gone = document(omniseg("models", "remove", strong[:12], "--json"))
    assert gone["removed"]["manifest_hash"] == strong
    assert gone["current"]["manifest_hash"] == load_bundle(weak_bundle).manifest_hash
    left = document(omniseg("models", "remove", name, "--json"))
    assert left["current"] is None


def test_a_damaged_current_model_gives_way_with_a_notice(
    omniseg: Omniseg,
    toy_bundle: Path,
    weak_bundle: Path,
    toy_dataset: Path,
    reserved: Path,
    tmp_path: Path,
) -> None:
    omniseg("promote", weak_bundle)
    omniseg("compare", weak_bundle, toy_bundle, toy_dataset)
    path = document(omniseg("promote", toy_bundle, "--accept-uncertain", "--json"))["model"]["path"]
    Path(path).write_bytes(b"damaged")
    assert taken(omniseg, tmp_path, reserved) == load_bundle(weak_bundle).manifest_hash
    told = omniseg("models")
    assert "is damaged or gone" in told.stderr


def test_a_shipped_model_stays_current_beside_a_candidate(omniseg: Omniseg) -> None:
    models = document(omniseg("models", "--task", "cardiac-mri", "--json"))["models"]
    shipped = next(model for model in models if model["variant"] == "compact")
    assert (shipped["origin"], shipped["status"]) == ("shipped", "current")
    assert_one_sentence(omniseg("rollback", "cardiac-mri", "compact"), 2, "no promoted model")
    assert_one_sentence(omniseg("promote", shipped["path"]), 2, "the current model")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("compare", "nothing", "neither", "data"), ("nothing",)),
        (("promote", "nothing"), ("no such model",)),
        (("models", "remove", "cardiac-mri-compact"), ("no such model",)),
        (("rollback", "nothing", "compact"), ("no promoted model",)),
    ],
)
def test_bad_names_end_in_one_sentence(
    omniseg: Omniseg, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    assert_one_sentence(omniseg(*arguments), 2, *words)


def test_an_existing_folder_is_refused_before_any_work(
    omniseg: Omniseg, toy_bundle: Path, weak_bundle: Path, reserved: Path, tmp_path: Path
) -> None:
    (tmp_path / "there").mkdir()
    result = omniseg("compare", weak_bundle, toy_bundle, reserved, "-o", tmp_path / "there")
    assert_one_sentence(result, 3, "existing")
    assert "comparing" not in result.stderr
    same = omniseg("compare", toy_bundle, toy_bundle, reserved)
    assert_one_sentence(same, 3, "same bundle twice")
    assert_one_sentence(omniseg("models", "add", reserved / "dataset.json"), 3, "dataset.json")


def test_a_model_that_is_listed_already_is_said_and_no_new_event(
    omniseg: Omniseg, toy_bundle: Path
) -> None:
    assert "is listed, candidate" in omniseg("models", "add", toy_bundle).stdout
    again = omniseg("models", "add", toy_bundle)
    assert "was listed already, candidate" in again.stdout
    assert document(omniseg("models", "add", toy_bundle, "--json"))["listed_before"] is True
    events = document(omniseg("models", "history", "--json"))["events"]
    assert [event["event"] for event in events] == ["added"]
