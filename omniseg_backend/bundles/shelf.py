"""The models at hand, shipped and the user's own, and which of them is the current one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Literal

from omniseg_backend.bundles.card import ModelCard
from omniseg_backend.bundles.container import ZIP_SUFFIX
from omniseg_backend.bundles.history import HISTORY_NAME, ModelEvent, promoted, read_history
from omniseg_backend.bundles.manifest import Manifest
from omniseg_backend.bundles.model_list import LIST_NAME, read_list
from omniseg_backend.bundles.store import Bundle, load_bundle, read_card, read_manifest
from omniseg_backend.common.errors import BundleError, DataError
from omniseg_backend.common.home import omniseg_home
from omniseg_backend.networks.architecture import Variant

Origin = Literal["user", "shipped"]
#: ``current``: what is taken for its task and variant. ``previous``: promoted before the current
#: one, which gives way to it when damaged. ``shipped``: came with the software and is not the
#: current one. ``candidate``: the user's, not promoted.
Status = Literal["current", "previous", "shipped", "candidate"]
_ORDER: tuple[Status, ...] = ("current", "previous", "shipped", "candidate")


@dataclasses.dataclass(frozen=True)
class ModelEntry:
    """One model that can be chosen; its weights are not read yet.

    Attributes:
        path: The bundle.
        manifest: What it is.
        manifest_hash: SHA-256 of its manifest.
        origin: Whether the user added it or it came with the software.
        status: Its place among the models of its task and variant.
    """

    path: Path
    manifest: Manifest
    manifest_hash: str
    origin: Origin
    status: Status = "candidate"

    @property
    def kind(self) -> tuple[str, Variant]:
        """Task and variant: there is one current model of each kind."""
        return self.manifest.task.id, self.manifest.variant

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
        entries: Models that can be chosen; by task, then cheapest variant first; of one kind
            the current one first, then those that would take its place, then candidates, the
            last added before earlier ones.
        refused: Why each other bundle is not among them.
        notices: Where a promoted model cannot be used and another one is taken.
    """

    entries: tuple[ModelEntry, ...]
    refused: tuple[DataError, ...]
    notices: tuple[str, ...] = ()


def model_shelf() -> ModelShelf:
    """Look through the shipped models and the user's, reading manifests only."""
    entries: list[ModelEntry] = []
    refused: list[DataError] = []
    folder = user_folder()
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
    events: Sequence[ModelEvent] = ()
    try:
        events = read_history(folder)
    except DataError as error:
        refused.append(error)
    kinds = {entry.kind for entry in entries} | {(e.task, e.variant) for e in events}
    ranked: list[ModelEntry] = []
    notices: list[str] = []
    for task, variant in sorted(kinds, key=lambda kind: (kind[0], list(Variant).index(kind[1]))):
        stack = promoted(events, task, variant)
        members = [entry for entry in entries if entry.kind == (task, variant)]
        group = _ranked(members, stack)
        ranked += group
        notices += _notices(task, variant, stack, group, events)
    return ModelShelf(tuple(ranked), tuple(refused), tuple(notices))


def user_folder() -> Path:
    """Where the user's models, their list and their history lie; it need not exist yet."""
    return omniseg_home() / "models"


def shelf_stamp() -> tuple[tuple[int, int], ...]:
    """Something that is another when the user's models, their list or their history change.

    Costs three looks at the disk, so that a panel may compare it before every run: a model may be
    promoted meanwhile in another window, in another viewer or on the command line.

    Returns:
        Time of change in ns and size of the folder and its two files; -1 twice for what is missing.
    """
    folder = user_folder()
    return tuple(_changed(path) for path in (folder, folder / LIST_NAME, folder / HISTORY_NAME))


def _changed(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (-1, -1)
    return found.st_mtime_ns, found.st_size


def _ranked(members: Sequence[ModelEntry], stack: Sequence[str]) -> list[ModelEntry]:
    """The models of one kind with their status, in the order in which they would be taken."""
    places = {digest: place for place, digest in reversed(list(enumerate(stack)))}
    usable = [entry for entry in members if entry.manifest_hash in places]
    # The user's copy of a shipped model has its hash: one of the two is the current one.
    current = min(usable, key=lambda entry: places[entry.manifest_hash], default=None)
    if current is None:
        current = next((entry for entry in members if entry.origin == "shipped"), None)

    def status(entry: ModelEntry) -> Status:
        if entry is current:
            return "current"
        if entry.manifest_hash in places:
            return "previous"
        return "shipped" if entry.origin == "shipped" else "candidate"

    found = [dataclasses.replace(entry, status=status(entry)) for entry in members]
    return sorted(
        found,
        key=lambda e: (_ORDER.index(e.status), places.get(e.manifest_hash, len(places))),
    )


def _notices(
    task: str,
    variant: Variant,
    stack: Sequence[str],
    group: Sequence[ModelEntry],
    events: Sequence[ModelEvent],
) -> list[str]:
    if not stack or any(entry.manifest_hash == stack[0] for entry in group):
        return []
    lost = next(e for e in reversed(events) if e.manifest_hash == stack[0])
    taken = next((entry for entry in group if entry.status == "current"), None)
    instead = (
        f"{taken.manifest.id} {taken.manifest.version} ({taken.manifest_hash[:12]}) is taken"
        if taken
        else "no other was promoted"
    )
    return [
        f"the current model for {task}, {variant}, {lost.model} {lost.version} "
        f"({lost.manifest_hash[:12]}), is damaged or gone: {instead}"
    ]


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
            remedy="add it with `omniseg models add`, or move it away",
        )
        for path in sorted(folder.glob(f"*{ZIP_SUFFIX}"))
        if path.name not in listed
    ]


def _shipped_paths() -> list[Path]:
    folder = resources.files("omniseg_backend.bundles") / "shipped"
    return sorted(Path(str(folder)).glob(f"*{ZIP_SUFFIX}"))
