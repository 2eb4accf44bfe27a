"""Settings in words: what a field is called, and what a job was asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from omniseg_backend.common.errors import UsageError
from omniseg_backend.common.settings import described_fields
from omniseg_backend.jobs.kinds import kind

#: Of a spec, what its line in the table tells already.
_TOLD = frozenset({"schema_version", "kind", "title"})


def label(path: Sequence[str], unit: str | None = None) -> str:
    """What a field is called: ``Batch size``, ``Rotation (degrees)``, ``Budget: minutes``.

    Args:
        path: Its names, outermost first; ``settings``, which every kind has, is left out.
        unit: Of the number; not repeated where the name says it.
    """
    names = [name.replace("_", " ") for name in path if name != "settings"]
    text = ": ".join(names)
    text = text[:1].upper() + text[1:]
    return text if unit is None or unit in names else f"{text} ({unit})"


def asked(content: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """What a job's spec states, as name and value.

    Args:
        content: ``spec.json``, of any version or kind.
    """
    units = _units(content.get("kind"))
    return tuple(
        (label(path, units.get(path)), _shown(value))
        for path, value in _leaves(content, ())
        if path[0] not in _TOLD
    )


def _units(name: object) -> Mapping[tuple[str, ...], str | None]:
    try:
        fields = described_fields(kind(str(name)))
    except UsageError:
        # Another installation's kind: shown by its names alone.
        return {}
    return {field.path: field.unit for field in fields}


def _leaves(
    content: Mapping[str, object], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], object]]:
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*path, str(name)))
        elif value is not None:
            yield (*path, str(name)), value


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value) or "none"
    return str(value)
