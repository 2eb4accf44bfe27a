from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from omniseg_backend.bundles.card_text import render
from omniseg_backend.bundles.manifest import ManifestDraft
from omniseg_backend.bundles.npy import npy_bytes
from omniseg_backend.bundles.store import (
    Bundle,
    copy_bundle,
    load_bundle,
    read_manifest,
    write_bundle,
)
from omniseg_backend.common.errors import BundleError, DataError


class TestWhatIsWritten:
    def test_is_what_is_read(self, bundle: Bundle, members: dict[str, bytes]) -> None:
        loaded = load_bundle(bundle.path)
        assert loaded == bundle
        assert loaded.manifest == bundle.manifest
        assert loaded.card == bundle.card
        assert dict(loaded.members) == members
        assert loaded.model_bytes() == members["model.onnx"]
        content = loaded.manifest_content
        assert loaded.manifest_hash == hashlib.sha256(content).hexdigest()
        assert hash(loaded) == hash(bundle)

    def test_reproduces_its_self_test(self, bundle: Bundle, run_model: Callable) -> None:
        image, logits = load_bundle(bundle.path).self_test_arrays()
        assert image.shape == (1, 1, 64, 64)
        assert logits.shape == (1, 2, 64, 64)
        np.testing.assert_array_equal(run_model(bundle.model_bytes(), image), logits)

    def test_lists_without_its_weights(self, bundle: Bundle) -> None:
        assert read_manifest(bundle.path) == (bundle.manifest, bundle.manifest_hash)

    def test_holds_the_same_whatever_the_form(self, bundle: Bundle, tmp_path: Path) -> None:
        for name in ("copy.omniseg", "copy"):
            copy = copy_bundle(bundle, tmp_path / name)
            assert load_bundle(copy.path) == copy
            assert copy.manifest_hash == bundle.manifest_hash

    def test_is_the_same_every_time(
        self, tmp_path: Path, draft: ManifestDraft, members: dict[str, bytes]
    ) -> None:
        one = write_bundle(tmp_path / "one.omniseg", draft, members)
        shuffled = dict(reversed(members.items()))
        two = write_bundle(tmp_path / "two.omniseg", draft, shuffled)
        assert one.path.read_bytes() == two.path.read_bytes()

    def test_leaves_nothing_beside_it(self, bundle: Bundle, tmp_path: Path) -> None:
        assert list(tmp_path.iterdir()) == [bundle.path]

    def test_does_not_need_a_licence_file(
        self, tmp_path: Path, draft: ManifestDraft, members: dict[str, bytes]
    ) -> None:
        without = {name: content for name, content in members.items() if name != "LICENSE"}
        path = write_bundle(tmp_path / "toy.omniseg", draft, without).path
        assert "LICENSE" not in load_bundle(path).members


class TestWriting:
    def test_refuses_what_exists_unless_told(
        self, bundle: Bundle, draft: ManifestDraft, members: dict[str, bytes]
    ) -> None:
        with pytest.raises(DataError, match="--overwrite"):
            write_bundle(bundle.path, draft, members)
        newer = draft.model_copy(update={"temperature": 2.0})
        members = {**members, "card.md": render(bundle.card, newer).encode()}
        write_bundle(bundle.path, newer, members, overwrite=True)
        assert load_bundle(bundle.path).manifest.temperature == 2.0

    @pytest.mark.parametrize(
        ("name", "content", "named"),
        [
            ("model.onnx", b"no network", "ONNX"),
            ("card.json", b"{}", "Field required"),
            ("card.md", b"Dice 0.99, by hand\n", "differs from the figures"),
            ("self_test_input.npy", npy_bytes(np.zeros((1, 3, 64, 64), np.float32)), "self-test"),
            ("self_test_output.npy", npy_bytes(np.zeros((1, 2, 32, 64), np.float32)), "self-test"),
            ("self_test_output.npy", npy_bytes(np.zeros((1, 2), np.float32)), "self-test"),
            ("notes.txt", b"hello", "notes.txt"),
        ],
    )
    def test_refuses_what_reading_would(
        self,
        tmp_path: Path,
        draft: ManifestDraft,
        members: dict[str, bytes],
        name: str,
        content: bytes,
        named: str,
    ) -> None:
        with pytest.raises(BundleError) as caught:
            write_bundle(tmp_path / "toy.omniseg", draft, {**members, name: content})
        assert named in caught.value.found
        assert list(tmp_path.iterdir()) == []

    def test_refuses_the_card_of_another_bundle(
        self, tmp_path: Path, draft: ManifestDraft, members: dict[str, bytes]
    ) -> None:
        with pytest.raises(BundleError, match=r"toy-custom 1\.0\.0"):
            write_bundle(tmp_path / "x", draft.model_copy(update={"version": "1.0.1"}), members)

    def test_refuses_an_incomplete_bundle(
        self, tmp_path: Path, draft: ManifestDraft, members: dict[str, bytes]
    ) -> None:
        without = {name: content for name, content in members.items() if name != "card.md"}
        with pytest.raises(BundleError, match=r"members lacks card\.md"):
            write_bundle(tmp_path / "toy.omniseg", draft, without)
