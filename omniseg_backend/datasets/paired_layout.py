"""Paired folders: ``images`` beside ``masks`` or ``labels``, or these under ``train``, ``test``."""

from __future__ import annotations

from pathlib import Path

from omniseg_backend.common.errors import DataError
from omniseg_backend.datasets.assembly import Findings, assemble
from omniseg_backend.datasets.pairing import PartFolders, pair_up
from omniseg_backend.datasets.problems import raise_if_unusable
from omniseg_backend.datasets.records import Dataset, Part
from omniseg_backend.datasets.unnamed import facts_from_files

#: Folders of parts. A validation part is trained on: the split made here sets its own aside.
PART_FOLDERS: dict[str, Part] = {
    "train": "train",
    "val": "train",
    "validation": "train",
    "test": "test",
}
_VALIDATION = ("val", "validation")


def is_paired(folder: Path) -> bool:
    """Whether ``folder`` or a part of it has a folder ``images``."""
    return any((place / "images").is_dir() for place in (folder, *_levels(folder)))


def open_paired(folder: Path) -> Dataset:
    """Open a data set of paired folders.

    Raises:
        DataError: Files are missing or ambiguous (all are in the error's ``problems``), or the
            masks' values cannot be classes, or ``cases.csv`` is wrong.
    """
    findings = _paired_up(folder)

    def rest() -> Dataset:
        stated = facts_from_files(folder, findings.samples).of_the_rest()
        return assemble(folder, stated, findings.samples)

    raise_if_unusable(findings.problems, rest if findings.samples else None)
    facts = facts_from_files(folder, findings.samples)
    return assemble(folder, facts, findings.samples, findings.warnings)


def refuse_unpaired(folder: Path) -> None:
    """Refuse folders whose files are no pairs, by their names alone.

    Raises:
        DataError: Files are missing or ambiguous; all are in the error's ``problems``.
    """
    raise_if_unusable(_paired_up(folder).problems)


def paired_parts(folder: Path) -> tuple[PartFolders, ...]:
    """The folders of images and masks of each part; without a part level all is training.

    Raises:
        DataError: There are images both with and without a part level, or both ``masks`` and
            ``labels``.
    """
    levels = [level for level in _levels(folder) if (level / "images").is_dir()]
    if levels and (folder / "images").is_dir():
        raise DataError(
            folder,
            found=f"images both in images and in {levels[0].name}/images",
            expected="either parts or one folder of images",
            remedy="move all images under train and test",
        )
    if not levels:
        return (PartFolders("train", folder / "images", _masks_folder(folder)),)
    return tuple(
        PartFolders(PART_FOLDERS[level.name], level / "images", _masks_folder(level))
        for level in levels
    )


def validation_warnings(folder: Path) -> tuple[str, ...]:
    """What to say where a validation part is counted as training images."""
    present = [name for name in _VALIDATION if (folder / name / "images").is_dir()]
    return tuple(
        f"{folder / name} counts as training images; validation images are set aside by patient"
        for name in present
    )


def _paired_up(folder: Path) -> Findings:
    findings = Findings(warnings=validation_warnings(folder))
    for part in paired_parts(folder):
        findings += pair_up(part)
    return findings


def _levels(folder: Path) -> list[Path]:
    return [folder / name for name in PART_FOLDERS if (folder / name).is_dir()]


def _masks_folder(folder: Path) -> Path | None:
    found = [folder / name for name in ("masks", "labels") if (folder / name).is_dir()]
    if len(found) > 1:
        raise DataError(
            folder,
            found="both a folder masks and a folder labels",
            expected="one of them",
            remedy="remove or rename the other",
        )
    return found[0] if found else None
