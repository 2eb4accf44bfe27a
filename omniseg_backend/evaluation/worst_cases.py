"""Pictures of the cases on which the new bundle does worst: image, truth, old, new."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.progress import Cancel, Progress, check_cancel, no_progress
from omniseg_backend.common.provenance import NOTICE
from omniseg_backend.datasets.loading import load_record
from omniseg_backend.datasets.records import Case, Dataset, Record
from omniseg_backend.evaluation.compare import predicted
from omniseg_backend.evaluation.comparison import CaseComparison, Comparison
from omniseg_backend.evaluation.overlay import Panel, overlay
from omniseg_backend.evaluation.shared_classes import SharedClasses, shared_classes
from omniseg_backend.images.image import Image
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.metrics.overlap import dice

if TYPE_CHECKING:
    import PIL.Image

_Labels = NDArray[np.unsignedinteger]


@dataclasses.dataclass(frozen=True, eq=False)
class CasePicture:
    """One picture.

    Attributes:
        case: The case's name.
        file_name: A name for its file, with the rank in front: ``01-case.png``.
        picture: Four panels side by side.
    """

    case: str
    file_name: str
    picture: PIL.Image.Image


@dataclasses.dataclass(frozen=True, eq=False)
class _View:
    """One image of a case as truth and both bundles outline it."""

    image: Image
    truth: Segmentation
    old: _Labels
    new: _Labels


def worst_first(cases: Sequence[CaseComparison]) -> list[CaseComparison]:
    """Cases by the new bundle's Dice, the lowest first; of equals the larger loss first."""
    measured = [case for case in cases if case.new_dice is not None and case.old_dice is not None]
    return sorted(measured, key=lambda c: (c.new_dice, (c.new_dice or 0.0) - (c.old_dice or 0.0)))


def worst_cases(
    comparison: Comparison,
    old: Bundle,
    new: Bundle,
    dataset: Dataset,
    count: int,
    *,
    threads: int | None = None,
    progress: Progress = no_progress,
    cancel: Cancel | None = None,
) -> Iterator[CasePicture]:
    """Draw the worst cases of a comparison, one at a time.

    Of a case of several images, the one with the new bundle's lowest Dice is shown; of a volume,
    the slice that shows most of the truth.

    Args:
        comparison: Of these bundles on this data set.
        old: The bundle in use.
        new: The bundle that may replace it.
        dataset: Where the cases lie.
        count: At most so many.
        threads: Of the networks.
        progress: Told about every case.
        cancel: Looked at before every case.

    Raises:
        CancelledError: The user cancelled.
    """
    shared = shared_classes(old.manifest, new.manifest, dataset)
    cases = {case.name: case for case in dataset.cases("test")}
    chosen = worst_first(comparison.cases)[:count]
    for rank, measured in enumerate(chosen, start=1):
        check_cancel(cancel, "drawing the worst cases")
        progress(f"drawing case {rank} of {len(chosen)}", (rank - 1) / len(chosen))
        view = _worst_view(cases[measured.case], old, new, dataset, shared, threads)
        safe = re.sub(r"[^\w.-]+", "_", measured.case)
        yield CasePicture(
            measured.case, f"{rank:02d}-{safe}.png", _drawn(view, measured, comparison, shared)
        )


def _worst_view(
    case: Case,
    old: Bundle,
    new: Bundle,
    dataset: Dataset,
    shared: SharedClasses,
    threads: int | None,
) -> _View:
    def view(record: Record) -> _View:
        image, truth = load_record(record, dataset)
        return _View(
            image,
            truth,
            predicted(old, image, shared.old, threads),
            predicted(new, image, shared.new, threads),
        )

    return min(map(view, case.records), key=lambda one: _dice(one, shared))


def _dice(view: _View, shared: SharedClasses) -> float:
    values = [dice(view.truth.labels == value, view.new == value) for value in shared.table.values]
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else 1.0


def _drawn(
    view: _View, measured: CaseComparison, comparison: Comparison, shared: SharedClasses
) -> PIL.Image.Image:
    truth = np.where(np.isin(view.truth.labels[0], shared.table.values), view.truth.labels[0], 0)
    panels = [
        Panel("image", np.zeros_like(truth)),
        Panel("truth", truth),
        Panel(f"old, Dice of the case {measured.old_dice:.3f}", view.old[0]),
        Panel(f"new, Dice of the case {measured.new_dice:.3f}", view.new[0]),
    ]
    old, new = comparison.old, comparison.new
    return overlay(
        view.image,
        panels,
        shared.table,
        title=f"{measured.case}: {old.id} {old.version} and {new.id} {new.version}",
        warning=NOTICE,
    )
