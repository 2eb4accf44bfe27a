"""What ``omniseg compare`` does, up to its document."""

from __future__ import annotations

from pathlib import Path

from omniseg_backend.cli.bundle_choice import named_bundle
from omniseg_backend.cli.compare_documents import CompareDocument
from omniseg_backend.cli.terminal import Terminal
from omniseg_backend.common.atomic import (
    atomic_path,
    refuse_existing,
    refuse_unwritable,
    write_text_atomic,
)
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.datasets.problems import listed
from omniseg_backend.evaluation.compare import compare
from omniseg_backend.evaluation.compare_settings import CompareSettings
from omniseg_backend.evaluation.comparison import Comparison, comparison_text, record_comparison
from omniseg_backend.evaluation.worst_cases import worst_cases

COMPARISON_NAME = "comparison.json"


def run_compare(
    settings: CompareSettings, terminal: Terminal, *, overwrite: bool
) -> CompareDocument:
    """Compare two bundles, record that, and write the folder that was asked for.

    Raises:
        DataError: A bundle or the data set cannot be used, or the folder exists.
        UsageError: A bundle is neither a path nor an id.
        CancelledError: The user stopped it; nothing is recorded then.
    """
    if settings.output is not None:
        refuse_existing(settings.output, overwrite=overwrite)
        refuse_unwritable(settings.output)
    old, new = named_bundle(settings.old), named_bundle(settings.new)
    dataset = open_dataset(settings.dataset)
    comparison = compare(
        old,
        new,
        dataset,
        threads=settings.threads,
        progress=terminal.progress,
        cancel=terminal.cancel,
    )
    warnings = (*dataset.warnings, *_warnings(comparison))
    for warning in warnings:
        terminal.say(warning)
    pictures: list[str] = []
    if settings.output is not None:
        with atomic_path(settings.output) as folder:
            folder.mkdir()
            for drawn in worst_cases(
                comparison,
                old,
                new,
                dataset,
                settings.pictures,
                threads=settings.threads,
                progress=terminal.progress,
                cancel=terminal.cancel,
            ):
                drawn.picture.save(folder / drawn.file_name)
                pictures.append(str(settings.output / drawn.file_name))
            write_text_atomic(folder / COMPARISON_NAME, comparison_text(comparison))
    recorded: Path = record_comparison(comparison)
    return CompareDocument(
        comparison=comparison,
        recorded=str(recorded),
        pictures=tuple(pictures),
        warnings=warnings,
    )


def _warnings(comparison: Comparison) -> list[str]:
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
    return found
