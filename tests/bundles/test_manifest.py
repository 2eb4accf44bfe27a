from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from omniseg_backend.bundles.manifest import (
    MAX_MANIFEST_BYTES,
    REQUIRED_MEMBERS,
    Manifest,
    ManifestDraft,
    manifest_bytes,
    parse_manifest,
)
from omniseg_backend.bundles.rules import ReviewRule
from omniseg_backend.common.errors import BundleError


@pytest.fixture(scope="module")
def document(draft: ManifestDraft) -> dict:
    members = {name: {"sha256": "0" * 64, "size": 3} for name in sorted(REQUIRED_MEMBERS)}
    manifest = Manifest.model_validate({**draft.model_dump(), "members": members})
    return json.loads(manifest_bytes(manifest))


def encode(document: object) -> bytes:
    return json.dumps(document).encode()


def changed(document: dict, path: str, value: object) -> dict:
    """A copy of the document with the value at a dotted path replaced."""
    copy = json.loads(json.dumps(document))
    *parents, last = path.split("/")
    place = copy
    for parent in parents:
        place = place[int(parent) if isinstance(place, list) else parent]
    place[int(last) if isinstance(place, list) else last] = value
    return copy


def test_a_manifest_survives_its_file(document: dict) -> None:
    manifest = parse_manifest(encode(document), "toy")
    again = parse_manifest(manifest_bytes(manifest), "toy")
    assert again == manifest
    assert manifest_bytes(again) == manifest_bytes(manifest)


def test_the_class_table_has_the_classes(draft: ManifestDraft) -> None:
    (entry,) = draft.class_table()
    assert (entry.value, entry.name, entry.colour, entry.snomed) == (1, "disc", (230, 159, 0), None)


def test_symmetric_axes_have_one_order(document: dict) -> None:
    one = parse_manifest(encode(changed(document, "symmetric_axes", ["rows", "columns"])), "toy")
    two = parse_manifest(
        encode(changed(document, "symmetric_axes", ["columns", "rows", "rows"])), "toy"
    )
    assert one == two
    assert one.symmetric_axes == ("columns", "rows")


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("surprise", 1, "surprise"),
        ("task/surprise", 1, "task.surprise"),
        ("id", "../escape", "id"),
        ("id", "Upper Case", "id"),
        ("version", "1.0", "version"),
        ("task/title", "two\nlines", "task.title"),
        ("variant", "huge", "variant"),
        ("variant", "compact", "variant compact"),
        ("architecture/out_channels", 3, "out_channels"),
        ("architecture/in_channels", 3, "in_channels"),
        ("preprocessing/input_size", [1_000_000_000, 16], "input_size"),
        ("preprocessing/input_size", [65, 64], "input_size"),
        ("classes/0/value", 0, "classes.0.value"),
        ("classes/0/snomed", "heart", "classes.0.snomed"),
        ("classes", [], "classes"),
        ("symmetric_axes", ["depth"], "symmetric_axes"),
        ("clean_up/0/class_name", "square", "clean_up"),
        ("temperature", 0, "temperature"),
        ("review/detected", 16, "flagged"),
        ("storage", "int4", "storage"),
        ("training/train_hashes", ["f" * 64, "0" * 64], "training.train_hashes"),
        ("training/train_hashes/0", "case_17", "training.train_hashes.0"),
        ("training/train_cases", 3, "train_cases"),
        ("training/started", "yesterday", "training.started"),
        ("members/model.onnx/size", 10**12, "model.onnx"),
        ("members/model.onnx/sha256", "A" * 64, "sha256"),
        ("members/evil.py", {"sha256": "0" * 64, "size": 1}, "evil.py"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    document: dict, path: str, value: object, named: str
) -> None:
    with pytest.raises(BundleError) as caught:
        parse_manifest(encode(changed(document, path, value)), "toy")
    assert named in caught.value.found


def test_a_class_named_twice_is_refused(document: dict) -> None:
    twice = changed(document, "classes", [document["classes"][0], document["classes"][0]])
    with pytest.raises(BundleError, match="repeat"):
        parse_manifest(encode(changed(twice, "architecture/out_channels", 3)), "toy")


def test_a_missing_member_is_refused(document: dict) -> None:
    members = {k: v for k, v in document["members"].items() if k != "card.json"}
    with pytest.raises(BundleError, match=r"card\.json"):
        parse_manifest(encode(changed(document, "members", members)), "toy")


def test_infinity_is_no_temperature(document: dict) -> None:
    content = encode(document).replace(b'"temperature": 1.25', b'"temperature": Infinity')
    assert b"Infinity" in content
    with pytest.raises(BundleError, match="temperature"):
        parse_manifest(content, "toy")


def test_a_newer_schema_asks_for_an_update(document: dict) -> None:
    with pytest.raises(BundleError, match=r"schema 2.*update OmniSeg"):
        parse_manifest(encode(changed(document, "schema_version", 2)), "toy")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b'{"schema_version": "1"}',
        b'{"schema_version": true}',
        b'{"schema_version": 1, "schema_version": 1}',
        b'{"schema_version": ' + b"9" * 5000 + b"}",
        b"[" * 200_000,
        b" " * (MAX_MANIFEST_BYTES + 1),
    ],
    ids=lambda content: repr(content[:20]),
)
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(BundleError, match=r"omniseg\.json"):
        parse_manifest(content, "toy")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_value_at_any_place_is_read_or_refused(document: dict, data: st.DataObject) -> None:
    place = document
    path: list[str] = []
    while isinstance(place, (dict, list)) and place and (not path or data.draw(st.booleans())):
        keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        path.append(str(key))
        place = place[key]
    content = encode(changed(document, "/".join(path), data.draw(JSON)))
    try:
        manifest = parse_manifest(content, "toy")
    except BundleError:
        return
    assert parse_manifest(manifest_bytes(manifest), "toy") == manifest


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_damaged_bytes_are_read_or_refused(document: dict, data: st.DataObject) -> None:
    content = bytearray(encode(document))
    start = data.draw(st.integers(0, len(content)))
    stop = data.draw(st.integers(start, min(len(content), start + 40)))
    content[start:stop] = data.draw(st.binary(max_size=20))
    try:
        manifest = parse_manifest(bytes(content), "toy")
    except BundleError:
        return
    assert parse_manifest(manifest_bytes(manifest), "toy") == manifest


def test_review_counts_are_worded() -> None:
    rule = ReviewRule(threshold=0.8, detected=12, bad=15, false_flags=0, good=0)
    assert rule.sensitivity == "12 of 15"
    assert rule.false_alarms == "no such case"


def test_a_manifest_does_not_change(draft: ManifestDraft) -> None:
    with pytest.raises(ValidationError):
        draft.temperature = 2.0
