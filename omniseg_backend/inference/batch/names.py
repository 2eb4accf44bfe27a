"""What an item's mask is called: like its input, and never like another item's."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence

from omniseg_backend.images.formats import readable_suffixes
from omniseg_backend.inference.batch.items import Item


def output_names(items: Sequence[Item], recorded: Mapping[str, str]) -> dict[str, str]:
    """Names of the items' masks: paths relative to the output, with ``/``, without suffix.

    ``a/scan.png`` becomes ``a/scan``. Where several items would share a name (also where only
    capitals differ, which some file systems do not tell apart) each is called by its whole name:
    ``a/scan-png``, ``a/scan-nii-gz``. A name that was given before is kept, whatever came since.

    Args:
        items: All of the batch.
        recorded: Names given in earlier runs, by label.

    Returns:
        A name for every label.
    """
    names = {item.label: recorded[item.label] for item in items if item.label in recorded}
    taken = {name.casefold() for name in names.values()}
    new = [item for item in items if item.label not in names]
    wanted = Counter(_short(item).casefold() for item in new)
    for item in new:
        short = _short(item)
        alone = wanted[short.casefold()] == 1
        for name in itertools.chain([short] if alone else [], _long(item)):
            if name.casefold() not in taken:
                break
        names[item.label] = name
        taken.add(name.casefold())
    return names


def _short(item: Item) -> str:
    """The label without the suffix of a format."""
    folder, _, file = item.label.rpartition("/")
    return f"{folder}/{_stem(item, file)}" if folder else _stem(item, file)


def _stem(item: Item, file: str) -> str:
    # A folder's name has no suffix, but a series that is called by its first file may have.
    is_folder = item.path not in item.files and item.path.name == file
    return file if is_folder else _without_suffix(file)


def _without_suffix(file: str) -> str:
    suffixes = [s for s in readable_suffixes() if file.lower().endswith(s) and len(file) > len(s)]
    return file[: -len(max(suffixes, key=len))] if suffixes else file


def _long(item: Item) -> itertools.chain[str]:
    folder, _, file = item.label.rpartition("/")
    whole = file.replace(".", "-")
    name = f"{folder}/{whole}" if folder else whole
    return itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
