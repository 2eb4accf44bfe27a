"""``cases.csv``: which case and which patient each file belongs to.

Nothing is ever guessed from a file's name: without ``cases.csv`` each file is a case and a
patient of its own, and the data set says so.
"""

from __future__ import annotations

import csv
import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from omniseg_backend.common.errors import DataError
from omniseg_backend.datasets.problems import Problem, listed, raise_if_unusable

FILE_NAME = "cases.csv"
COLUMNS = ("file", "case", "patient", "slice")


@dataclasses.dataclass(frozen=True)
class CaseRow:
    """One row of ``cases.csv``; ``slice`` is None where the file is a whole case."""

    file: str
    case: str
    patient: str
    slice: int | None


def case_rows(
    folder: Path, files: Sequence[str], is_unlisted: Callable[[str], bool] = lambda _name: False
) -> dict[str, CaseRow] | None:
    """The rows of a data set's ``cases.csv`` by file, or None where there is no such file.

    Args:
        folder: The data set's folder.
        files: The names of all images of the data set, as ``cases.csv`` should have them.
        is_unlisted: Whether a name is that of an image beside them, whose row is passed over.
            Asked after the table was read: a writer may be adding such an image and its row now.

    Raises:
        DataError: The file cannot be read, or its rows and ``files`` are not one to one, or
            the slices of a case cannot be put in order.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        return None
    named = set(files)
    rows = [row for row in read_cases_csv(path) if row.file in named or not is_unlisted(row.file)]
    raise_if_unusable([*_coverage_problems(path, rows, files), *_case_problems(path, rows)])
    return {row.file: row for row in rows}


def own_case(file: str) -> CaseRow:
    """The row of a file about which nothing is stated: a case and a patient of its own."""
    return CaseRow(file, file, file, None)


def no_cases_warning(folder: Path, count: int) -> str:
    """What a data set without ``cases.csv`` has to say."""
    return (
        f"{folder.name} has no {FILE_NAME}: each file ({count} in all) counts as a case and a "
        "patient of its own, so pictures of one patient may lie on both sides of a split"
    )


def read_cases_csv(path: Path) -> tuple[CaseRow, ...]:
    """Read ``cases.csv``; the header is exactly ``file,case,patient,slice``.

    Raises:
        DataError: The file cannot be read; the sentence names every line that is wrong.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines = list(csv.reader(stream, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            path,
            found=f"a file that cannot be read as a table ({error})",
            expected="comma-separated text in UTF-8",
            remedy="save it as CSV UTF-8 with commas",
        ) from error
    if not lines or tuple(lines[0]) != COLUMNS:
        raise DataError(
            path,
            found=f"the header {','.join(lines[0])!r}" if lines else "an empty file",
            expected=f"the header {','.join(COLUMNS)!r}",
            remedy="name these four columns in this order, separated by commas",
        )
    rows = {number: _row(cells) for number, cells in enumerate(lines[1:], start=2) if cells}
    wrong = [number for number, row in rows.items() if row is None]
    if wrong:
        raise DataError(
            path,
            found=f"rows that cannot be used in line {listed(wrong)}",
            expected="a file, a case, a patient and a slice (a whole number or nothing)",
            remedy="correct these lines",
        )
    return tuple(row for row in rows.values() if row is not None)


def _row(cells: list[str]) -> CaseRow | None:
    if len(cells) != len(COLUMNS):
        return None
    file, case, patient, number = (cell.strip() for cell in cells)
    if not (file and case and patient) or not (number == "" or number.isdecimal()):
        return None
    return CaseRow(file, case, patient, int(number) if number else None)


def _coverage_problems(path: Path, rows: Sequence[CaseRow], files: Sequence[str]) -> list[Problem]:
    counts = Counter(row.file for row in rows)
    found = []
    if repeated := [file for file, count in counts.items() if count > 1]:
        found.append(f"more than one row for {listed(repeated)}")
    if absent := [file for file in files if file not in counts]:
        found.append(f"no row for {listed(absent)}")
    if unknown := sorted(counts.keys() - set(files)):
        found.append(f"rows for files that do not exist ({listed(unknown)})")
    if not found:
        return []
    return [
        Problem(
            "patients",
            str(path),
            found=" and ".join(found),
            expected="one row per image, named without channel number and suffix",
            remedy="add, correct or remove these rows",
        )
    ]


def _case_problems(path: Path, rows: Sequence[CaseRow]) -> list[Problem]:
    by_case: dict[str, list[CaseRow]] = {}
    for row in rows:
        by_case.setdefault(row.case, []).append(row)
    shared = [case for case, own in by_case.items() if len({row.patient for row in own}) > 1]
    unordered = [
        case
        for case, own in by_case.items()
        if len(own) > 1 and len({row.slice for row in own} - {None}) < len(own)
    ]
    problems = []
    if shared:
        problems.append(
            Problem(
                "patients",
                str(path),
                found=f"more than one patient for the case {listed(shared)}",
                expected="one patient per case",
                remedy="correct the patient column",
            )
        )
    if unordered:
        problems.append(
            Problem(
                "patients",
                str(path),
                found=f"missing or repeated slice numbers in the case {listed(unordered)}",
                expected="a different slice number for every file of a case",
                remedy="number the slices of these cases",
            )
        )
    return problems
