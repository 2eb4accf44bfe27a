"""From the files that a layout found to a Dataset: names, cases, patients."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from omniseg_backend.common.wording import counted
from omniseg_backend.datasets.cases import case_rows, no_cases_warning, own_case
from omniseg_backend.datasets.files import natural_key
from omniseg_backend.datasets.problems import Problem
from omniseg_backend.datasets.records import Dataset, Part, Record
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.modality import Modality


@dataclasses.dataclass(frozen=True)
class Sample:
    """An image and its mask as a layout found them.

    Attributes:
        name: The image's name without channel number and suffix.
        part: The part it lies in.
        image_paths: Its files in channel order.
        label_path: Its mask.
    """

    name: str
    part: Part
    image_paths: tuple[Path, ...]
    label_path: Path


@dataclasses.dataclass(frozen=True)
class Findings:
    """What a layout found in its folders: samples, faults, and things worth knowing."""

    samples: tuple[Sample, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()

    def __add__(self, other: Findings) -> Findings:
        return Findings(
            self.samples + other.samples,
            self.problems + other.problems,
            self.warnings + other.warnings,
        )


@dataclasses.dataclass(frozen=True)
class Facts:
    """What a layout states about the data set as a whole; other fields as in ``Dataset``.

    Attributes:
        is_unlisted: Whether an image of this name lies in its folders without belonging to it,
            since a listing leaves it out. ``cases.csv`` may have rows for such images.
        unstated: Cases of whose patient ``cases.csv`` states nothing but a name of its own.
    """

    name: str
    classes: ClassTable
    channel_names: tuple[str, ...]
    modality: Modality | None = None
    description: str = ""
    licence: str | None = None
    is_unlisted: Callable[[str], bool] = lambda _name: False
    unstated: tuple[str, ...] = ()

    def of_the_rest(self) -> Facts:
        """The same where files are missing: `cases.csv` may have rows for what is left out."""
        return dataclasses.replace(self, is_unlisted=lambda _name: True)


def assemble(
    root: Path, facts: Facts, samples: Sequence[Sample], warnings: Sequence[str] = ()
) -> Dataset:
    """Join samples with ``cases.csv``.

    A name that occurs in both parts (``1.png`` in either folder) is told apart as
    ``train/NAME`` and ``test/NAME``, in ``cases.csv`` too.

    Raises:
        DataError: ``cases.csv`` is wrong.
    """
    counts = Counter(sample.name for sample in samples)
    named = {
        f"{sample.part}/{sample.name}" if counts[sample.name] > 1 else sample.name: sample
        for sample in _sorted(samples)
    }
    rows = case_rows(root, tuple(named), facts.is_unlisted)
    records = []
    for file, sample in named.items():
        row = own_case(file) if rows is None else rows[file]
        records.append(
            Record(
                image_paths=sample.image_paths,
                label_path=sample.label_path,
                file=file,
                case=row.case,
                patient=row.patient,
                slice=row.slice,
                part=sample.part,
            )
        )
    own = _patient_warnings(root, facts, records, known=rows is not None)
    return Dataset(
        root=root,
        name=facts.name,
        description=facts.description,
        records=tuple(records),
        classes=facts.classes,
        channel_names=facts.channel_names,
        modality=facts.modality,
        patients_stated=rows is not None and not facts.unstated,
        warnings=(*warnings, *own),
        licence=facts.licence,
    )


def _patient_warnings(
    root: Path, facts: Facts, records: Sequence[Record], *, known: bool
) -> tuple[str, ...]:
    if not known:
        return (no_cases_warning(root, len(records)),)
    if not facts.unstated:
        return ()
    return (
        f"nobody stated the patient of {len(facts.unstated)} of {counted(len(records), 'case')} of "
        f"{facts.name}: each of these counts as a patient of its own, so images of one patient "
        "may lie on both sides of a split",
    )


def _sorted(samples: Sequence[Sample]) -> list[Sample]:
    return sorted(samples, key=lambda sample: (natural_key(sample.name), sample.part))
