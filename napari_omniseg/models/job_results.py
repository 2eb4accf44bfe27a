"""What a job made, and how each of it is opened."""

from __future__ import annotations

import dataclasses
import enum
import json
from collections.abc import Iterable
from pathlib import Path

from omniseg_backend.bundles.container import ZIP_SUFFIX
from omniseg_backend.common.errors import DataError

#: Read by people in the desktop's own programs; everything else is an image.
_DESKTOP = frozenset({".csv", ".htm", ".html", ".json", ".md", ".pdf", ".svg", ".txt"})
_MANIFEST = "omniseg.json"
#: A record that names a page is smaller.
_MOST_BYTES = 1 << 16


class Opener(enum.StrEnum):
    """Where a result is opened."""

    VIEWER = "viewer"
    DESKTOP = "desktop"
    MODELS = "models"
    """Not at all: a bundle is taken by promoting it."""


@dataclasses.dataclass(frozen=True)
class JobResult:
    """One thing that a job made.

    Attributes:
        path: Where it lies.
        opener: Where it is opened.
    """

    path: Path
    opener: Opener

    @property
    def name(self) -> str:
        """What menus call it."""
        return self.path.name


def results_of(folder: Path, results: Iterable[str]) -> tuple[JobResult, ...]:
    """What a job made and is still there, images first; looks at files.

    Args:
        folder: The job's.
        results: As its state lists them.
    """
    paths = [folder / name for name in results]
    made = [_result(path) for path in paths if path.exists()]
    pages = [JobResult(page, Opener.DESKTOP) for path in paths if (page := _page(path))]
    order = list(Opener)
    return tuple(sorted((*pages, *made), key=lambda result: order.index(result.opener)))


def refuse_deleted(folder: Path, results: Iterable[str]) -> None:
    """Say that results are gone, where a finished job has none left.

    Raises:
        DataError: All were deleted.
    """
    named = [folder / name for name in results]
    if named and not any(path.exists() for path in named):
        raise DataError(
            named[0],
            found="nothing",
            expected="what the job made",
            remedy="it was moved or deleted; submit the job again to make it anew",
        )


def _result(path: Path) -> JobResult:
    if path.suffix.lower() == ZIP_SUFFIX or (path / _MANIFEST).exists():
        return JobResult(path, Opener.MODELS)
    if path.is_dir() or path.suffix.lower() in _DESKTOP:
        return JobResult(path, Opener.DESKTOP)
    return JobResult(path, Opener.VIEWER)


def _page(path: Path) -> Path | None:
    """The page that a record names, as a batch's does."""
    if path.suffix.lower() != ".json":
        return None
    try:
        with path.open("rb") as stream:
            told = json.loads(stream.read(_MOST_BYTES))
    except (OSError, ValueError):
        return None
    named = told.get("page") if isinstance(told, dict) else None
    if not isinstance(named, str):
        return None
    page = Path(named)
    return page if page.is_file() else None
