from __future__ import annotations

import json
from pathlib import Path

import pytest

from omniseg_backend.bundles import models
from omniseg_backend.bundles.card import ModelCard
from omniseg_backend.bundles.card_text import card_members
from omniseg_backend.bundles.manifest import ManifestDraft
from omniseg_backend.bundles.models import (
    add_model,
    available_models,
    find_models,
    model_shelf,
    remove_model,
)
from omniseg_backend.bundles.store import Bundle, load_bundle, write_bundle
from omniseg_backend.common.errors import BundleError, DataError, UsageError
from omniseg_backend.networks.architecture import Variant


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for the user's models."""
    folder = tmp_path / "home"
    monkeypatch.setenv("OMNISEG_HOME", str(folder))
    return folder


@pytest.fixture
def make(
    tmp_path: Path, draft: ManifestDraft, card: ModelCard, members: dict[str, bytes]
) -> object:
    """Writes a bundle that differs from the others in version and task."""

    def write(version: str, task: str = "toy") -> Path:
        described = draft.task.model_copy(update={"id": task})
        changed = draft.model_copy(update={"version": version, "task": described})
        figures = card.model_copy(update={"version": version})
        return write_bundle(
            tmp_path / f"{task}-{version}.omniseg",
            changed,
            {**members, **card_members(figures, changed)},
        ).path

    return write


def users() -> list[str]:
    return [e.manifest.version for e in available_models() if e.origin == "user"]


def test_a_fresh_home_has_no_models_of_its_own(home: Path) -> None:
    assert users() == []
    assert model_shelf().refused == ()
    assert not home.exists()


def test_an_added_bundle_is_found_and_loads(bundle: Bundle, home: Path) -> None:
    entry = add_model(bundle.path)
    assert entry.path.parent == home / "models"
    assert find_models("toy", "custom", "mri") == (entry,)
    loaded = models.model("toy", Variant.CUSTOM)
    assert loaded.manifest_hash == bundle.manifest_hash
    assert dict(loaded.members) == dict(bundle.members)


@pytest.mark.parametrize(
    "query", [{"task": "other"}, {"variant": "compact"}, {"modality": "ct"}], ids=str
)
def test_what_does_not_fit_is_not_found(bundle: Bundle, query: dict[str, str]) -> None:
    add_model(bundle.path)
    assert [e for e in find_models(**query) if e.origin == "user"] == []


def test_the_last_added_is_preferred(make) -> None:
    one, two = make("1.0.0"), make("2.0.0")
    add_model(two)
    add_model(one)
    assert users() == ["1.0.0", "2.0.0"]
    assert models.model("toy", "custom").manifest.version == "1.0.0"
    add_model(two)
    assert users() == ["2.0.0", "1.0.0"]


def test_an_unknown_task_names_what_there_is(bundle: Bundle) -> None:
    add_model(bundle.path)
    with pytest.raises(UsageError, match=r"kidney-stone.*toy") as caught:
        models.model("kidney-stone", "compact")
    assert caught.value.exit_code == 2
    with pytest.raises(UsageError, match=r"variant accurate.*custom"):
        models.model("toy", "accurate")


def test_listing_reads_no_weights(make, monkeypatch: pytest.MonkeyPatch) -> None:
    path = add_model(make("1.0.0")).path
    content = path.read_bytes()
    # Spoil the weights: a list that read them would notice.
    start = content.index(b"model.onnx") + 5000
    path.write_bytes(content[:start] + bytes(100) + content[start + 100 :])
    assert users() == ["1.0.0"]
    with pytest.raises(BundleError):
        models.model("toy", "custom")


def test_the_card_is_read_without_the_weights(make, card: ModelCard) -> None:
    entry = add_model(make("1.0.0"))
    content = entry.path.read_bytes()
    start = content.index(b"model.onnx") + 5000
    entry.path.write_bytes(content[:start] + bytes(100) + content[start + 100 :])
    assert entry.card() == card
    entry.path.write_bytes(content.replace(b'"parameters": 1234', b'"parameters": 1235'))
    with pytest.raises(BundleError):
        entry.card()


def test_an_exchanged_bundle_is_refused(make, caplog: pytest.LogCaptureFixture) -> None:
    entry = add_model(make("1.0.0"))
    entry.path.write_bytes(make("2.0.0").read_bytes())
    assert users() == []
    assert "another bundle" in caplog.text
    (problem,) = model_shelf().refused
    assert str(entry.path) in str(problem)
    with pytest.raises(BundleError, match="another bundle"):
        entry.load()


def test_a_bundle_that_was_not_added_is_refused(make, home: Path) -> None:
    add_model(make("1.0.0"))
    make("2.0.0").rename(home / "models" / "smuggled.omniseg")
    (problem,) = model_shelf().refused
    assert "never added" in problem.found
    assert users() == ["1.0.0"]


def test_a_deleted_bundle_is_refused_and_the_others_stay(make) -> None:
    gone = add_model(make("1.0.0"))
    add_model(make("2.0.0"))
    gone.path.unlink()
    assert users() == ["2.0.0"]
    (problem,) = model_shelf().refused
    assert "nothing there" in problem.found


def test_a_damaged_bundle_is_not_added(make, home: Path) -> None:
    path = make("1.0.0")
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(BundleError):
        add_model(path)
    assert not home.exists()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"schema_version": 2}',
        '{"models": [{"file": "../../x.omniseg", "manifest_hash": "", "added": ""}]}',
    ],
)
def test_a_damaged_list_hides_no_shipped_model(make, home: Path, content: str) -> None:
    shipped = [e for e in available_models() if e.origin == "shipped"]
    path = make("1.0.0")
    add_model(path)
    (home / "models" / "models.json").write_text(content)
    shelf = model_shelf()
    assert list(shelf.entries) == shipped
    assert "damaged list" in shelf.refused[0].found
    with pytest.raises(DataError, match="damaged list"):
        add_model(path)


def test_the_list_is_plain_json(bundle: Bundle, home: Path) -> None:
    entry = add_model(bundle.path)
    document = json.loads((home / "models" / "models.json").read_text())
    assert document["schema_version"] == 1
    assert document["models"][0]["file"] == entry.path.name
    assert document["models"][0]["manifest_hash"] == bundle.manifest_hash


def test_a_model_can_be_removed(make) -> None:
    one, two = add_model(make("1.0.0")), add_model(make("2.0.0"))
    remove_model(one)
    assert users() == ["2.0.0"]
    assert not one.path.exists()
    assert model_shelf().refused == ()
    remove_model(two)
    assert users() == []


def test_every_shipped_bundle_is_sound() -> None:
    assert model_shelf().refused == ()
    for entry in available_models():
        assert entry.origin == "shipped"
        assert load_bundle(entry.path).manifest_hash == entry.manifest_hash
