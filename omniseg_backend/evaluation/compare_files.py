"""A comparison with its files: the document and pictures of the worst cases."""

from __future__ import annotations

from pathlib import Path

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.atomic import write_text_atomic
from omniseg_backend.common.progress import Cancel, Progress, no_progress
from omniseg_backend.datasets.problems import listed
from omniseg_backend.datasets.records import Dataset
from omniseg_backend.evaluation.comparison import Comparison, comparison_text
from omniseg_backend.evaluation.worst_cases import worst_cases

COMPARISON_NAME = "comparison.json"


def write_comparison(
    comparison: Comparison,
    old: Bundle,
    new: Bundle,
    dataset: Dataset,
    folder: Path,
    *,
    pictures: int,
    threads: int | None = None,
    progress: Progress = no_progress,
    cancel: Cancel | None = None,
) -> tuple[str, ...]:
    """Write what a comparison found, and pictures of the cases the new bundle does worst on.

    Args:
        comparison: What was found.
        old: The bundle in use.
        new: The bundle that may replace it.
        dataset: What they were compared on.
        folder: Where to; it exists.
        pictures: How many cases are drawn at most.
        threads: Of the networks; all that the process may use if nothing is said.
        progress: Told how far it is.
        cancel: Looked at between cases.

    Returns:
        Names of the pictures, the worst first.

    Raises:
        DataError: A file cannot be written.
        CancelledError: The user stopped it.
    """
    names = []
    for drawn in worst_cases(
        comparison,
        old,
        new,
        dataset,
        pictures,
        threads=threads,
        progress=progress,
        cancel=cancel,
    ):
        drawn.picture.save(folder / drawn.file_name)
        names.append(drawn.file_name)
    write_text_atomic(folder / COMPARISON_NAME, comparison_text(comparison))
    return tuple(names)


def comparison_warnings(comparison: Comparison) -> tuple[str, ...]:
    """What the reader of a comparison must know besides its figures."""
    found = []
    if comparison.trained_on:
        found.append(
            f"trained or validated on: {listed(comparison.trained_on)}; this comparison allows no "
            "promotion"
        )
    if comparison.only_old:
        found.append(f"classes that the new bundle no longer has: {listed(comparison.only_old)}")
    if comparison.only_new:
        found.append(f"classes that only the new bundle has: {listed(comparison.only_new)}")
    return tuple(found)
