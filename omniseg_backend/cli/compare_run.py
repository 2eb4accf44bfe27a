"""What ``omniseg compare`` does, up to its document."""

from __future__ import annotations

from pathlib import Path

from omniseg_backend.cli.bundle_choice import named_bundle
from omniseg_backend.cli.compare_documents import CompareDocument
from omniseg_backend.cli.terminal import Terminal
from omniseg_backend.common.atomic import atomic_path, refuse_existing, refuse_unwritable
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.evaluation.compare import compare
from omniseg_backend.evaluation.compare_files import comparison_warnings, write_comparison
from omniseg_backend.evaluation.compare_settings import CompareSettings
from omniseg_backend.evaluation.comparison import record_comparison


def run_compare(
    settings: CompareSettings, output: Path | None, terminal: Terminal, *, overwrite: bool
) -> CompareDocument:
    """Compare two bundles, record that, and write the folder that was asked for.

    Args:
        settings: What is compared.
        output: A new folder for the comparison and its pictures; None for none.
        terminal: Told how far it is, and asked whether to stop.
        overwrite: Whether an existing folder may be replaced.

    Raises:
        DataError: A bundle or the data set cannot be used, or the folder exists.
        UsageError: A bundle is neither a path nor an id.
        CancelledError: The user stopped it; nothing is recorded then.
    """
    if output is not None:
        refuse_existing(output, overwrite=overwrite)
        refuse_unwritable(output)
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
    warnings = (*dataset.warnings, *comparison_warnings(comparison))
    for warning in warnings:
        terminal.say(warning)
    pictures: tuple[str, ...] = ()
    if output is not None:
        with atomic_path(output) as folder:
            folder.mkdir()
            names = write_comparison(
                comparison,
                old,
                new,
                dataset,
                folder,
                pictures=settings.pictures,
                threads=settings.threads,
                progress=terminal.progress,
                cancel=terminal.cancel,
            )
            pictures = tuple(str(output / name) for name in names)
    recorded: Path = record_comparison(comparison)
    return CompareDocument(
        comparison=comparison, recorded=str(recorded), pictures=pictures, warnings=warnings
    )
