"""The work of a ``compare`` job: a folder with the comparison, which is also recorded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from omniseg_backend.bundles.store import load_bundle
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.evaluation.compare import compare
from omniseg_backend.evaluation.compare_files import comparison_warnings, write_comparison
from omniseg_backend.evaluation.comparison import record_comparison
from omniseg_backend.jobs.context import JobContext
from omniseg_backend.jobs.kinds.compare import CompareSpec


def run(spec: CompareSpec, context: JobContext) -> Mapping[str, Path]:
    """Compare, draw the worst cases, and record the comparison for `omniseg promote`."""
    settings = spec.settings
    old, new = load_bundle(Path(settings.old)), load_bundle(Path(settings.new))
    dataset = open_dataset(settings.dataset)
    found = compare(
        old,
        new,
        dataset,
        threads=settings.threads,
        progress=context.progress,
        cancel=context.cancel,
    )
    for warning in (*dataset.warnings, *comparison_warnings(found)):
        context.warn(warning)
    for group in ("old", "new"):
        values = {entry.name: getattr(entry, f"{group}_dice") for entry in found.classes}
        context.metric(f"Dice, {group}", 0, values)
    name = spec.output.name if spec.output else spec.default_output
    folder = context.partial / name
    folder.mkdir()
    write_comparison(
        found,
        old,
        new,
        dataset,
        folder,
        pictures=settings.pictures,
        threads=settings.threads,
        progress=context.progress,
        cancel=context.cancel,
    )
    record_comparison(found)
    return {} if spec.output is None else {name: spec.output}
