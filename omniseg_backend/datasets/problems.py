"""What is wrong with a data set, collected rather than met one by one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.wording import counted
from omniseg_backend.datasets.records import Dataset

#: ``layout``: a file is missing or superfluous. ``patients``: ``cases.csv`` is wrong, or a
#: patient is on both sides. ``file``: a file cannot be used by itself: damaged, NaN in it, a label
#: value that no class has. ``grid``: files that belong together lie on different grids.
#: ``channels``: an image has other channels than the rest. ``empty``: nothing to learn from.
#: ``duplicate``: one image twice. ``values``: images that show nothing, or a CT not in HU.
ProblemKind = Literal[
    "layout",
    "patients",
    "file",
    "grid",
    "channels",
    "empty",
    "duplicate",
    "values",
]


@dataclasses.dataclass(frozen=True)
class Problem:
    """One fault of a data set, in the four parts of every error of the project.

    Attributes:
        kind: What sort of fault.
        subject: The file, folder, patient or class concerned.
        found: What was found.
        expected: What was expected instead.
        remedy: What the user can do about it.
        severity: An ``error`` forbids training; a ``warning`` is to be read and weighed.
    """

    kind: ProblemKind
    subject: str
    found: str
    expected: str
    remedy: str
    severity: Literal["error", "warning"] = "error"

    @classmethod
    def from_error(cls, kind: ProblemKind, error: DataError) -> Problem:
        """The problem that an error reports."""
        return cls(kind, error.subject, error.found, error.expected, error.remedy)

    def as_text(self) -> str:
        """One sentence."""
        return f"{self.subject}: found {self.found}, expected {self.expected}; {self.remedy}."


class UnusableDatasetError(DataError):
    """A data set cannot be used; its sentence names the first problem and counts the rest.

    Attributes:
        problems: All problems that forbid its use.
        rest: The data set without the files concerned, where files are missing: what is wrong
            with the others can be looked for in it. None where they form none.
    """

    def __init__(self, problems: Sequence[Problem], rest: Dataset | None = None) -> None:
        self.problems = tuple(problems)
        self.rest = rest
        first, others = self.problems[0], len(self.problems) - 1
        more = f" (and {counted(others, 'more problem')} in the data set)"
        super().__init__(
            first.subject,
            found=first.found,
            expected=first.expected,
            remedy=first.remedy + (more if others else ""),
        )

    @property
    def details(self) -> tuple[str, ...]:
        """Every problem, where there are several."""
        return tuple(p.as_text() for p in self.problems) if len(self.problems) > 1 else ()


def raise_if_unusable(
    problems: Iterable[Problem], rest: Callable[[], Dataset] | None = None
) -> None:
    """Raise one error for all problems that forbid the use of a data set.

    Args:
        problems: Of the data set, warnings too.
        rest: Makes a data set of the files that the problems leave; asked if there is an error.

    Raises:
        UnusableDatasetError: There is a problem of severity ``error``.
    """
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise UnusableDatasetError(errors, None if rest is None else _rest(rest))


def _rest(make: Callable[[], Dataset]) -> Dataset | None:
    try:
        return make()
    except DataError:
        return None


def listed(names: Iterable[object], most: int = 5) -> str:
    """Names for a sentence: the first few, and how many more."""
    texts = [str(name) for name in names]
    if len(texts) <= most:
        return ", ".join(texts)
    return f"{', '.join(texts[:most])} and {len(texts) - most} more"
