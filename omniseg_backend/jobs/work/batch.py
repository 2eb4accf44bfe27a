"""The work of a ``batch`` job: masks, table and page in the folder that the settings name.

They are put there as they are made, not at the end: what is done there is what a job that goes on
leaves out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from omniseg_backend.common.atomic import write_text_atomic
from omniseg_backend.inference.batch.outcome import Outcome
from omniseg_backend.inference.batch.run import run_batch
from omniseg_backend.jobs.context import JobContext
from omniseg_backend.jobs.kinds.batch import BatchSpec


def run(spec: BatchSpec, context: JobContext) -> Mapping[str, Path]:
    """Segment what is not done yet; an image that fails is a warning."""

    def tell(outcome: Outcome) -> None:
        if outcome.error is not None:
            told = str(outcome.error)
            context.warn(told if outcome.label in told else f"{outcome.label}: {told}")

    result = run_batch(
        spec.settings,
        overwrite=spec.overwrite,
        on_outcome=tell,
        progress=context.progress,
        cancel=context.cancel,
    )
    told = {
        "segmented": result.segmented,
        "done_before": result.before,
        "failed": result.failed,
        "table": str(result.table),
        "page": str(result.page),
    }
    name = spec.output.name if spec.output else spec.default_output
    write_text_atomic(context.partial / name, json.dumps(told, indent=2) + "\n")
    return {} if spec.output is None else {name: spec.output}
