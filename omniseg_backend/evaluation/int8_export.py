"""Giving a bundle that was trained without them its activation ranges."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from omniseg_backend.bundles.card_text import card_members
from omniseg_backend.bundles.manifest import ManifestDraft
from omniseg_backend.bundles.store import Bundle, write_bundle
from omniseg_backend.common.atomic import refuse_existing
from omniseg_backend.common.errors import DataError
from omniseg_backend.common.hashing import sha256_case, sha256_voxels
from omniseg_backend.common.progress import Cancel, Progress, check_cancel, no_progress
from omniseg_backend.common.wording import counted
from omniseg_backend.datasets.loading import load_image
from omniseg_backend.datasets.records import Dataset, Record
from omniseg_backend.evaluation.int8_measurement import measure_int8


def export_with_int8(
    bundle: Bundle,
    dataset: Dataset,
    target: Path,
    *,
    overwrite: bool = False,
    threads: int | None = None,
    progress: Progress = no_progress,
    cancel: Cancel | None = None,
) -> Bundle:
    """Write a bundle again with ranges and Dice of 8-bit arithmetic.

    Weights, figures and version stay; the card's text is written anew.

    Which cases trained and which validated is known from the hashes in the manifest.

    Args:
        bundle: The trained model.
        dataset: The data set that it was trained on.
        target: A folder, or a file that ends in ``.omniseg``.
        overwrite: Whether ``target`` may be replaced.
        threads: Of the network.
        progress: Told about every case.
        cancel: Looked at between cases.

    Raises:
        DataError: The data set does not hold training and validation cases of the bundle, or
            ``target`` exists.
        BundleError: The network has no 8-bit form.
        CancelledError: The user cancelled.
    """
    refuse_existing(target, overwrite=overwrite)
    training = bundle.manifest.training
    train = _cases_with(training.train_hashes, dataset, progress, cancel)
    validation = _cases_with(training.validation_hashes, dataset, progress, cancel)
    if not train or not validation:
        raise DataError(
            dataset.root,
            found=f"{counted(len(train), 'image')} that {bundle.manifest.id} was trained on and "
            f"{len(validation)} that it was validated on",
            expected="images of both kinds",
            remedy="name the data set that the model was trained on",
        )
    record = measure_int8(
        bundle, dataset, train, validation, threads=threads, progress=progress, cancel=cancel
    )
    known = bundle.manifest.model_dump(exclude={"members", "int8"})
    draft = ManifestDraft.model_validate({**known, "int8": record})
    members = {**bundle.members, **card_members(bundle.card, draft)}
    return write_bundle(target, draft, members, overwrite=overwrite)


def _cases_with(
    hashes: Sequence[str], dataset: Dataset, progress: Progress, cancel: Cancel | None
) -> list[Record]:
    """The records of the cases whose voxels have one of these hashes."""
    found: list[Record] = []
    cases = dataset.cases("train")
    for place, case in enumerate(cases):
        check_cancel(cancel, "reading the data set")
        progress(f"reading case {place + 1} of {len(cases)}", place / len(cases))
        voxels = [sha256_voxels(load_image(record, dataset).array) for record in case.records]
        if sha256_case(voxels) in hashes:
            found += case.records
    return found
