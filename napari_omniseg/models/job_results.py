"""What a job made, and how each of it is opened."""

from __future__ import annotations

import dataclasses
import enum
import json
from collections.abc import Iterable
from pathlib import Path

from omniseg_backend.bundles.container import ZIP_SUFFIX

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


def bundle_words(path: Path, kind: str) -> str:
    """What a user can do with a bundle that a job made.

    Args:
        path: The bundle.
        kind: The job's kind; a training lists what it made.
    """
    listed = (
        "it is listed as a candidate."
        if kind == "train"
        else f"`omniseg models add {path}` lists it as a candidate."
    )
    return (
        f"{path.name} is a model: {listed} Once it was compared with the current model, it takes "
        f"its place when you promote it, in the Fine-tune panel or with `omniseg promote {path}`."
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
