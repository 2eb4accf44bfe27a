"""What a site data set holds, in the words of a panel."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.reading import reading_errors
from omniseg_backend.common.wording import counted

if TYPE_CHECKING:
    from omniseg_backend.datasets.problems import Problem

#: Problems that a panel lists; the command line lists all.
_MOST_PROBLEMS = 8
#: Fewer are warned of: with four, one is validated on and three are learnt from.
FEW_PATIENTS = 5
#: Fewer cases cannot be parted for training and validation (``datasets.splits.FEWEST_CASES``).
_FEWEST_CASES = 2
#: Fewer reserved ones allow no verdict (``evaluation.verdict.FEWEST_PATIENTS``).
ENOUGH_RESERVED = 6


@dataclasses.dataclass(frozen=True)
class SiteSummary:
    """A site data set at one moment.

    Attributes:
        folder: Where it lies.
        name: Its name for people.
        classes: Names of its classes, by value.
        modality: What its images are; None where nobody said.
        training_cases: Cases to learn from.
        reserved_cases: Cases kept for comparing.
        patients: Patients in all.
        reserved_patients: Of them, those kept for comparing.
        unstated: Cases of whose patient nothing is known.
    """

    folder: Path
    name: str
    classes: tuple[str, ...]
    modality: str | None
    training_cases: int
    reserved_cases: int
    patients: int
    reserved_patients: int
    unstated: int

    @classmethod
    def read(cls, folder: Path) -> SiteSummary:
        """Look into a data set's description.

        Raises:
            DataError: There is none, or it is damaged or of a newer OmniSeg.
        """
        from omniseg_backend.datasets.nnunet_json import FILE_NAME
        from omniseg_backend.datasets.site.document import read_document

        if not folder.exists():
            raise DataError(
                folder,
                found="no such folder",
                expected="a site data set",
                remedy="check the path, or tick open layers below to make one of them",
            )
        with reading_errors(folder, expected="a site data set"):
            described = (folder / FILE_NAME).exists()
        if not described:
            raise _no_site(folder)
        document = read_document(folder)
        cases = document.omniseg.cases.values()
        parts = document.patients.values()
        return cls(
            folder=folder,
            name=document.name,
            classes=document.classes.names,
            modality=document.omniseg.modality,
            training_cases=sum(case.part == "train" for case in cases),
            reserved_cases=sum(case.part == "test" for case in cases),
            patients=len(parts),
            reserved_patients=sum(part == "test" for part in parts),
            unstated=len(document.omniseg.unstated),
        )

    @property
    def sentence(self) -> str:
        """What is there."""
        kinds = f" Images: {self.modality}." if self.modality else ""
        return (
            f"{counted(self.training_cases, 'case')} to learn from and "
            f"{self.reserved_cases} reserved, of {counted(self.patients, 'patient')}. "
            f"Classes: {', '.join(self.classes)}.{kinds}"
        )

    @property
    def hindrance(self) -> str | None:
        """Why nothing can be trained on it, with the remedy; None if it can."""
        if self.training_cases >= _FEWEST_CASES:
            return None
        if self.training_cases:
            return (
                f"{self.folder.name} has one case to learn from, and training needs at least "
                f"{_FEWEST_CASES}, one to train on and one to validate on: accept more results in "
                "the Results panel, or add open layers below."
            )
        return (
            f"{self.folder.name} has no case to learn from: accept results in the Results panel, "
            "or add open layers below."
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should weigh before training."""
        found = []
        learnt_from = self.patients - self.reserved_patients
        if learnt_from < FEW_PATIENTS:
            found.append(
                f"Only {counted(learnt_from, 'patient')} to learn from: with fewer than "
                f"{FEW_PATIENTS} the result may be worse than what it started from."
            )
        if not self.reserved_patients:
            found.append(
                "No patient is reserved yet (every fifth new one is), so the new model cannot be "
                "compared with the one in use."
            )
        elif self.reserved_patients < ENOUGH_RESERVED:
            found.append(
                f"{counted(self.reserved_patients, 'reserved patient')}: a comparison needs "
                f"{ENOUGH_RESERVED} to say better or worse."
            )
        if self.unstated:
            found.append(
                f"The patient of {counted(self.unstated, 'case')} was not stated; each counts as "
                "a patient of its own."
            )
        return tuple(found)


def _no_site(path: Path) -> DataError:
    """What is said of a file, or of a folder that holds something else."""
    if path.is_file():
        return DataError(
            path,
            found="a file",
            expected="the folder of a site data set",
            remedy="choose the folder that holds its dataset.json",
        )
    return DataError(
        path,
        found="a folder that is no site data set: it has no dataset.json",
        expected="a site data set",
        remedy="choose another folder, or make one: tick open layers below, accept a result in the "
        "Results panel, or run `omniseg dataset create`",
    )


def problem_text(problems: Sequence[Problem]) -> str:
    """What is wrong with a data set, errors first, a line each."""
    if not problems:
        return "No problem found."
    errors = [problem for problem in problems if problem.severity == "error"]
    warnings = [problem for problem in problems if problem.severity != "error"]
    head = f"{counted(len(errors), 'error')}, {counted(len(warnings), 'warning')}:"
    lines = [f"• {problem.as_text()}" for problem in (*errors, *warnings)[:_MOST_PROBLEMS]]
    more = len(problems) - len(lines)
    rest = [f"and {more} more; `omniseg dataset check` lists all."] if more else []
    return "\n".join((head, *lines, *rest))
