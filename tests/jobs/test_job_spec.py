"""A kind's spec: settings of a room stated once, found everywhere, wrong values explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.common.settings import described_fields
from omniseg_backend.jobs.kinds import kind, kinds
from omniseg_backend.jobs.spec import settled
from omniseg_backend.jobs.spec_file import load_spec, parse_spec, save_spec
from omniseg_backend.jobs.state_file import NewerJobError


def train(**settings: object) -> dict[str, object]:
    return {"kind": "train", "settings": {"dataset": "data", **settings}}


def test_the_kinds_are_found_under_their_names() -> None:
    found = kinds()
    assert {"segment", "batch", "train", "evaluate", "compare", "export"} <= set(found)
    assert all(spec.model_fields["kind"].default == name for name, spec in found.items())


@pytest.mark.parametrize("name", ["segment", "batch", "train", "evaluate", "compare", "export"])
def test_every_field_of_a_form_is_explained(name: str) -> None:
    assert [f.path for f in described_fields(kind(name)) if not f.help_text and f.path[-1] != "kind"
            ] == []  # fmt: skip


def test_an_unknown_kind_is_told_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="found paint, expected one of batch, compare"):
        parse_spec({"kind": "paint"})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (train(batch_size=1), ("settings.batch_size", "found 1", "from 2 to 256")),
        (train(rotation=400), ("settings.rotation", "found 400", "to 180")),
        (train(budget={"steps": 0}), ("settings.budget.steps", "found 0", "from 1")),
        (train(budget={"minutes": float("inf")}),
         ("settings.budget.minutes", "found Infinity", "above 0 to 10080")),
        (train(budget={"minutes": float("nan")}), ("settings.budget.minutes", "above 0 to 10080")),
        (train(budget={"epochs": 10**9}), ("settings.budget.epochs", "from 1 to 100000")),
        (train(rotation=float("-inf")), ("settings.rotation", "from 0 to 180")),
        (train(colour="red"), ("settings.colour", "an unknown name", "settings.batch_size")),
        ({"kind": "train", "settings": {}},
         ("settings.dataset", "found nothing, expected a value")),
        (train(dataset=5), ("settings.dataset", "found 5, expected a path")),
        (train(dataset=None), ("settings.dataset", "found null, expected a path")),
        (train(batch_size="many"), ("found \"many\"", "a whole number (from 2 to 256)")),
        ({"kind": "evaluate", "settings": {"bundle": "b", "dataset": "d", "split": "all"}},
         ("settings.split", "'test' or 'train'")),
        ([], ("no kind",)),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_with_its_range(content: object, words: tuple[str, ...]) -> None:
    with pytest.raises(DataError) as caught:
        parse_spec(content)
    assert [word for word in words if word not in str(caught.value)] == []


def test_a_spec_survives_its_file(tmp_path: Path) -> None:
    spec = settled(parse_spec(train(negatives=["other"], batch_size=4)))
    save_spec(spec, tmp_path / "spec.json")
    assert load_spec(tmp_path / "spec.json") == spec


def test_paths_become_absolute_for_a_runner_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    content = train(negatives=["other"]) | {"output": "out/model.omniseg"}
    dumped = settled(parse_spec(content)).model_dump()
    assert dumped["settings"]["dataset"] == tmp_path / "data"
    assert dumped["settings"]["negatives"] == (tmp_path / "other",)
    assert dumped["output"] == tmp_path / "out" / "model.omniseg"


def test_a_bundle_that_is_nowhere_is_refused_before_the_queue() -> None:
    content = {"kind": "evaluate", "settings": {"bundle": "no-such-model", "dataset": "d"}}
    with pytest.raises(UsageError, match="neither a file nor the id of a model"):
        settled(parse_spec(content))


def test_a_shipped_models_id_becomes_its_path() -> None:
    content = {"kind": "evaluate", "settings": {"bundle": "cardiac-mri-compact", "dataset": "d"}}
    bundle = settled(parse_spec(content)).model_dump()["settings"]["bundle"]
    assert Path(bundle).is_file()


def test_a_later_versions_spec_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(NewerJobError, match="schema 2"):
        parse_spec(train() | {"schema_version": 2})
    (tmp_path / "spec.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="damaged"):
        load_spec(tmp_path / "spec.json")


def test_what_is_not_stated_is_left_to_the_bundle_that_a_fine_tuning_starts_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    content = train(initial_bundle="cardiac-mri-compact", threads=2)
    save_spec(settled(parse_spec(content)), tmp_path / "spec.json")
    read = load_spec(tmp_path / "spec.json")
    assert read.settings.model_fields_set == {"dataset", "initial_bundle", "threads"}
    assert (read.kind, read.schema_version) == ("train", 1)
    assert "fine-tuned on data" in read.shown_title
