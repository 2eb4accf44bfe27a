"""What a training run can be refused for before an image is read."""

from __future__ import annotations

from omniseg_backend.bundles.store import read_manifest
from omniseg_backend.common.errors import UsageError
from omniseg_backend.datasets.layouts import open_by_names
from omniseg_backend.datasets.records import Dataset
from omniseg_backend.datasets.splits import FoldChoice, Split, split_records
from omniseg_backend.images.modality import Modality
from omniseg_backend.training.fine_tuning import refuse_other_variant, taken_over
from omniseg_backend.training.settings import TrainingSettings


def refuse_unlearnable(settings: TrainingSettings) -> None:
    """Refuse a run that cannot begin, by names and the manifest of the bundle to start from.

    Raises:
        DataError: A data set has no known layout or lacks files, or fewer than two cases can be
            trained on.
        BundleError: The bundle to start from is none.
        UsageError: The modality is unknown, the fold does not exist, or the bundle is of another
            variant.
    """
    manifest = None
    if settings.initial_bundle is not None:
        manifest, _ = read_manifest(settings.initial_bundle)
        refuse_other_variant(settings, manifest)
    for folder in settings.negatives:
        open_by_names(folder)
    dataset = open_by_names(settings.dataset)
    if dataset is None:
        return
    if manifest is not None:
        settings = taken_over(settings, dataset, manifest)
    modality_of(dataset, settings)
    split_of(dataset, settings)


def modality_of(dataset: Dataset, settings: TrainingSettings) -> Modality:
    """What the images are, by the settings or else the data set.

    Raises:
        UsageError: Neither says it.
    """
    modality = settings.modality or dataset.modality
    if modality is None:
        raise UsageError(
            dataset.root,
            found="no modality stated by the data set",
            expected=f"one of {', '.join(Modality)}",
            remedy="name it as the run's modality (--modality)",
        )
    return modality


def split_of(dataset: Dataset, settings: TrainingSettings) -> Split:
    """Which records train and which validate.

    Raises:
        DataError: There are fewer than two training cases.
        UsageError: The fold does not exist because there are too few patients or cases.
    """
    fold = FoldChoice.parse(settings.fold) if settings.fold else None
    return split_records(dataset, fold, settings.seed)
