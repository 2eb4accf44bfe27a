"""How an item of a batch ended, and the batch."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from omniseg_backend.common.errors import OmniSegError
from omniseg_backend.inference.batch.record import ItemRecord, Question


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One item.

    Attributes:
        label: The item's.
        record: What was found; None where it failed.
        error: Why it failed; None where it did not.
        before: Whether an earlier run had done it.
    """

    label: str
    record: ItemRecord | None = None
    error: OmniSegError | None = None
    before: bool = False


@dataclasses.dataclass(frozen=True)
class BatchResult:
    """A batch that ran to its end.

    Attributes:
        outcomes: By label.
        question: What was asked.
        table: The CSV.
        page: The HTML.
        seconds: Wall time.
    """

    outcomes: tuple[Outcome, ...]
    question: Question
    table: Path
    page: Path
    seconds: float

    @property
    def failed(self) -> int:
        """How many could not be segmented."""
        return sum(outcome.error is not None for outcome in self.outcomes)

    @property
    def before(self) -> int:
        """How many an earlier run had done."""
        return sum(outcome.before for outcome in self.outcomes)

    @property
    def segmented(self) -> int:
        """How many were segmented now."""
        return len(self.outcomes) - self.failed - self.before
