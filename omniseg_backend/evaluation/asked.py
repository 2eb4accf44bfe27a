"""What a measurement on a data set can be refused for before an image is read."""

from __future__ import annotations

from pathlib import Path

from omniseg_backend.bundles.manifest import Manifest
from omniseg_backend.bundles.store import read_manifest
from omniseg_backend.common.errors import DataError
from omniseg_backend.datasets.layouts import open_by_names
from omniseg_backend.datasets.records import Case, Dataset, Part
from omniseg_backend.evaluation.compare_settings import CompareSettings
from omniseg_backend.evaluation.settings import EvaluateSettings
from omniseg_backend.evaluation.shared_classes import match_classes, shared_classes
from omniseg_backend.images.modality import ModalityStatement
from omniseg_backend.preprocessing.fitness import refuse_other_channels, refuse_other_modality

_RESERVED: Part = "test"


def refuse_unmeasurable(settings: EvaluateSettings) -> None:
    """Refuse an evaluation that cannot begin, by names and the bundle's manifest.

    Raises:
        DataError: The data set cannot be opened or holds other classes or images than the
            bundle's, or the part is empty.
        BundleError: The bundle is none.
    """
    manifest, _ = read_manifest(settings.bundle)
    dataset = open_by_names(settings.dataset)
    if dataset is None:
        return
    labelled_cases(dataset, settings.split.value)
    match_classes(manifest, dataset.classes, dataset.name)
    _refuse_other_images(manifest, dataset)


def refuse_incomparable(settings: CompareSettings) -> None:
    """Refuse a comparison that cannot begin, by names and both manifests.

    Raises:
        DataError: The data set cannot be opened, has no reserved case or other images than the
            bundles', or the classes cannot be compared, or both bundles are one.
        BundleError: A bundle is none.
    """
    (old, old_hash), (new, new_hash) = map(read_manifest, (settings.old, settings.new))
    refuse_one_bundle_twice(Path(settings.new), old_hash, new_hash)
    dataset = open_by_names(settings.dataset)
    if dataset is None:
        return
    reserved_cases(dataset)
    shared_classes(old, new, dataset)
    for manifest in (old, new):
        _refuse_other_images(manifest, dataset)


def labelled_cases(dataset: Dataset, part: Part) -> tuple[Case, ...]:
    """The cases of a part to measure on.

    Raises:
        DataError: There is none.
    """
    cases = dataset.cases(part)
    if not cases:
        raise DataError(
            dataset.root,
            found=f"no labelled image in the part {part!r}",
            expected="images and masks to measure on",
            remedy="name another part (--split)",
        )
    return cases


def reserved_cases(dataset: Dataset) -> tuple[Case, ...]:
    """The cases to compare on.

    Raises:
        DataError: There is none.
    """
    cases = dataset.cases(_RESERVED)
    if not cases:
        raise DataError(
            dataset.root,
            found="no reserved case (imagesTs with labelsTs)",
            expected="cases that were never trained on",
            remedy="add more patients: every fifth new one is reserved",
        )
    return cases


def refuse_one_bundle_twice(new: Path, old_hash: str, new_hash: str) -> None:
    """Refuse to compare a bundle with itself.

    Args:
        new: The new bundle, for the message.
        old_hash: SHA-256 of the old one's manifest.
        new_hash: The same of the new one's.

    Raises:
        DataError: They are one.
    """
    if old_hash == new_hash:
        raise DataError(
            new,
            found=f"the same bundle twice ({new_hash[:12]})",
            expected="two different bundles",
            remedy="name the new bundle",
        )


def _refuse_other_images(manifest: Manifest, dataset: Dataset) -> None:
    wanted = manifest.preprocessing
    refuse_other_modality(
        dataset.name, ModalityStatement(dataset.modality, "user"), wanted.modality
    )
    # Grey may be stored as three equal colours, which only the pixels tell.
    if (len(dataset.channel_names), wanted.image_channels) != (3, 1):
        refuse_other_channels(dataset.name, dataset.channel_names, wanted.image_channels)
