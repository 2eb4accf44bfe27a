"""Figures that a benchmark of another distribution or front end brings back."""

from __future__ import annotations

import dataclasses
from typing import Protocol

from omniseg_backend.common.progress import Cancel, Progress


@dataclasses.dataclass(frozen=True)
class Figure:
    """One thing that was measured.

    Attributes:
        name: What, for people.
        milliseconds: How long: the median where it was repeated; None where it was not measured.
        worst: The longest of the repetitions.
        repetitions: How often it was measured.
        limit: What it must stay below; None for what is told for comparison.
        remark: Why it was not measured, or under what conditions it was.
    """

    name: str
    milliseconds: float | None
    worst: float | None
    repetitions: int
    limit: float | None
    remark: str = ""


class Benchmark(Protocol):
    """What an entry point of the group ``omniseg.benchmarks`` names."""

    def __call__(self, *, progress: Progress, cancel: Cancel | None) -> tuple[Figure, ...]:
        """Measure; may open windows."""
