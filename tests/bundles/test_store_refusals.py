from __future__ import annotations

import hashlib
import json
import os
import stat
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnx
import pytest

from omniseg_backend.bundles.manifest import MANIFEST_NAME
from omniseg_backend.bundles.store import (
    load_bundle,
)
from omniseg_backend.common.errors import BundleError


def write_zip(path: Path, entries: Mapping[str, bytes] | list[tuple[str, bytes]]) -> Path:
    pairs = entries.items() if isinstance(entries, Mapping) else entries
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in pairs:
            archive.writestr(name, content)
    return path


def write_folder(path: Path, entries: Mapping[str, bytes]) -> Path:
    path.mkdir()
    for name, content in entries.items():
        (path / name).write_bytes(content)
    return path


Writer = Callable[[Path, Mapping[str, bytes]], Path]
BOTH = pytest.mark.parametrize("write", [write_zip, write_folder], ids=["zip", "folder"])


def refusal(path: Path) -> str:
    """What a bundle is refused for; the sentence names the bundle."""
    with pytest.raises(BundleError) as caught:
        load_bundle(path)
    assert str(path) in caught.value.subject
    return caught.value.found


def relisted(files: Mapping[str, bytes], name: str, content: bytes) -> dict[str, bytes]:
    """The files with one member replaced and the manifest's record of it made to agree."""
    manifest = json.loads(files[MANIFEST_NAME])
    manifest["members"][name] = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
    }
    return {**files, name: content, MANIFEST_NAME: json.dumps(manifest).encode()}


@BOTH
class TestDamage:
    @pytest.mark.parametrize(
        "name", ["model.onnx", "card.json", "card.md", "self_test_input.npy", "LICENSE"]
    )
    def test_one_changed_byte(
        self, write: Writer, files: dict[str, bytes], tmp_path: Path, name: str
    ) -> None:
        content = bytearray(files[name])
        content[len(content) // 2] ^= 1
        path = write(tmp_path / "bad", {**files, name: bytes(content)})
        assert "changed" in refusal(path)

    def test_a_member_cut_short(
        self, write: Writer, files: dict[str, bytes], tmp_path: Path
    ) -> None:
        cut = {**files, "model.onnx": files["model.onnx"][:-1]}
        assert "changed" in refusal(write(tmp_path / "bad", cut))

    def test_a_member_larger_than_stated(
        self, write: Writer, files: dict[str, bytes], tmp_path: Path
    ) -> None:
        more = {**files, "LICENSE": files["LICENSE"] + b"\0" * 10}
        assert "LICENSE with more than" in refusal(write(tmp_path / "bad", more))

    def test_a_missing_member(self, write: Writer, files: dict[str, bytes], tmp_path: Path) -> None:
        del files["card.md"]
        assert "card.md missing" in refusal(write(tmp_path / "bad", files))

    def test_a_missing_manifest(
        self, write: Writer, files: dict[str, bytes], tmp_path: Path
    ) -> None:
        del files[MANIFEST_NAME]
        assert MANIFEST_NAME in refusal(write(tmp_path / "bad", files))

    def test_a_member_that_the_manifest_does_not_list(
        self, write: Writer, files: dict[str, bytes], tmp_path: Path
    ) -> None:
        manifest = json.loads(files[MANIFEST_NAME])
        del manifest["members"]["LICENSE"]
        files[MANIFEST_NAME] = json.dumps(manifest).encode()
        assert "LICENSE not in the manifest" in refusal(write(tmp_path / "bad", files))

    @pytest.mark.parametrize("name", ["weights.pkl", "setup.py", ".DS_Store", "MODEL.ONNX"])
    def test_a_file_that_no_bundle_holds(
        self, write: Writer, files: dict[str, bytes], tmp_path: Path, name: str
    ) -> None:
        assert name in refusal(write(tmp_path / "bad", {**files, name: b"x"}))

    def test_a_newer_schema(self, write: Writer, files: dict[str, bytes], tmp_path: Path) -> None:
        manifest = json.loads(files[MANIFEST_NAME])
        files[MANIFEST_NAME] = json.dumps({**manifest, "schema_version": 2}).encode()
        with pytest.raises(BundleError, match="update OmniSeg"):
            load_bundle(write(tmp_path / "bad", files))

    def test_weights_in_another_file(
        self, write: Writer, files: dict[str, bytes], tmp_path: Path
    ) -> None:
        model = onnx.load_model_from_string(files["model.onnx"])
        tensor = model.graph.initializer[0]
        tensor.data_location = onnx.TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", "elsewhere.bin"
        bad = relisted(files, "model.onnx", model.SerializeToString())
        assert "another file" in refusal(write(tmp_path / "bad", bad))

    def test_a_pickled_array(self, write: Writer, files: dict[str, bytes], tmp_path: Path) -> None:
        pickled = tmp_path / "pickled.npy"
        np.save(pickled, np.array([[print]], dtype=object), allow_pickle=True)
        bad = relisted(files, "self_test_input.npy", pickled.read_bytes())
        assert "array of another kind" in refusal(write(tmp_path / "bad", bad))


class TestZips:
    @pytest.mark.parametrize(
        ("name", "named"),
        [
            ("/etc/cron.d/evil", "absolute path"),
            ("C:\\Windows\\evil.dll", "absolute path"),
            ("C:evil", "absolute path"),
            ("\\\\server\\share\\evil", "absolute path"),
            ("../model.onnx", "leads out"),
            ("a/../../model.onnx", "leads out"),
            ("..\\model.onnx", "leads out"),
            ("nested/model.onnx", "no bundle holds"),
            ("./model.onnx", "no bundle holds"),
            ("nested/", "no bundle holds"),
        ],
    )
    def test_a_path(self, files: dict[str, bytes], tmp_path: Path, name: str, named: str) -> None:
        path = write_zip(tmp_path / "bad.omniseg", [*files.items(), (name, b"x")])
        assert named in refusal(path)
        assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.omniseg", "source"]

    def test_a_name_that_zipfile_would_cut(self, files: dict[str, bytes], tmp_path: Path) -> None:
        path = write_zip(tmp_path / "bad.omniseg", {**files, "LICENSE_evil": b"x"})
        path.write_bytes(path.read_bytes().replace(b"LICENSE_evil", b"LICENSE\0evil"))
        assert "LICENSE\\x00evil" in refusal(path)

    def test_a_link(self, files: dict[str, bytes], tmp_path: Path) -> None:
        path = tmp_path / "bad.omniseg"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                entry = zipfile.ZipInfo(name)
                if name == "LICENSE":
                    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
                archive.writestr(entry, content)
        assert "link" in refusal(path)

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_a_name_twice(self, files: dict[str, bytes], tmp_path: Path) -> None:
        twice = [*files.items(), ("model.onnx", files["model.onnx"])]
        assert "twice" in refusal(write_zip(tmp_path / "bad.omniseg", twice))

    def test_a_bomb_is_not_unpacked(self, files: dict[str, bytes], tmp_path: Path) -> None:
        path = tmp_path / "bad.omniseg"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                bomb = name == "self_test_input.npy"
                archive.writestr(name, b"\0" * 20_000_000 if bomb else content)
        assert path.stat().st_size < 1_000_000
        assert "with more than" in refusal(path)

    def test_a_bomb_in_place_of_the_manifest(self, tmp_path: Path) -> None:
        path = tmp_path / "bad.omniseg"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(MANIFEST_NAME, b" " * 10_000_000)
        assert "with more than" in refusal(path)

    def test_a_size_that_lies(self, files: dict[str, bytes], tmp_path: Path) -> None:
        # Both headers state 5 bytes, the packed data unpack to a million.
        path = tmp_path / "bad.omniseg"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, b"\0" * 1_000_000 if name == "LICENSE" else content)
        lie = path.read_bytes().replace(struct.pack("<L", 1_000_000), struct.pack("<L", 8))
        path.write_bytes(lie)
        refusal(path)

    def test_an_encrypted_entry(self, files: dict[str, bytes], tmp_path: Path) -> None:
        path = write_zip(tmp_path / "bad.omniseg", files)
        content = bytearray(path.read_bytes())
        for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            content[content.index(signature) + offset] |= 1
        path.write_bytes(content)
        assert "encrypted" in refusal(path)

    def test_an_unusual_packing(self, files: dict[str, bytes], tmp_path: Path) -> None:
        path = tmp_path / "bad.omniseg"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        assert "unusual method" in refusal(path)

    @pytest.mark.parametrize("content", [b"", b"PK", b"not a zip at all" * 100])
    def test_another_file(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "bad.omniseg"
        path.write_bytes(content)
        assert "damaged" in refusal(path)

    def test_every_damage_is_refused(self, files: dict[str, bytes], tmp_path: Path) -> None:
        path = write_zip(tmp_path / "bad.omniseg", files)
        good = path.read_bytes()
        rng = np.random.default_rng(1)
        central = good.rindex(b"PK\x01\x02") - 600
        for position in [*rng.integers(0, len(good), 10), *rng.integers(central, len(good), 60)]:
            spoilt = bytearray(good)
            spoilt[position] ^= 1 << int(rng.integers(8))
            path.write_bytes(spoilt)
            try:
                loaded = load_bundle(path)
            except BundleError:
                continue
            # A bit that means nothing to us, such as a date's: all content is as it was.
            assert {MANIFEST_NAME: loaded.manifest_content, **loaded.members} == files

    def test_every_truncation_is_refused(self, files: dict[str, bytes], tmp_path: Path) -> None:
        path = write_zip(tmp_path / "bad.omniseg", files)
        good = path.read_bytes()
        for length in np.linspace(0, len(good) - 1, 20).astype(int):
            path.write_bytes(good[:length])
            refusal(path)


class TestFolders:
    def test_a_link(self, files: dict[str, bytes], tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_bytes(files["LICENSE"])
        path = write_folder(tmp_path / "bad", files)
        (path / "LICENSE").unlink()
        (path / "LICENSE").symlink_to(secret)
        assert "the link 'LICENSE'" in refusal(path)

    def test_a_folder_within(self, files: dict[str, bytes], tmp_path: Path) -> None:
        del files["LICENSE"]
        path = write_folder(tmp_path / "bad", files)
        (path / "LICENSE").mkdir()
        assert "no file" in refusal(path)

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
    def test_a_pipe_does_not_hang(self, files: dict[str, bytes], tmp_path: Path) -> None:
        del files["LICENSE"]
        path = write_folder(tmp_path / "bad", files)
        os.mkfifo(path / "LICENSE")
        assert "no file" in refusal(path)

    def test_nothing_there(self, tmp_path: Path) -> None:
        assert "nothing there" in refusal(tmp_path / "missing.omniseg")

    def test_an_empty_folder(self, tmp_path: Path) -> None:
        assert MANIFEST_NAME in refusal(tmp_path)
