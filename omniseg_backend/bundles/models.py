"""The models at hand: those that are shipped, and the user's own."""

from __future__ import annotations

import dataclasses
import logging
from importlib import resources
from pathlib import Path
from typing import Literal

from omniseg_backend.bundles.card import ModelCard
from omniseg_backend.bundles.container import ZIP_SUFFIX
from omniseg_backend.bundles.manifest import Manifest
from omniseg_backend.bundles.model_list import ListedModel, read_list, write_list
from omniseg_backend.bundles.store import (
    Bundle,
    copy_bundle,
    load_bundle,
    read_card,
    read_manifest,
)
from omniseg_backend.common.errors import BundleError, DataError, UsageError
from omniseg_backend.common.home import omniseg_home
from omniseg_backend.common.provenance import now_utc
from omniseg_backend.images.modality import Modality
from omniseg_backend.networks.architecture import Variant

_log = logging.getLogger(__name__)

Origin = Literal["user", "shipped"]


@dataclasses.dataclass(frozen=True)
class ModelEntry:
    """One model that can be chosen; its weights are not read yet.

    Attributes:
        path: The bundle.
        manifest: What it is.
        manifest_hash: SHA-256 of its manifest.
        origin: Whether the user added it or it came with the software.
    """

    path: Path
    manifest: Manifest
    manifest_hash: str
    origin: Origin

    def load(self) -> Bundle:
        """The bundle, fully checked, and still the one that was listed.

        Raises:
            BundleError: It is damaged, or was exchanged since.
        """
        bundle = load_bundle(self.path)
        _check_hash(self.path, bundle.manifest_hash, self.manifest_hash)
        return bundle

    def card(self) -> ModelCard:
        """What was measured on it; the weights are not read.

        Raises:
            BundleError: It is damaged.
        """
        return read_card(self.path)


@dataclasses.dataclass(frozen=True)
class ModelShelf:
    """What was found, usable or not.

    Attributes:
        entries: Models that can be chosen; by task, then cheapest variant first; of two with
            the same task and variant the preferred one first: the user's before the shipped,
            the last added before earlier ones.
        refused: Why each other bundle is not among them.
    """

    entries: tuple[ModelEntry, ...]
    refused: tuple[DataError, ...]


def model_shelf() -> ModelShelf:
    """Look through the shipped models and the user's, reading manifests only."""
    entries: list[ModelEntry] = []
    refused: list[DataError] = []
    folder = _user_folder()
    try:
        listed = read_list(folder)
    except DataError as error:
        # A damaged list must not take the shipped models away.
        refused.append(error)
    else:
        for known in reversed(listed):
            _shelve(folder / known.file, "user", known.manifest_hash, entries, refused)
        refused += _unlisted(folder, {known.file for known in listed})
    for path in _shipped_paths():
        _shelve(path, "shipped", None, entries, refused)
    order = list(Variant)
    entries.sort(key=lambda e: (e.manifest.task.id, order.index(e.manifest.variant)))
    return ModelShelf(tuple(entries), tuple(refused))


def available_models() -> tuple[ModelEntry, ...]:
    """The models that can be chosen, ordered as in ``ModelShelf``; the refused are logged."""
    shelf = model_shelf()
    for problem in shelf.refused:
        _log.warning("%s", problem)
    return shelf.entries


def find_models(
    task: str | None = None,
    variant: Variant | str | None = None,
    modality: Modality | str | None = None,
) -> tuple[ModelEntry, ...]:
    """The models that fit everything that is stated.

    Args:
        task: A task's id.
        variant: ``compact``, ``balanced``, ``accurate`` or ``custom``.
        modality: What the images are.
    """
    return tuple(
        entry
        for entry in available_models()
        if task in (None, entry.manifest.task.id)
        and variant in (None, entry.manifest.variant)
        and modality in (None, entry.manifest.preprocessing.modality)
    )


def model(task: str, variant: Variant | str) -> Bundle:
    """The preferred model for a task in a variant.

    Raises:
        UsageError: There is none; the sentence names what there is.
        BundleError: It is damaged.
    """
    fitting = find_models(task, variant)
    if fitting:
        return fitting[0].load()
    entries = available_models()
    variants = sorted({e.manifest.variant for e in entries if e.manifest.task.id == task})
    if variants:
        raise UsageError(
            f"task {task}",
            found=f"no model of the variant {variant}",
            expected=f"one of: {', '.join(variants)}",
            remedy="choose one of these",
        )
    tasks = sorted({entry.manifest.task.id for entry in entries})
    raise UsageError(
        f"task {task}",
        found="no model for it",
        expected=f"one of: {', '.join(tasks)}" if tasks else "a model, and there is none yet",
        remedy="choose one of these, or add a bundle" if tasks else "add a bundle",
    )


def add_model(path: Path | str) -> ModelEntry:
    """Check a bundle, copy it among the user's models and remember its hash.

    Adding the same bundle again makes it the last added.

    Args:
        path: A bundle; where it lies does not matter afterwards.

    Raises:
        BundleError: It is damaged or unsafe.
        DataError: The user's folder cannot be written.
    """
    bundle = load_bundle(path)
    folder = _user_folder()
    manifest, digest = bundle.manifest, bundle.manifest_hash
    # Several versions of one model may stand side by side.
    file = f"{manifest.id}-{manifest.version}-{digest[:12]}{ZIP_SUFFIX}"
    copy_bundle(bundle, folder / file, overwrite=True)
    others = [listed for listed in read_list(folder) if listed.file != file]
    write_list(folder, [*others, ListedModel(file=file, manifest_hash=digest, added=now_utc())])
    return ModelEntry(folder / file, manifest, digest, "user")


def remove_model(entry: ModelEntry) -> None:
    """Take one of the user's models off the list and off the disk.

    Raises:
        UsageError: It came with the software.
    """
    if entry.origin != "user":
        raise UsageError(
            entry.manifest.id,
            found="a model that came with OmniSeg",
            expected="one that you added",
            remedy="choose another, or leave it",
        )
    folder = _user_folder()
    write_list(folder, [m for m in read_list(folder) if m.file != entry.path.name])
    entry.path.unlink(missing_ok=True)


def _shelve(
    path: Path,
    origin: Origin,
    expected_hash: str | None,
    entries: list[ModelEntry],
    refused: list[DataError],
) -> None:
    try:
        manifest, digest = read_manifest(path)
        _check_hash(path, digest, expected_hash or digest)
    except BundleError as error:
        refused.append(error)
    else:
        entries.append(ModelEntry(path, manifest, digest, origin))


def _check_hash(path: Path, found: str, expected: str) -> None:
    if found != expected:
        raise BundleError(
            path,
            found=f"another bundle ({found[:12]}) than the one that was added ({expected[:12]})",
            expected="the bundle as it was when it was added",
            remedy="remove it, or add it again if you trust where the new one came from",
        )


def _unlisted(folder: Path, listed: set[str]) -> list[BundleError]:
    return [
        BundleError(
            path,
            found="a bundle that was never added",
            expected="only bundles that were checked when they were added",
            remedy="add it with add_model, or move it away",
        )
        for path in sorted(folder.glob(f"*{ZIP_SUFFIX}"))
        if path.name not in listed
    ]


def _user_folder() -> Path:
    return omniseg_home() / "models"


def _shipped_paths() -> list[Path]:
    folder = resources.files("omniseg_backend.bundles") / "shipped"
    return sorted(Path(str(folder)).glob(f"*{ZIP_SUFFIX}"))
