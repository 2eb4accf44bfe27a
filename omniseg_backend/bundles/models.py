"""Choosing among the models at hand, and adding to them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from omniseg_backend.bundles.container import ZIP_SUFFIX
from omniseg_backend.bundles.history import ModelEvent, append_event
from omniseg_backend.bundles.model_list import ListedModel, read_list, write_list
from omniseg_backend.bundles.shelf import ModelEntry, ModelShelf, model_shelf, user_folder
from omniseg_backend.bundles.store import Bundle, copy_bundle, load_bundle
from omniseg_backend.common.errors import BundleError, UsageError
from omniseg_backend.common.locking import exclusive
from omniseg_backend.common.provenance import now_utc
from omniseg_backend.images.modality import Modality
from omniseg_backend.networks.architecture import Variant

__all__ = [
    "ModelEntry",
    "ModelShelf",
    "add_model",
    "available_models",
    "find_models",
    "model",
    "model_shelf",
    "refuse_unknown",
    "remove_model",
    "take",
]

_log = logging.getLogger(__name__)

#: Hidden: beside the bundles of the user's folder.
LOCK_NAME = ".lock"


def available_models() -> tuple[ModelEntry, ...]:
    """The models that can be chosen, ordered as in ``ModelShelf``; the rest is logged."""
    shelf = model_shelf()
    for problem in shelf.refused:
        _log.warning("%s", problem)
    for notice in shelf.notices:
        _log.warning("%s", notice)
    return shelf.entries


def find_models(
    task: str | None = None,
    variant: Variant | str | None = None,
    modality: Modality | str | None = None,
) -> tuple[ModelEntry, ...]:
    """The models that fit everything that is stated, candidates too.

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


def model(task: str, variant: Variant | str | None = None) -> Bundle:
    """The current model for a task in a variant, by default in the cheapest that has one.

    A damaged one gives way to the one before it, with a notice in the log.

    Args:
        task: A task's id.
        variant: Which variant.

    Raises:
        UsageError: There is none; the sentence names what there is.
        BundleError: It is damaged, and so is all that could take its place.
    """
    entries = available_models()
    fitting = [e for e in entries if e.manifest.task.id == task]
    if variant is None:
        preferred = next((e for e in fitting if e.status == "current"), None) or next(
            iter(fitting), None
        )
        variant = None if preferred is None else preferred.manifest.variant
    chosen = [entry for entry in fitting if entry.manifest.variant == variant]
    if chosen:
        return take(chosen)
    raise _no_model(entries, task, variant)


def refuse_unknown(task: str, variant: Variant | str | None = None) -> None:
    """Refuse what ``model`` has no model for, without loading one.

    Raises:
        UsageError: There is none; the sentence names what there is.
    """
    entries = available_models()
    if not any(
        e.manifest.task.id == task and variant in (None, e.manifest.variant) for e in entries
    ):
        raise _no_model(entries, task, variant)


def _no_model(
    entries: Sequence[ModelEntry], task: str, variant: Variant | str | None
) -> UsageError:
    fitting = [e for e in entries if e.manifest.task.id == task]
    variants = sorted({entry.manifest.variant for entry in fitting})
    if variants:
        return UsageError(
            f"task {task}",
            found=f"no model of the variant {variant}",
            expected=f"one of: {', '.join(variants)}",
            remedy="choose one of these",
        )
    tasks = sorted({entry.manifest.task.id for entry in entries})
    return UsageError(
        f"task {task}",
        found="no model for it",
        expected=f"one of: {', '.join(tasks)}" if tasks else "a model, and there is none yet",
        remedy="choose one of these, or add a bundle" if tasks else "add a bundle",
    )


def take(entries: Sequence[ModelEntry]) -> Bundle:
    """Load the current one of the models of one kind, or else what takes its place.

    Where none was promoted and none is shipped, the candidate that was added last is taken, and
    the log says so: a candidate is never taken silently, nor in the place of another model.

    Args:
        entries: At least one, in the order of ``ModelShelf``.

    Raises:
        BundleError: None of them can be loaded.
    """
    line = [entry for entry in entries if entry.status != "candidate"]
    if not line:
        named = entries[0].manifest
        _log.warning(
            "%s %s is a candidate: it was compared with no other model and never promoted; "
            "`omniseg promote` makes it the current one",
            named.id,
            named.version,
        )
        return entries[0].load()
    problems: list[BundleError] = []
    for entry in line:
        try:
            bundle = entry.load()
        except BundleError as error:
            problems.append(error)
            continue
        for problem in problems:
            _log.warning(
                "%s %s (%s) is taken instead: %s",
                entry.manifest.id,
                entry.manifest.version,
                entry.manifest_hash[:12],
                problem,
            )
        return bundle
    raise problems[0]


def add_model(path: Path | str) -> ModelEntry:
    """Check a bundle, copy it among the user's models and remember its hash.

    It is a candidate then. Adding the same bundle again makes it the last added, which is no
    event of its history.

    Args:
        path: A bundle; where it lies does not matter afterwards.

    Raises:
        BundleError: It is damaged or unsafe.
        DataError: The user's folder cannot be written, or its list is damaged.
    """
    bundle = load_bundle(path)
    folder = user_folder()
    manifest, digest = bundle.manifest, bundle.manifest_hash
    # Several versions of one model may stand side by side.
    file = f"{manifest.id}-{manifest.version}-{digest[:12]}{ZIP_SUFFIX}"
    with exclusive(folder / LOCK_NAME):
        before = read_list(folder)
        others = [listed for listed in before if listed.file != file]
        copy_bundle(bundle, folder / file, overwrite=True)
        write_list(folder, [*others, ListedModel(file=file, manifest_hash=digest, added=now_utc())])
        if len(others) == len(before):
            append_event(folder, ModelEvent.of("added", manifest, digest))
    return next(entry for entry in model_shelf().entries if entry.path == folder / file)


def remove_model(entry: ModelEntry) -> None:
    """Take one of the user's models off the list and off the disk.

    If it was the current one, the one before it is again.

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
    folder = user_folder()
    with exclusive(folder / LOCK_NAME):
        listed = read_list(folder)
        # First, so that adding the bundle again never makes it current unasked.
        append_event(folder, ModelEvent.of("removed", entry.manifest, entry.manifest_hash))
        write_list(folder, [m for m in listed if m.file != entry.path.name])
        entry.path.unlink(missing_ok=True)
