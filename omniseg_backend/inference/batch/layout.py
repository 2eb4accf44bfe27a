"""What lies where in a batch's output folder."""

from __future__ import annotations

from pathlib import Path

#: Records and thumbnails; a folder that holds one of this name is a batch's output.
PRIVATE_FOLDER = "omniseg-batch"
TABLE_NAME = "results.csv"
PAGE_NAME = "index.html"


def private_folder(output: Path) -> Path:
    """What the batch keeps for itself."""
    return output / PRIVATE_FOLDER


def is_output(folder: Path) -> bool:
    """Whether a batch has written there."""
    return private_folder(folder).is_dir()


def question_path(output: Path) -> Path:
    """What the folder's masks were asked of."""
    return private_folder(output) / "batch.json"


def lock_path(output: Path) -> Path:
    """Held by the one batch that works on the folder."""
    return private_folder(output) / "lock"


def records_folder(output: Path) -> Path:
    """One record per item."""
    return private_folder(output) / "records"


def record_path(output: Path, name: str) -> Path:
    """The record of an item."""
    return records_folder(output) / f"{name}.json"


def thumbnail_name(name: str) -> str:
    """The small picture of an item, relative to the output, with ``/``."""
    return f"{PRIVATE_FOLDER}/thumbnails/{name}.png"
