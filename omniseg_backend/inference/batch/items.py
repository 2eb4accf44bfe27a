"""What a folder holds to be segmented: every series one item, every other image file one."""

from __future__ import annotations

import dataclasses
import logging
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from omniseg_backend.common.errors import DataError, OmniSegError
from omniseg_backend.common.progress import Cancel, check_cancel
from omniseg_backend.common.reading import unreadable
from omniseg_backend.common.wording import counted
from omniseg_backend.images.dicom_listing import ListedSeries, list_series
from omniseg_backend.images.formats import (
    DICOM,
    HEAD_BYTES,
    format_by_name,
    is_dicom,
    readable_suffixes,
)
from omniseg_backend.inference.batch.layout import PRIVATE_FOLDER, is_output
from omniseg_backend.inference.batch.weight import decoded_bytes

logger = logging.getLogger(__name__)

#: Headers whose voxels lie in files beside them, named alike.
_SPLIT_SUFFIXES = (".hdr", ".mhd", ".nhdr")
_SUBJECT = "the search for images"


@dataclasses.dataclass(frozen=True)
class Item:
    """One image of a batch.

    Attributes:
        label: Where it is, relative to the batch's folder, with ``/``: a file, or a folder that
            holds one series and nothing else. Labels differ.
        path: That file or folder, absolute.
        files: All that it is read from, absolute and sorted: a series, or a file and those that
            hold its voxels.
        is_series: Whether ``files`` form a DICOM series.
        decoded: Bytes of its voxels, about.
        problem: Why it cannot be segmented, where the search has shown that already.
    """

    label: str
    path: Path
    files: tuple[Path, ...]
    is_series: bool = False
    decoded: int = 0
    problem: OmniSegError | None = None


@dataclasses.dataclass(frozen=True)
class FoundItems:
    """What the search found.

    Attributes:
        items: By label.
        is_one_image: Whether the folder is one DICOM series, and so no batch.
        only_dicom: Whether nothing but DICOM was found.
    """

    items: tuple[Item, ...]
    is_one_image: bool
    only_dicom: bool


@dataclasses.dataclass(frozen=True)
class _Files:
    dicom: list[Path]
    others: list[Path]
    closed: list[tuple[Path, DataError]]
    left_out: set[Path]


def find_items(
    folder: Path, *, leave_out: Sequence[Path] = (), cancel: Cancel | None = None
) -> FoundItems:
    """Search a folder and its subfolders for images.

    Hidden files and folders and files of other kinds are passed over. So is what earlier batches
    wrote below the folder, with a warning. Linked folders are not entered.

    Args:
        folder: Where.
        leave_out: Folders inside it that are not entered, such as the output.
        cancel: Looked at again and again.

    Raises:
        DataError: The folder cannot be opened; of those inside it, each is an item. Or one that
            is left out holds images, and is no batch's output.
        CancelledError: The user cancelled.
    """
    # Records name files relative to the folder, whatever folder a later run begins in.
    folder = folder.absolute()
    files = _files_in(folder, {path.resolve() for path in leave_out}, cancel)
    for place in sorted(files.left_out):
        _refuse_images_in(place, cancel)
    listing = list_series(files.dicom, cancel=cancel)
    occupied = [*files.dicom, *files.others]
    items = [_of_series(folder, series, occupied) for series in listing.series]
    items += [_of_file(folder, path) for path in files.others]
    items += [
        Item(_relative(path, folder), path, (path,), problem=error)
        for path, error in (*listing.damaged, *files.closed)
    ]
    return FoundItems(
        items=tuple(sorted(map(_with_a_name, items), key=lambda item: item.label)),
        is_one_image=len(listing.series) == 1 and not files.others,
        only_dicom=bool(files.dicom) and not files.others,
    )


def refuse_no_image(folder: Path, *, leave_out: Sequence[Path] = ()) -> None:
    """Refuse a folder in which ``find_items`` would find nothing; ends at the first image.

    Args:
        folder: Where.
        leave_out: Folders inside it that are not entered, such as the output.

    Raises:
        DataError: There is no image, or the folder cannot be opened.
    """
    folder = folder.absolute()
    found = _Files([], [], [], set())
    for path in _visible_files(folder, {one.resolve() for one in leave_out}, found, None):
        _sort_in(path, found)
        if found.dicom or found.others:
            return
    if not found.closed:
        raise no_image(folder)


def no_image(folder: Path) -> DataError:
    """The error of a folder without anything to segment."""
    return DataError(
        folder,
        found="a folder without an image",
        expected="image files or DICOM series, in it or in its subfolders",
        remedy="name the folder that holds the images",
    )


def _files_in(folder: Path, leave_out: set[Path], cancel: Cancel | None) -> _Files:
    found = _Files([], [], [], set())
    for path in _visible_files(folder, leave_out, found, cancel):
        _sort_in(path, found)
    return found


def _visible_files(
    folder: Path, leave_out: set[Path], found: _Files, cancel: Cancel | None
) -> Iterator[Path]:
    """Every file that may be an image; what is left out or closed is noted in ``found``."""

    def refuse(error: OSError) -> None:
        place = Path(error.filename)
        refusal = unreadable(place, error, expected="a readable folder")
        if place == folder:
            raise refusal from error
        found.closed.append((place, refusal))

    for place, folders, names in os.walk(folder, onerror=refuse):
        check_cancel(cancel, _SUBJECT)
        if PRIVATE_FOLDER in folders and Path(place) != folder:
            logger.warning("%s: passed over, it holds what an earlier batch wrote.", place)
            folders[:] = []
            continue
        entered = []
        for name in sorted(folders):
            if name.startswith(".") or name == PRIVATE_FOLDER:
                continue
            resolved = (Path(place) / name).resolve()
            if resolved in leave_out:
                found.left_out.add(resolved)
            else:
                entered.append(name)
        folders[:] = entered
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(place) / name


def _refuse_images_in(output: Path, cancel: Cancel | None) -> None:
    """Refuse an output whose images would be left out without a word."""
    if is_output(output):
        return
    files = _files_in(output, set(), cancel)
    held = len(files.dicom) + len(files.others)
    if held:
        raise DataError(
            output,
            found=f"{counted(held, 'image file')} where the masks are to go, which would be "
            "left out of the batch",
            expected="a new or empty folder, or the output of this batch",
            remedy="choose another output",
        )


def _sort_in(path: Path, found: _Files) -> None:
    """Add a file to the list that it belongs to, if any."""
    if path.suffix.lower() in _SPLIT_SUFFIXES or not _may_be_dicom(path):
        if path.name.lower().endswith(readable_suffixes()) and _is_plain_file(path):
            found.others.append(path)
        return
    if not _is_plain_file(path):  # opening a pipe would wait for ever
        return
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError as error:
        found.closed.append((path, unreadable(path, error, expected="a readable file")))
        return
    if is_dicom(head):
        found.dicom.append(path)
    elif path.name.lower().endswith(DICOM.suffixes):
        found.others.append(path)  # its reader says what it is instead


def _may_be_dicom(path: Path) -> bool:
    """Whether only the content can tell: no suffix of another format announces it."""
    try:
        return format_by_name(path) is DICOM
    except DataError:
        return True


def _is_plain_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:  # a link to nowhere
        return False


def _of_series(folder: Path, series: ListedSeries, occupied: Sequence[Path]) -> Item:
    first = series.files[0]
    path = first
    home = _common_folder(series.files)
    if home != folder and not _holds_others(home, series.files, occupied):
        path = home
    elif len(series.files) > 1:
        path = home
        label = _relative(first, folder)
        return Item(label, path, series.files, is_series=True, decoded=series.bytes)
    return Item(_relative(path, folder), path, series.files, is_series=True, decoded=series.bytes)


def _of_file(folder: Path, path: Path) -> Item:
    files = (path, *_companions(path))
    return Item(_relative(path, folder), path, files, decoded=decoded_bytes(files))


def _companions(path: Path) -> Iterator[Path]:
    """Files beside a header that may hold its voxels: ``a.raw`` of ``a.mhd``."""
    if path.suffix.lower() not in _SPLIT_SUFFIXES:
        return
    beginning = f"{path.stem}."
    for other in sorted(path.parent.iterdir()):
        if other.name.startswith(beginning) and other != path and _is_plain_file(other):
            yield other


def _common_folder(files: Sequence[Path]) -> Path:
    return Path(os.path.commonpath([str(file.parent) for file in files]))


def _holds_others(home: Path, own: Sequence[Path], occupied: Sequence[Path]) -> bool:
    mine = set(own)
    return any(path not in mine and home in path.parents for path in occupied)


def _relative(path: Path, folder: Path) -> str:
    """The label; bytes that are no text are shown by their numbers."""
    label = path.relative_to(folder).as_posix()
    return label.encode("utf-8", "backslashreplace").decode("utf-8")


def _with_a_name(item: Item) -> Item:
    """The item, with a problem if a name is no text: no table or task could hold it."""
    if all(_is_text(path) for path in (item.path, *item.files)):
        return item
    problem = DataError(
        item.label,
        found="a name with bytes that are no text",
        expected="a name in UTF-8",
        remedy="rename the file",
    )
    return dataclasses.replace(item, problem=problem)


def _is_text(path: Path) -> bool:
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
