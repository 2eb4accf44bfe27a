"""The optional part of a manifest that 8-bit arithmetic is built from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from omniseg_backend.bundles.int8_record import Int8Record
from omniseg_backend.bundles.manifest import parse_manifest

FIELDS = {
    "ranges": {"relu": (0.0, 6.0)},
    "percentile": 99.9,
    "tiles": 32,
    "cases": 3,
    "dice_fp32": 0.9,
    "dice_int8": 0.894,
    "self_test_mismatch": 0.01,
}


def test_what_is_lost_is_in_points() -> None:
    assert Int8Record.model_validate(FIELDS).loss_points == pytest.approx(0.6)


@pytest.mark.parametrize(
    "change",
    [
        {"ranges": {}},
        {"ranges": {"relu": (1.0, 0.0)}},
        {"ranges": {"relu": (0.0, float("inf"))}},
        {"tiles": 0},
        {"cases": 0},
        {"dice_int8": 1.5},
        {"more": 1},
    ],
)
def test_what_makes_no_sense_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Int8Record.model_validate({**FIELDS, **change})


def test_manifests_with_and_without_are_read(files: dict[str, bytes], tmp_path: Path) -> None:
    older = {k: v for k, v in json.loads(files["omniseg.json"]).items() if k != "int8"}
    assert parse_manifest(json.dumps(older).encode(), tmp_path).int8 is None
    newer = json.dumps({**older, "int8": FIELDS}).encode()
    assert parse_manifest(newer, tmp_path).int8 == Int8Record.model_validate(FIELDS)
