"""Which classes two bundles and a data set have in common."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from omniseg_backend.bundles.manifest import Manifest
from omniseg_backend.common.errors import DataError
from omniseg_backend.datasets.records import Dataset
from omniseg_backend.images.classes import ClassTable


@dataclasses.dataclass(frozen=True)
class SharedClasses:
    """What can be compared.

    Attributes:
        table: The data set's entries of the shared classes.
        old: The old bundle's value to the data set's, of the shared classes.
        new: The same of the new bundle.
        only_old: Classes that the old bundle alone has.
        only_new: Classes that the new bundle alone has.
    """

    table: ClassTable
    old: Mapping[int, int]
    new: Mapping[int, int]
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]


def shared_classes(old: Manifest, new: Manifest, dataset: Dataset) -> SharedClasses:
    """Match classes by name, whatever their values.

    A single class of both bundles is also that of a data set with a single class, whatever it
    is called there.

    Raises:
        DataError: The data set lacks a class of the new bundle, so that a loss there would go
            unseen, or the bundles share no class.
    """
    before, after = (_values(bundle, dataset.classes) for bundle in (old, new))
    unmeasured = [entry.name for entry in new.class_table() if entry.value not in after]
    if unmeasured:
        raise DataError(
            dataset.name,
            found=f"no class {', '.join(unmeasured)}, which {new.id} has",
            expected="every class of the new bundle, to measure it on",
            remedy="use a data set in which these classes are outlined",
        )
    known = {entry.name.casefold() for entry in old.class_table()}
    common = [
        after[entry.value]
        for entry in new.class_table()
        if entry.name.casefold() in known and after[entry.value] in before.values()
    ]
    if not common:
        raise DataError(
            f"{old.id} and {new.id}",
            found=f"the classes {_names(old)} and {_names(new)}",
            expected="at least one class that both have",
            remedy="compare bundles of one task",
        )
    return SharedClasses(
        table=ClassTable(tuple(entry for entry in dataset.classes if entry.value in common)),
        old={own: theirs for own, theirs in before.items() if theirs in common},
        new={own: theirs for own, theirs in after.items() if theirs in common},
        only_old=_others(old, before, common),
        only_new=_others(new, after, common),
    )


def match_classes(manifest: Manifest, classes: ClassTable, name: str) -> dict[int, int]:
    """Which value of a data set's masks means which value of a model's output.

    Classes are matched by name, whatever their values; a single class matches a single one.

    Returns:
        The bundle's value to the data set's.

    Raises:
        DataError: The names differ.
    """
    own = manifest.class_table()
    if len(own) == len(classes) == 1:
        return {own.values[0]: classes.values[0]}
    theirs = {entry.name.casefold(): entry.value for entry in classes}
    if {entry.name.casefold() for entry in own} != set(theirs):
        raise DataError(
            name,
            found=f"the classes {', '.join(classes.names)}",
            expected=f"those of {manifest.id}: {', '.join(own.names)}",
            remedy="use the data set of the bundle's task",
        )
    return {entry.value: theirs[entry.name.casefold()] for entry in own}


def _values(bundle: Manifest, classes: ClassTable) -> dict[int, int]:
    own = bundle.class_table()
    if len(own) == len(classes) == 1:
        return {own.values[0]: classes.values[0]}
    theirs = {entry.name.casefold(): entry.value for entry in classes}
    return {
        entry.value: theirs[entry.name.casefold()]
        for entry in own
        if entry.name.casefold() in theirs
    }


def _others(bundle: Manifest, values: Mapping[int, int], common: list[int]) -> tuple[str, ...]:
    return tuple(
        entry.name for entry in bundle.class_table() if values.get(entry.value) not in common
    )


def _names(bundle: Manifest) -> str:
    return ", ".join(bundle.class_table().names)
