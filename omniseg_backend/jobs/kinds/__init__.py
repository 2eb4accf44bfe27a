"""The kinds of jobs. A module of this package that holds a ``SPEC`` is a kind; no list names it.

Another distribution adds a kind by an entry point of the group ``omniseg.job_kinds`` that names
its spec class.
"""

from __future__ import annotations

import importlib
import pkgutil
from importlib import metadata

from omniseg_backend.common.errors import UsageError
from omniseg_backend.jobs.spec import JobSpec

ENTRY_POINTS = "omniseg.job_kinds"


def kinds() -> dict[str, type[JobSpec]]:
    """Every kind's spec by its name, ours first."""
    found = {name: _own(name) for name in sorted(_own_names())}
    for entry in metadata.entry_points(group=ENTRY_POINTS):
        found.setdefault(entry.name, entry.load())
    return found


def kind(name: str) -> type[JobSpec]:
    """The spec of a kind.

    Raises:
        UsageError: There is no such kind.
    """
    if name in _own_names():
        return _own(name)
    for entry in metadata.entry_points(group=ENTRY_POINTS, name=name):
        loaded: type[JobSpec] = entry.load()
        return loaded
    raise UsageError(
        "the kind of a job",
        found=name,
        expected=f"one of {', '.join(kinds())}",
        remedy="choose one of these",
    )


def _own_names() -> set[str]:
    return {module.name for module in pkgutil.iter_modules(__path__)}


def _own(name: str) -> type[JobSpec]:
    spec: type[JobSpec] = importlib.import_module(f"{__name__}.{name}").SPEC
    return spec
