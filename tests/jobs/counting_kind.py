"""A kind of job that another distribution brings; copied beside its entry point by the tests.

It counts to ``steps`` and keeps the count in its checkpoint. Each number is hashed onto the one
before, so that the result tells whether a resumed job left out or repeated any.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from omniseg_backend.common.atomic import write_text_atomic
from omniseg_backend.common.errors import DataError
from omniseg_backend.common.progress import check_cancel
from omniseg_backend.common.settings import Settings
from omniseg_backend.jobs.context import JobContext
from omniseg_backend.jobs.spec import JobSpec


class CountingSettings(Settings):
    """How to count."""

    steps: Annotated[int, Field(ge=1, le=10_000)] = 5
    """How far."""
    gate: Path | None = None
    """Before each step wait for the file of this name with the step's number."""
    heeds: bool = True
    """Whether a request to stop is looked at."""
    family: bool = False
    """Whether to start a process that would live for ever."""
    ends: Literal["well", "bad-data", "by-accident"] = "well"
    """How."""


class CountingSpec(JobSpec):
    """Count."""

    work: ClassVar[str] = "counting_kind:run"
    summary: ClassVar[str] = "Count."
    default_output: ClassVar[str] = "count.json"

    kind: Literal["counting"] = "counting"
    settings: CountingSettings
    """How to count."""

    @property
    def is_heavy(self) -> bool:
        return "light" not in self.title


def run(spec: CountingSpec, context: JobContext) -> Mapping[str, Path]:
    settings = spec.settings
    kept = context.checkpoints / "count.json"
    step, digest = json.loads(kept.read_text()) if kept.exists() else (0, "")
    if settings.family:
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        write_text_atomic(context.checkpoints / "child", str(child.pid))
    while step < settings.steps:
        wait_for_gate(settings, step + 1, context)
        step += 1
        digest = hashlib.sha256(f"{digest}{step}".encode()).hexdigest()
        write_text_atomic(kept, json.dumps([step, digest]))
        context.metric("count", step, {"step": float(step)})
        context.progress(f"counting, {step} of {settings.steps}", step / settings.steps)
    if settings.ends == "bad-data":
        raise DataError("the count", found="an even number", expected="an odd one", remedy="add 1")
    if settings.ends == "by-accident":
        raise ZeroDivisionError("nobody foresaw this")
    (context.partial / "count.json").write_text(json.dumps([step, digest]))
    return {} if spec.output is None else {"count.json": spec.output}


def wait_for_gate(settings: CountingSettings, step: int, context: JobContext) -> None:
    while True:
        if settings.heeds:
            check_cancel(context.cancel, "counting")
        if settings.gate is None or settings.gate.with_name(f"gate-{step}").exists():
            return
        time.sleep(0.01)
