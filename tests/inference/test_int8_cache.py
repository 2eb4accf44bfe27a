"""The kept 8-bit network: built once, never believed when damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.errors import BundleError
from omniseg_backend.inference.int8_cache import cache_key, cached_int8_model, int8_record
from omniseg_backend.inference.int8_graph import int8_model
from tests.inference.conftest import MakeBundle
from tests.inference.int8_makers import eight_bit_bundle


@pytest.fixture
def bundle(make_bundle: MakeBundle, omnisegnet_model: bytes) -> Bundle:
    return eight_bit_bundle(make_bundle, omnisegnet_model)


def test_it_is_built_once_and_kept_under_its_hash(bundle: Bundle, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    built = cached_int8_model(bundle, folder)
    (kept,) = folder.iterdir()
    assert kept.stem == cache_key(bundle, int8_record(bundle))
    assert built == int8_model(bundle.model_bytes(), int8_record(bundle).ranges)
    before = kept.stat().st_mtime_ns
    assert cached_int8_model(bundle, folder) == built
    assert kept.stat().st_mtime_ns == before


@pytest.mark.parametrize("damage", ["cut", "changed", "empty"])
def test_a_damaged_file_is_built_anew(bundle: Bundle, tmp_path: Path, damage: str) -> None:
    built = cached_int8_model(bundle, tmp_path / "cache")
    (kept,) = (tmp_path / "cache").iterdir()
    content = kept.read_bytes()
    changed = bytearray(content)
    changed[-100] ^= 1
    kept.write_bytes({"cut": content[:-1], "changed": bytes(changed), "empty": b""}[damage])
    assert cached_int8_model(bundle, tmp_path / "cache") == built
    assert kept.read_bytes() == content


def test_other_ranges_have_another_file(bundle: Bundle) -> None:
    record = int8_record(bundle)
    wider = {name: (low, high + 1) for name, (low, high) in record.ranges.items()}
    assert cache_key(bundle, record) != cache_key(
        bundle, record.model_copy(update={"ranges": wider})
    )


def test_where_nothing_can_be_kept_it_is_built_each_time(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    built = cached_int8_model(bundle, tmp_path / "file" / "cache")
    assert built == int8_model(bundle.model_bytes(), int8_record(bundle).ranges)


def test_a_model_without_ranges_is_refused_with_the_remedy(make_bundle: MakeBundle) -> None:
    with pytest.raises(BundleError, match=r"without activation ranges.*export it again"):
        cached_int8_model(make_bundle())
