"""The work of an ``evaluate`` job: a bundle on a part of a labelled data set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter

from omniseg_backend.bundles.store import load_bundle
from omniseg_backend.common.atomic import write_bytes_atomic, write_text_atomic
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.evaluation.case_table import rows_as_csv
from omniseg_backend.evaluation.evaluate import BundleEvaluation, evaluate_bundle
from omniseg_backend.jobs.context import JobContext
from omniseg_backend.jobs.kinds.evaluate import EvaluateSpec


def run(spec: EvaluateSpec, context: JobContext) -> Mapping[str, Path]:
    """Evaluate, write ``evaluation.json`` and a table with a row per case and class."""
    settings = spec.settings
    dataset = open_dataset(settings.dataset)
    for warning in dataset.warnings:
        context.warn(warning)
    found = evaluate_bundle(
        load_bundle(Path(settings.bundle)),
        dataset,
        settings.split.value,
        threads=settings.threads,
        progress=context.progress,
        cancel=context.cancel,
    )
    told = TypeAdapter(BundleEvaluation).dump_json(found, indent=2)
    write_bytes_atomic(context.partial / "evaluation.json", told + b"\n")
    means = {one.name: one.dice.mean if one.dice else None for one in found.score.classes}
    context.metric("Dice", 0, {"mean": found.score.mean_dice, **means})
    name = spec.output.name if spec.output else spec.default_output
    write_text_atomic(context.partial / name, rows_as_csv(found.cases))
    return {} if spec.output is None else {name: spec.output}
