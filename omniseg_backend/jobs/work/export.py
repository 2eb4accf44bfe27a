"""The work of an ``export`` job: a bundle of a run's best state so far."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from omniseg_backend.jobs.context import JobContext
from omniseg_backend.jobs.kinds.export import ExportSpec
from omniseg_backend.training.export_run import export_run


def run(spec: ExportSpec, context: JobContext) -> Mapping[str, Path]:
    """Export into ``result``."""
    name = spec.output.name if spec.output else spec.default_output
    export_run(
        spec.settings, context.partial / name, progress=context.progress, cancel=context.cancel
    )
    return {} if spec.output is None else {name: spec.output}
