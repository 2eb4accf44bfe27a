"""The work of a ``segment`` job: one image, one model, one mask."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from omniseg_backend.common.atomic import write_text_atomic
from omniseg_backend.inference.report import segment_report
from omniseg_backend.inference.segment_file import segment_file
from omniseg_backend.jobs.context import JobContext
from omniseg_backend.jobs.kinds.segment import SegmentSpec


def run(spec: SegmentSpec, context: JobContext) -> Mapping[str, Path]:
    """Segment, write mask, uncertainty map and ``report.json``."""
    wanted = spec.settings.uncertainty
    output = context.partial / (spec.output.name if spec.output else spec.default_output)
    result, bundle, written = segment_file(
        spec.settings,
        output,
        map_file=None if wanted is None else context.partial / wanted.name,
        progress=context.progress,
        cancel=context.cancel,
        warn=context.warn,
    )
    report = segment_report(result, bundle)
    write_text_atomic(context.partial / "report.json", report.model_dump_json(indent=2) + "\n")
    outputs = {}
    for path in written:
        if wanted is not None and path.name == wanted.name:
            outputs[path.name] = wanted
        elif spec.output is not None:
            outputs[path.name] = spec.output.with_name(path.name)
    return outputs
