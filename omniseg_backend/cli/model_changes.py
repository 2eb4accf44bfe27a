"""What the commands do that change which models there are and which is current."""

from __future__ import annotations

import re
from pathlib import Path

from omniseg_backend.bundles.container import ZIP_SUFFIX
from omniseg_backend.bundles.current import current_model, roll_back
from omniseg_backend.bundles.history import ModelEvent, read_history
from omniseg_backend.bundles.models import add_model, available_models, remove_model
from omniseg_backend.bundles.shelf import ModelEntry, user_folder
from omniseg_backend.bundles.store import load_bundle
from omniseg_backend.cli.model_documents import (
    EventReport,
    GroundsReport,
    ModelReference,
    ModelsAddDocument,
    ModelsHistoryDocument,
    ModelsRemoveDocument,
    PromoteDocument,
    RollbackDocument,
)
from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.evaluation.promotion import promote
from omniseg_backend.networks.architecture import Variant

#: So many digits of a manifest's hash name a model; `omniseg models` shows twelve.
_SHORTEST_HASH = 8


def added(path: Path) -> ModelsAddDocument:
    """List a bundle as a candidate.

    Raises:
        BundleError: It is damaged or unsafe.
        DataError: The user's folder cannot be written.
    """
    before = {entry.manifest_hash for entry in available_models() if entry.origin == "user"}
    entry = add_model(path)
    return ModelsAddDocument(model=reference(entry), listed_before=entry.manifest_hash in before)


def listed_as_candidate(path: Path) -> str:
    """List a bundle that was just trained, and say so; a list that cannot be written is no loss."""
    try:
        entry = add_model(path)
    except DataError as error:
        return f"The bundle is written, but could not be listed among your models: {error}"
    named = f"{entry.manifest.id} {entry.manifest.version} ({entry.manifest_hash[:12]})"
    return f"{named} is listed, {entry.status} for {entry.kind[0]}, {entry.kind[1]}."


def removed(name: str) -> ModelsRemoveDocument:
    """Remove one of the user's models.

    Raises:
        UsageError: There is none of this name, or it came with the software.
    """
    own = [entry for entry in available_models() if entry.origin == "user"]
    entry = _named(name, own, expected="the id or hash of a model that you added")
    remove_model(entry)
    current = current_model(*entry.kind)
    return ModelsRemoveDocument(
        removed=reference(entry), current=None if current is None else reference(current)
    )


def history(task: str | None, variant: Variant | None) -> ModelsHistoryDocument:
    """The events of all models, or of one task or variant.

    Raises:
        DataError: The history is damaged.
    """
    return ModelsHistoryDocument(
        events=tuple(
            _event(event)
            for event in read_history(user_folder())
            if task in (None, event.task) and variant in (None, event.variant)
        )
    )


def promoted(name: str, *, accept_uncertain: bool) -> PromoteDocument:
    """Make a bundle the current one; errors as in ``evaluation.promotion.promote``."""
    done = promote(load_bundle(_candidate_path(name)), accept_uncertain=accept_uncertain)
    grounds = _event(done.event).grounds
    return PromoteDocument(
        model=reference(done.model),
        replaced=None if done.replaced is None else reference(done.replaced),
        grounds=grounds or GroundsReport(comparison=None, verdict=None, confirmed=False),
    )


def rolled_back(task: str, variant: Variant) -> RollbackDocument:
    """Go back to the model before the current one; errors as in ``bundles.current.roll_back``."""
    done = roll_back(task, variant)
    return RollbackDocument(left=reference(done.left), restored=reference(done.restored))


def reference(entry: ModelEntry) -> ModelReference:
    """A model as the documents name it."""
    manifest = entry.manifest
    return ModelReference(
        id=manifest.id,
        version=manifest.version,
        task=manifest.task.id,
        variant=manifest.variant,
        manifest_hash=entry.manifest_hash,
        origin=entry.origin,
        status=entry.status,
        path=str(entry.path),
    )


def _candidate_path(name: str) -> Path:
    """A bundle's path, or the model of an id or hash: of one id, the candidate is meant."""
    path = Path(name)
    if path.exists() or path.suffix == ZIP_SUFFIX or len(path.parts) > 1:
        return path
    entries = sorted(available_models(), key=lambda entry: entry.status != "candidate")
    return _named(name, entries, expected="the path, id or hash of a bundle").path


def _named(name: str, entries: list[ModelEntry], *, expected: str) -> ModelEntry:
    """The model of an id, which must be one, or of the first digits of a hash."""
    by_hash = [e for e in entries if _is_hash(name) and e.manifest_hash.startswith(name)]
    if by_hash:
        return by_hash[0]
    by_id = [entry for entry in entries if entry.manifest.id == name]
    candidates = [entry for entry in by_id if entry.status == "candidate"] or by_id
    if len(candidates) == 1:
        return candidates[0]
    hashes = ", ".join(entry.manifest_hash[:12] for entry in candidates)
    known = ", ".join(sorted({entry.manifest.id for entry in entries})) or "none"
    raise UsageError(
        name,
        found=f"{len(candidates)} models of this id" if candidates else "no such model",
        expected=expected,
        remedy=f"name one by its hash: {hashes}" if candidates else f"choose one of: {known}",
    )


def _is_hash(name: str) -> bool:
    return re.fullmatch(rf"[0-9a-f]{{{_SHORTEST_HASH},64}}", name) is not None


def _event(event: ModelEvent) -> EventReport:
    grounds = event.grounds
    return EventReport(
        when=event.when,
        event=event.event,
        task=event.task,
        variant=event.variant,
        model=event.model,
        version=event.version,
        manifest_hash=event.manifest_hash,
        previous=event.previous,
        grounds=None
        if grounds is None
        else GroundsReport(
            comparison=grounds.comparison, verdict=grounds.verdict, confirmed=grounds.confirmed
        ),
    )
