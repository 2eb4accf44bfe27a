"""The current model of a task and variant: promotion, going back, damage, and the history."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from omniseg_backend.bundles import models
from omniseg_backend.bundles.card import ModelCard
from omniseg_backend.bundles.card_text import card_members
from omniseg_backend.bundles.current import current_model, make_current, roll_back
from omniseg_backend.bundles.history import Grounds, append_event, promoted, read_history
from omniseg_backend.bundles.manifest import ManifestDraft
from omniseg_backend.bundles.models import add_model, available_models, model_shelf, remove_model
from omniseg_backend.bundles.shelf import ModelEntry
from omniseg_backend.bundles.store import write_bundle
from omniseg_backend.common.errors import BundleError, DataError, UsageError

FIRST = Grounds(comparison=None, verdict=None, confirmed=False)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for the user's models."""
    folder = tmp_path / "home"
    monkeypatch.setenv("OMNISEG_HOME", str(folder))
    return folder


@pytest.fixture
def add(tmp_path: Path, draft: ManifestDraft, card: ModelCard, members: dict[str, bytes]):
    """Add a bundle that differs from the others in version."""

    def make(version: str) -> ModelEntry:
        changed = draft.model_copy(update={"version": version})
        figures = card.model_copy(update={"version": version})
        made = write_bundle(
            tmp_path / f"toy-{version}.omniseg",
            changed,
            {**members, **card_members(figures, changed)},
            overwrite=True,
        )
        return add_model(made.path)

    return make


def promote(entry: ModelEntry) -> None:
    before = current_model(*entry.kind)
    make_current(entry, FIRST, instead_of=None if before is None else before.manifest_hash)


def statuses() -> dict[str, str]:
    return {e.manifest.version: e.status for e in available_models() if e.origin == "user"}


def taken() -> str:
    return models.model("toy", "custom").manifest.version


def spoil_weights(path: Path) -> None:
    content = path.read_bytes()
    start = content.index(b"model.onnx") + 5000
    path.write_bytes(content[:start] + bytes(100) + content[start + 100 :])


def test_a_candidate_takes_no_other_model_s_place(add) -> None:
    one = add("1.0.0")
    promote(one)
    add("2.0.0")
    assert statuses() == {"1.0.0": "current", "2.0.0": "candidate"}
    assert taken() == "1.0.0"


def test_a_lone_candidate_is_taken_and_said(add, caplog: pytest.LogCaptureFixture) -> None:
    add("1.0.0")
    with caplog.at_level(logging.WARNING):
        assert taken() == "1.0.0"
    assert "1.0.0 is a candidate" in caplog.text


def test_a_shipped_model_is_current_until_another_is_promoted() -> None:
    shipped = next(e for e in available_models() if e.manifest.id == "cardiac-mri-compact")
    assert (shipped.origin, shipped.status) == ("shipped", "current")
    copied = add_model(shipped.path)
    assert copied.status == "candidate"
    assert current_model(*shipped.kind) == shipped
    make_current(copied, FIRST, instead_of=shipped.manifest_hash)
    current = current_model(*shipped.kind)
    assert current is not None
    assert current.origin == "user"
    remove_model(current)
    assert current_model(*shipped.kind) == shipped


def test_promotions_stack_and_go_back_one_by_one(add) -> None:
    one, two, three = add("1.0.0"), add("2.0.0"), add("3.0.0")
    for entry in (one, three, two):
        promote(entry)
    assert statuses() == {"1.0.0": "previous", "3.0.0": "previous", "2.0.0": "current"}
    assert [e.manifest.version for e in available_models() if e.origin == "user"] == [
        "2.0.0",
        "3.0.0",
        "1.0.0",
    ]
    back = roll_back("toy", "custom")
    assert (back.left.manifest.version, back.restored.manifest.version) == ("2.0.0", "3.0.0")
    assert statuses() == {"1.0.0": "previous", "3.0.0": "current", "2.0.0": "candidate"}
    assert roll_back("toy", "custom").restored.manifest.version == "1.0.0"
    with pytest.raises(UsageError, match="no model before it"):
        roll_back("toy", "custom")
    promote(three)
    promote(one)
    assert roll_back("toy", "custom").restored.manifest.version == "3.0.0"
    assert taken() == "3.0.0"


def test_nothing_promoted_means_nothing_to_take_back(add) -> None:
    add("1.0.0")
    for kind in (("toy", "custom"), ("cardiac-mri", "compact"), ("other", "compact")):
        with pytest.raises(UsageError, match="no promoted model"):
            roll_back(*kind)


@pytest.mark.parametrize("damage", ["deleted", "exchanged", "weights"])
def test_a_damaged_current_model_gives_way_with_a_notice(
    add, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    one, two = add("1.0.0"), add("2.0.0")
    promote(one)
    promote(two)
    if damage == "deleted":
        two.path.unlink()
    elif damage == "exchanged":
        two.path.write_bytes(one.path.read_bytes())
    else:
        spoil_weights(two.path)
    with caplog.at_level(logging.WARNING):
        assert taken() == "1.0.0"
    assert "1.0.0" in caplog.text
    assert "taken" in caplog.text


def test_a_candidate_never_stands_in_for_a_damaged_model(add) -> None:
    one = add("1.0.0")
    promote(one)
    add("2.0.0")
    spoil_weights(one.path)
    with pytest.raises(BundleError):
        taken()


def test_a_removed_model_is_not_current_when_it_comes_again(add, home: Path) -> None:
    one, two = add("1.0.0"), add("2.0.0")
    promote(one)
    promote(two)
    remove_model(two)
    assert taken() == "1.0.0"
    assert model_shelf().notices == ()
    add("2.0.0")
    assert statuses() == {"1.0.0": "current", "2.0.0": "candidate"}


def test_the_history_tells_all_and_nobody(add, home: Path) -> None:
    one, two = add("1.0.0"), add("2.0.0")
    promote(one)
    grounds = Grounds(comparison="a-b", verdict="too few to tell", confirmed=True)
    make_current(two, grounds, instead_of=one.manifest_hash)
    roll_back("toy", "custom")
    remove_model(two)
    events = read_history(home / "models")
    assert [(event.event, event.version) for event in events] == [
        ("added", "1.0.0"),
        ("added", "2.0.0"),
        ("promoted", "1.0.0"),
        ("promoted", "2.0.0"),
        ("rolled back", "2.0.0"),
        ("removed", "2.0.0"),
    ]
    assert events[3].grounds == grounds
    assert events[3].previous == one.manifest_hash
    lines = (home / "models" / "history.jsonl").read_text().splitlines()
    assert set(json.loads(lines[0])) == {
        "schema_version", "when", "event", "task", "variant", "model", "version",
        "manifest_hash", "previous", "grounds",
    }  # fmt: skip


def test_a_torn_last_line_has_not_happened_and_is_overwritten(add, home: Path) -> None:
    one = add("1.0.0")
    promote(one)
    path = home / "models" / "history.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole.splitlines()[-1][:40])
    assert taken() == "1.0.0"
    assert len(read_history(home / "models")) == 2
    append_event(home / "models", read_history(home / "models")[0])
    assert path.read_bytes().startswith(whole)
    assert len(read_history(home / "models")) == 3


@pytest.mark.parametrize("line", ["no JSON", '{"schema_version": 2}'])
def test_a_damaged_history_takes_no_shipped_model_away(add, home: Path, line: str) -> None:
    one = add("1.0.0")
    promote(one)
    path = home / "models" / "history.jsonl"
    path.write_text(f"{line}\n{path.read_text()}")
    assert any("history" in problem.found for problem in model_shelf().refused)
    assert models.model("cardiac-mri", "compact").manifest.id == "cardiac-mri-compact"
    assert statuses() == {"1.0.0": "candidate"}
    with pytest.raises(DataError, match="damaged history"):
        make_current(one, FIRST, instead_of=None)
    with pytest.raises(DataError, match="damaged history"):
        roll_back("toy", "custom")


def test_promoting_past_another_promotion_is_refused(add) -> None:
    one, two, three = add("1.0.0"), add("2.0.0"), add("3.0.0")
    promote(one)
    promote(two)
    with pytest.raises(DataError, match="another current model"):
        make_current(three, FIRST, instead_of=one.manifest_hash)
    assert taken() == "2.0.0"


def test_a_list_of_before_promotions_is_read(add, home: Path) -> None:
    add("1.0.0")
    (home / "models" / "history.jsonl").unlink()
    content = json.loads((home / "models" / "models.json").read_text())
    assert set(content) == {"schema_version", "models"}
    assert statuses() == {"1.0.0": "candidate"}


def test_two_programs_that_add_at_once_lose_nothing(add, home: Path, tmp_path: Path) -> None:
    listed = [add(version).path for version in ("1.0.0", "2.0.0")]
    # Removing a model takes the listed file away, so each program adds a copy.
    paths = [shutil.copyfile(path, tmp_path / path.name) for path in listed]
    script = (
        "import sys\n"
        "from omniseg_backend.bundles.models import add_model, remove_model\n"
        "for _ in range(4): remove_model(add_model(sys.argv[1]))\n"
        "add_model(sys.argv[1])\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", script, str(path)]) for path in paths]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    # Both were listed before the first round, which is no event; each program makes eight.
    assert len(read_history(home / "models")) == 2 + 2 * 8
    assert set(statuses()) == {"1.0.0", "2.0.0"}


def test_other_kinds_are_left_alone(add, home: Path) -> None:
    promote(add("1.0.0"))
    events = read_history(home / "models")
    assert len(promoted(events, "toy", "custom")) == 1
    assert promoted(events, "toy", "compact") == promoted(events, "other", "custom") == ()
