"""Bundles on disk: read with every byte accounted for, written in one step."""

from __future__ import annotations

import dataclasses
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.bundles.card import ModelCard, parse_card
from omniseg_backend.bundles.card_text import render
from omniseg_backend.bundles.container import ZIP_SUFFIX, Container, open_container
from omniseg_backend.bundles.graph import check_model
from omniseg_backend.bundles.manifest import (
    MANIFEST_NAME,
    MAX_MANIFEST_BYTES,
    Manifest,
    ManifestDraft,
    MemberRecord,
    manifest_bytes,
    parse_manifest,
)
from omniseg_backend.bundles.npy import read_npy
from omniseg_backend.common.atomic import atomic_path, refuse_existing
from omniseg_backend.common.errors import BundleError
from omniseg_backend.common.hashing import sha256_bytes
from omniseg_backend.common.wording import counted

# A zip holds a date per entry; the earliest it can hold says nothing about the day.
_NO_DATE = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o100644 << 16


@dataclasses.dataclass(frozen=True)
class Bundle:
    """A trained model whose every byte was checked.

    Attributes:
        path: Where it was read from.
        manifest_hash: SHA-256 of ``omniseg.json``, which vouches for every other member.
        manifest: What it is.
        card: What was measured on it.
        manifest_content: The bytes of ``omniseg.json``.
        members: The files beside the manifest, by name.
    """

    path: Path
    manifest_hash: str
    manifest: Manifest = dataclasses.field(repr=False, compare=False)
    card: ModelCard = dataclasses.field(repr=False, compare=False)
    manifest_content: bytes = dataclasses.field(repr=False, compare=False)
    members: Mapping[str, bytes] = dataclasses.field(repr=False, compare=False)

    def model_bytes(self) -> bytes:
        """The network as ONNX, for a session or ``read_state``."""
        return self.members["model.onnx"]

    def self_test_arrays(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The synthetic input (N, C, H, W) and the logits (N, classes, H, W) it must give."""
        test = self.manifest.self_test
        source = read_npy(self.members[test.input], f"{self.path}, {test.input}")
        target = read_npy(self.members[test.output], f"{self.path}, {test.output}")
        architecture = self.manifest.architecture
        batch, _, *sides = source.shape if source.ndim == 4 else (0, 0, 0, 0)
        wanted = (batch, architecture.in_channels, *sides)
        produced = (batch, architecture.out_channels, *sides)
        if batch < 1 or source.shape != wanted or target.shape != produced:
            raise BundleError(
                self.path,
                found=f"a self-test from {source.shape} to {target.shape}",
                expected=f"{counted(architecture.in_channels, 'channel')} in, "
                f"{architecture.out_channels} classes out, on the same pixels",
                remedy="get the bundle again from where it came",
            )
        return source, target


def load_bundle(path: Path | str) -> Bundle:
    """Read a bundle and check all of it: names, sizes, hashes, schema, network, self-test.

    Nothing in it is unpickled, run or looked up elsewhere. The network is not run: that its
    self-test is reproduced is for inference to see.

    Args:
        path: A folder, or a ``.omniseg`` file.

    Raises:
        BundleError: It is damaged, unsafe, incomplete or of an unknown schema.
    """
    path = Path(path)
    with open_container(path) as container:
        content, manifest = _manifest_of(path, container)
        members: dict[str, bytes] = {
            name: _checked_member(path, container, name, record)
            for name, record in manifest.members.items()
        }
    return _assemble(path, content, manifest, members)


def read_manifest(path: Path | str) -> tuple[Manifest, str]:
    """The manifest of a bundle and its SHA-256, without reading the weights: for lists.

    Raises:
        BundleError: There is no bundle, or its manifest is not valid.
    """
    path = Path(path)
    with open_container(path) as container:
        content, manifest = _manifest_of(path, container)
    return manifest, sha256_bytes(content)


def read_card(path: Path | str) -> ModelCard:
    """The card of a bundle, checked against its manifest, without reading the weights.

    Raises:
        BundleError: There is no bundle, or its manifest or card is damaged.
    """
    path = Path(path)
    with open_container(path) as container:
        _, manifest = _manifest_of(path, container)
        content = _checked_member(path, container, "card.json", manifest.members["card.json"])
    return parse_card(content, f"{path}, card.json")


def write_bundle(
    target: Path | str,
    draft: ManifestDraft,
    members: Mapping[str, bytes],
    *,
    overwrite: bool = False,
) -> Bundle:
    """Write a bundle in one step, after the checks that reading it makes.

    Equal content gives equal bytes: entries are sorted, undated and not compressed (weights
    barely compress, and what a compressor writes depends on its version).

    Args:
        target: A path that ends in ``.omniseg`` becomes a zip, any other a folder.
        draft: The manifest without its members.
        members: Every file beside the manifest, by name; ``card_members`` makes the cards.
        overwrite: Whether an existing target is replaced.

    Raises:
        BundleError: ``members`` is incomplete or inconsistent; nothing is written.
        DataError: ``target`` exists, or cannot be written.
    """
    target = Path(target)
    refuse_existing(target, overwrite=overwrite)
    content = manifest_bytes(_completed(target, draft, members))
    # What is written must be what any reader will accept.
    manifest = parse_manifest(content, target)
    bundle = _assemble(target, content, manifest, members)
    if members["card.md"].decode("utf-8", "replace") != render(bundle.card, manifest):
        raise BundleError(
            f"{target}, card.md",
            found="a card that differs from the figures in card.json",
            expected="the text that the figures give",
            remedy="make both with card_members",
        )
    _write(target, bundle)
    return bundle


def copy_bundle(bundle: Bundle, target: Path | str, *, overwrite: bool = False) -> Bundle:
    """Write a checked bundle elsewhere, byte for byte, as a zip or a folder.

    Args:
        bundle: What to write.
        target: A path that ends in ``.omniseg`` becomes a zip, any other a folder.
        overwrite: Whether an existing target is replaced.

    Raises:
        DataError: ``target`` exists, or cannot be written.
    """
    target = Path(target)
    refuse_existing(target, overwrite=overwrite)
    _write(target, bundle)
    return dataclasses.replace(bundle, path=target)


def _write(target: Path, bundle: Bundle) -> None:
    files = {MANIFEST_NAME: bundle.manifest_content, **bundle.members}
    with atomic_path(target) as temporary:
        if target.suffix == ZIP_SUFFIX:
            _write_zip(temporary, files)
        else:
            _write_folder(temporary, files)


def _manifest_of(path: Path, container: Container) -> tuple[bytes, Manifest]:
    if MANIFEST_NAME not in container.names:
        raise BundleError(
            path,
            found=f"no {MANIFEST_NAME}",
            expected="a bundle",
            remedy="choose a bundle that OmniSeg wrote",
        )
    content = container.read(MANIFEST_NAME, MAX_MANIFEST_BYTES)
    manifest = parse_manifest(content, path)
    found = container.names - {MANIFEST_NAME}
    if found != set(manifest.members):
        missing = ", ".join(sorted(set(manifest.members) - found)) or "nothing"
        extra = ", ".join(sorted(found - set(manifest.members))) or "nothing"
        raise BundleError(
            path,
            found=f"{missing} missing and {extra} not in the manifest",
            expected="exactly the members that the manifest lists",
            remedy="get the bundle again from where it came",
        )
    return content, manifest


def _checked_member(path: Path, container: Container, name: str, record: MemberRecord) -> bytes:
    content = container.read(name, record.size)
    if len(content) != record.size or sha256_bytes(content) != record.sha256:
        raise BundleError(
            f"{path}, {name}",
            found="bytes that were changed or damaged since the bundle was written",
            expected=f"{counted(record.size, 'byte')} with the SHA-256 that the manifest states",
            remedy="get the bundle again from where it came",
        )
    return content


def _assemble(
    path: Path, content: bytes, manifest: Manifest, members: Mapping[str, bytes]
) -> Bundle:
    card = parse_card(members["card.json"], f"{path}, card.json")
    if (card.bundle, card.version) != (manifest.id, manifest.version):
        raise BundleError(
            f"{path}, card.json",
            found=f"the card of {card.bundle} {card.version}",
            expected=f"that of {manifest.id} {manifest.version}",
            remedy="get the bundle again from where it came",
        )
    check_model(members["model.onnx"], manifest.architecture, f"{path}, model.onnx")
    frozen = MappingProxyType(dict(members))
    bundle = Bundle(path, sha256_bytes(content), manifest, card, content, frozen)
    bundle.self_test_arrays()
    return bundle


def _completed(target: Path, draft: ManifestDraft, members: Mapping[str, bytes]) -> Manifest:
    records = {
        name: MemberRecord(sha256=sha256_bytes(content), size=len(content)).model_dump()
        for name, content in sorted(members.items())
    }
    content = {**draft.model_dump(exclude={"members"}), "members": records}
    try:
        return Manifest.model_validate(content)
    except ValueError as error:
        raise BundleError(
            target,
            found=f"members that make no bundle ({', '.join(sorted(members)) or 'none'})",
            expected="every required member within its size, and no other",
            remedy=f"correct what is passed to write_bundle: {error}",
        ) from error


def _write_zip(path: Path, files: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _NO_DATE)
            entry.create_system = 3
            entry.external_attr = _PLAIN_FILE
            archive.writestr(entry, files[name])


def _write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    path.mkdir()
    for name in sorted(files):
        (path / name).write_bytes(files[name])
