"""A comparison of two models as the panel shows it: a verdict, a table, pictures."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from omniseg_backend.common.errors import DataError

if TYPE_CHECKING:
    from omniseg_backend.evaluation.comparison import ClassComparison, Comparison
    from omniseg_backend.jobs.folder import JobFolder

#: Where there is no figure.
_NOTHING = "-"


@dataclasses.dataclass(frozen=True)
class ClassRow:
    """One class of the table, in words.

    Attributes:
        name: The class.
        old: Mean Dice of the old model.
        new: Mean Dice of the new one.
        difference: Of the patients' means.
        interval: 95 % interval of the difference.
        missed: Cases in which each missed it: ``3 → 1``.
        invented: Cases in which each found it where it is not.
    """

    name: str
    old: str
    new: str
    difference: str
    interval: str
    missed: str
    invented: str


@dataclasses.dataclass(frozen=True)
class Compared:
    """What a comparison found.

    Attributes:
        verdict: ``better``, ``worse`` or ``too few to tell``.
        sentence: The verdict with its figures, for people.
        remarks: What else must be known before promoting.
        rows: One per class.
        pictures: Of the cases on which the new model does worst, the worst first.
        old_hash: SHA-256 of the old model's manifest.
    """

    verdict: str
    sentence: str
    remarks: tuple[str, ...]
    rows: tuple[ClassRow, ...]
    pictures: tuple[Path, ...]
    old_hash: str

    @property
    def uncertain(self) -> bool:
        """Whether a promotion must be insisted on."""
        return self.verdict == "too few to tell"

    @classmethod
    def of_job(cls, job: JobFolder) -> Compared:
        """Read what a finished comparison made.

        Raises:
            DataError: The comparison is gone, damaged or of a newer OmniSeg.
        """
        import pydantic

        from omniseg_backend.evaluation.comparison import Comparison

        document = next(iter(job.result.glob("*/comparison.json")), None)
        try:
            if document is None:
                raise FileNotFoundError
            comparison = Comparison.model_validate_json(document.read_bytes())
        except (OSError, pydantic.ValidationError) as error:
            raise DataError(
                job.result,
                found="a comparison that is gone, damaged or of a newer OmniSeg",
                expected="the comparison that the job made",
                remedy="compare again",
            ) from error
        return cls.of(comparison, tuple(sorted(document.parent.glob("*.png"))))

    @classmethod
    def of(cls, comparison: Comparison, pictures: tuple[Path, ...] = ()) -> Compared:
        """Put a comparison into words."""
        from omniseg_backend.evaluation.compare_files import comparison_warnings

        return cls(
            verdict=comparison.verdict,
            sentence=_sentence(comparison),
            remarks=tuple(_sentence_case(one) for one in comparison_warnings(comparison)),
            rows=tuple(_row(entry) for entry in comparison.classes),
            pictures=pictures,
            old_hash=comparison.old.manifest_hash,
        )


def _sentence(comparison: Comparison) -> str:
    from omniseg_backend.common.wording import counted
    from omniseg_backend.evaluation.verdict import why

    overall = comparison.overall
    word = comparison.verdict.capitalize()
    return (
        f"{word}: the mean Dice changes by {overall.as_text()} on "
        f"{counted(overall.patients, 'reserved patient')}, {_dice(comparison.old_dice)} → "
        f"{_dice(comparison.new_dice)}; {why(overall)}."
    )


def _row(entry: ClassComparison) -> ClassRow:
    change = entry.dice
    known = change.low is not None and change.high is not None
    return ClassRow(
        name=entry.name,
        old=_dice(entry.old_dice),
        new=_dice(entry.new_dice),
        difference=_NOTHING if change.mean is None else f"{change.mean:+.3f}",
        interval=f"{change.low:+.2f} to {change.high:+.2f}" if known else _NOTHING,
        missed=f"{entry.old_missed} → {entry.new_missed}",
        invented=f"{entry.old_invented} → {entry.new_invented}",
    )


def _dice(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:.3f}"


def _sentence_case(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
