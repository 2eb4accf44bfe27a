"""All that is wrong with a site data set, in one list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.progress import Cancel, Progress, no_progress
from omniseg_backend.datasets.check import Seen, look_at_all, open_or_list_all, problems_of
from omniseg_backend.datasets.files import visible_files
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.datasets.nnunet_layout import open_nnunet
from omniseg_backend.datasets.problems import (
    Problem,
    UnusableDatasetError,
    listed,
    raise_if_unusable,
)
from omniseg_backend.datasets.records import Dataset, Record
from omniseg_backend.datasets.site.document import (
    FOLDERS,
    SiteDocument,
    image_name,
    label_name,
    read_document,
)
from omniseg_backend.datasets.site.storing import cases_csv_problems
from omniseg_backend.images.image import Image
from omniseg_backend.images.segmentation import Segmentation


def check_site(
    folder: Path, *, progress: Progress = no_progress, cancel: Cancel | None = None
) -> tuple[Problem, ...]:
    """Read a whole site data set and list all its problems.

    Errors: a damaged description or table, missing files, what ``check_dataset`` reports, and
    voxels or labels that are not those that were added. Warnings: patients that nobody stated,
    and files that belong to no case.

    Args:
        folder: The data set.
        progress: Told about every case.
        cancel: Ends the check.

    Raises:
        CancelledError: ``cancel`` was set.
    """
    try:
        document = read_document(folder)
    except DataError as error:
        return (Problem.from_error("layout", error),)
    readable = _readable(folder, document)
    seen = look_at_all(readable, progress=progress, cancel=cancel)
    table = _table(folder, document)
    # Rows that the table lacks stop the opening as well; what a site data set says of them is told.
    told = {(problem.subject, problem.found) for problem in table}
    return (
        *(one for one in _opening(folder) if (one.subject, one.found) not in told),
        *table,
        *problems_of(readable, seen),
        *_altered(document, seen),
        *_unstated(document),
        *_strays(folder, document),
    )


def open_for_training(
    folder: Path, *, progress: Progress = no_progress, cancel: Cancel | None = None
) -> Dataset:
    """Open a data set of any layout; one that cannot be is told with all its problems.

    Args:
        folder: The data set.
        progress: Told about every record that is read to find the other problems.
        cancel: Ends the reading.

    Raises:
        DataError: It cannot be opened; all its problems are in the error, those of ``check_site``
            where it is a site's.
        CancelledError: ``cancel`` was set.
    """
    if _document_of(folder) is None:
        return open_or_list_all(folder, progress=progress, cancel=cancel)
    try:
        return open_dataset(folder)
    except DataError:
        raise_if_unusable(check_site(folder, progress=progress, cancel=cancel))
        raise


def check_for_training(
    dataset: Dataset,
    *,
    look: Callable[[Record, Image, Segmentation], None] | None = None,
    progress: Progress = no_progress,
    cancel: Cancel | None = None,
) -> tuple[Problem, ...]:
    """What ``check_dataset`` reports, and of a site data set what ``check_site`` does as well.

    Not repeated are the patients that nobody stated, which opening has warned of.

    Args:
        dataset: What ``open_for_training`` gave.
        look: Shown every record that is readable, in order, so that nobody reads it for that.
        progress: Told about every record.
        cancel: Ends the check.

    Raises:
        CancelledError: ``cancel`` was set.
    """
    document = _document_of(dataset.root)
    seen = look_at_all(dataset, look=look, progress=progress, cancel=cancel)
    found = problems_of(dataset, seen)
    if document is None:
        return found
    return (
        *_table(dataset.root, document),
        *found,
        *_altered(document, seen),
        *_strays(dataset.root, document),
    )


def _document_of(folder: Path) -> SiteDocument | None:
    """The description of a site data set; None where there is no readable one."""
    try:
        return read_document(folder)
    except DataError:
        return None


def _readable(folder: Path, document: SiteDocument) -> Dataset:
    """The cases whose files are all there, so that one missing file hides no other fault."""
    records = []
    for name, case in document.omniseg.cases.items():
        images = [
            folder / image_name(name, case.part, number) for number in range(len(document.channels))
        ]
        label = folder / label_name(name, case.part)
        if all(path.is_file() for path in (*images, label)):
            records.append(Record(tuple(images), label, name, name, case.patient, None, case.part))
    return Dataset(
        root=folder,
        name=document.name,
        description=document.description,
        records=tuple(records),
        classes=document.classes,
        channel_names=document.channels,
        modality=document.omniseg.modality,
        patients_stated=not document.omniseg.unstated,
    )


def _opening(folder: Path) -> Sequence[Problem]:
    try:
        open_nnunet(folder)
    except UnusableDatasetError as error:
        return error.problems
    except DataError as error:
        return (Problem.from_error("layout", error),)
    return ()


def _table(folder: Path, document: SiteDocument) -> Sequence[Problem]:
    try:
        return cases_csv_problems(folder, document)
    except DataError:
        return ()  # opening the data set has reported it


def _altered(document: SiteDocument, seen: Sequence[Seen]) -> list[Problem]:
    problems = []
    for one in seen:
        case = document.omniseg.cases.get(one.record.file)
        if case is None:
            continue  # cases.csv or the listing was edited, which is reported by itself
        parts = (
            (one.record.image_paths[0], "voxels", one.voxel_hash, case.image_hash),
            (one.record.label_path, "labels", one.mask_hash, case.mask_hash),
        )
        problems += [
            Problem(
                "file",
                str(path),
                found=f"other {what} than those that were added on {case.added}",
                expected=f"the {what} whose hash dataset.json states",
                remedy="restore the file from a copy, or add the image again, "
                "overwriting it (--overwrite)",
            )
            for path, what, found, stated in parts
            if found not in (None, stated)
        ]
    return problems


def _unstated(document: SiteDocument) -> list[Problem]:
    names = document.omniseg.unstated
    if not names:
        return []
    return [
        Problem(
            "patients",
            listed(names),
            found="no statement of the patient",
            expected="the patient of every case",
            remedy="state patients when adding (--patient), so that no one is in both parts",
            severity="warning",
        )
    ]


def _strays(folder: Path, document: SiteDocument) -> list[Problem]:
    key = document.omniseg
    wanted = {
        path
        for name, case in key.cases.items()
        for path in (
            label_name(name, case.part),
            *(image_name(name, case.part, number) for number in range(len(document.channels))),
        )
    }
    sidecars = {path.replace(document.file_ending, ".json") for path in wanted}
    found = [
        f"{part}/{path.name}"
        for part in FOLDERS
        if (folder / part).is_dir()
        for path in visible_files(folder / part)
    ]
    strays = [path for path in found if path not in wanted | sidecars]
    if not strays:
        return []
    return [
        Problem(
            "layout",
            listed(strays),
            found="files of no case, as an interrupted writer leaves them",
            expected="the files of the listed cases",
            remedy="add the image again, or move them away",
            severity="warning",
        )
    ]
