"""The fields of a form for any kind of job, read off its spec: no field is named here.

Numbers stay text until pydantic reads them, so that a wrong one is explained by the words that
the command line has for it (``common/complaints.py``).
"""

from __future__ import annotations

import dataclasses
import enum
import json
import re
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Union

import annotated_types
from pydantic import BaseModel

from napari_omniseg.models.field_words import label
from omniseg_backend.common.settings import (
    Described,
    NamesBundle,
    NamesFolder,
    NamesOutput,
    Usual,
    described_fields,
    has_mark,
    model_of,
    range_of,
)
from omniseg_backend.jobs.spec import JobSpec

#: What the largest number of a spin box is, in Qt.
_MOST = 2**31 - 1
#: Of a spec, what no user states.
_FIXED = frozenset({"schema_version", "kind"})
#: ``256``, which stands for both sides, ``256x320`` and what else people write for it.
_SIDES = re.compile(r"(\d+)(?:\s*[xX\u00d7*,;]\s*(\d+))?")


class Editor(enum.StrEnum):
    """How a field is edited."""

    FILE = "file"
    FOLDER = "folder"
    OUTPUT = "output"
    BUNDLE = "bundle"
    CHOICE = "choice"
    SWITCH = "switch"
    WHOLE = "whole number"
    TEXT = "text"
    LIST = "list"
    JSON = "json"
    GROUP = "group"
    """Fields that belong together and may be left out as a whole."""
    KINDS = "kinds"
    """One of several groups, or none."""


@dataclasses.dataclass(frozen=True)
class FormField:
    """One field.

    Attributes:
        path: Its names in the spec, outermost first.
        label: What it is called, with its unit.
        help_text: What it means, with range and default, in sentences.
        editor: How it is edited.
        required: Whether it must be stated.
        usual: Whether it is shown at once.
        default: What holds where nothing is said; None where nothing does.
        hint: Shown while it is empty.
        choices: What may be chosen, as shown and as meant.
        limits: Of a whole number.
        groups: Of groups, their fields by name.
        sides: Whether it is two whole numbers, such as height and width.
    """

    path: tuple[str, ...]
    label: str
    help_text: str
    editor: Editor
    required: bool
    usual: bool
    default: object
    hint: str = ""
    choices: tuple[tuple[str, object], ...] = ()
    limits: tuple[int, int] = (0, _MOST)
    groups: Mapping[str, tuple[FormField, ...]] = dataclasses.field(default_factory=dict)
    sides: bool = False


def form_fields(spec: type[JobSpec]) -> tuple[FormField, ...]:
    """Every field that a user may state, required ones first, then usual ones."""
    fields = [field for field in described_fields(spec) if field.path[0] not in _FIXED]
    own = {field.path[1:] for field in fields if field.path[0] == "settings"}
    # Settings that say where their output goes have no second place for it.
    shown = [_form_field(field) for field in fields if field.path not in own]
    return tuple(sorted(shown, key=lambda field: (not field.required, not field.usual)))


def value_of(field: FormField, text: str) -> object:
    """What a field's text means to pydantic; None for nothing.

    Args:
        field: One that is edited as text.
        text: As typed. Items of lists are divided by ``;``, since sentences and paths may hold
            commas. Two whole numbers, as height and width are, are also divided by ``x``, and one
            stands for both; what is neither stays text.
    """
    text = text.strip()
    if not text:
        return None
    if field.editor is Editor.JSON:
        try:
            return json.loads(text)
        except ValueError:
            return text
    if field.editor is Editor.LIST:
        if field.sides:
            found = _SIDES.fullmatch(text)
            return text if found is None else [found[1], found[2] or found[1]]
        return [part.strip() for part in text.split(";") if part.strip()]
    return text


def text_of(value: object) -> str:
    """A value as a field's text."""
    if value is None:
        return ""
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple | list):
        if any(isinstance(one, BaseModel) for one in value):
            return json.dumps([_plain(one) for one in value])
        sides = len(value) == 2 and all(isinstance(one, int) for one in value)
        return ("x" if sides else "; ").join(text_of(one) for one in value)
    return str(value)


def _plain(value: object) -> object:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _form_field(field: Described) -> FormField:
    editor = _editor(field)
    return FormField(
        path=field.path,
        label=label(field.path, field.unit),
        help_text=_help(field, editor),
        editor=editor,
        required=field.required,
        usual=has_mark(field.info, Usual),
        default=field.default,
        hint=_hint(field, editor),
        choices=tuple(_choices(field.annotation)) if editor is Editor.CHOICE else (),
        limits=_limits(field) or (0, _MOST),
        groups=dict(_groups(field, editor)),
        sides=typing.get_args(field.annotation) == (int, int),
    )


def _editor(field: Described) -> Editor:
    kind = field.annotation
    if has_mark(field.info, NamesBundle):
        return Editor.BUNDLE
    if kind is Path:
        if has_mark(field.info, NamesFolder):
            return Editor.FOLDER
        return Editor.OUTPUT if has_mark(field.info, NamesOutput) else Editor.FILE
    if kind is bool:
        return Editor.SWITCH
    if list(_choices(kind)):
        return Editor.CHOICE
    if model_of(kind) is not None:
        return Editor.GROUP
    if list(_models(kind)):
        return Editor.KINDS
    if kind is int and field.default is not None and _limits(field) is not None:
        return Editor.WHOLE
    if typing.get_origin(kind) in (tuple, list):
        items = [one for one in typing.get_args(kind) if one is not Ellipsis]
        return Editor.JSON if any(_is_complex(one) for one in items) else Editor.LIST
    return Editor.JSON if _is_complex(kind) else Editor.TEXT


def _is_complex(kind: object) -> bool:
    """Whether no single text states it."""
    if typing.get_origin(kind) is Literal:
        return False
    return not isinstance(kind, type) or model_of(kind) is not None


def _choices(kind: object) -> Iterator[tuple[str, object]]:
    if typing.get_origin(kind) is Literal:
        yield from ((str(value), value) for value in typing.get_args(kind))
    elif isinstance(kind, type) and issubclass(kind, enum.Enum):
        yield from ((str(member.value), member.value) for member in kind)


def _models(kind: object) -> Iterator[type[BaseModel]]:
    """The models of a union of models, also of one with a discriminator."""
    if typing.get_origin(kind) is typing.Annotated:
        kind = typing.get_args(kind)[0]
    if typing.get_origin(kind) in (Union, types.UnionType):
        members = [model_of(one) for one in typing.get_args(kind)]
        if all(member is not None for member in members):
            yield from (member for member in members if member is not None)


def _groups(field: Described, editor: Editor) -> Iterator[tuple[str, tuple[FormField, ...]]]:
    nested = model_of(field.annotation)
    if editor is Editor.GROUP and nested is not None:
        yield "", _inner(nested)
    elif editor is Editor.KINDS:
        for model in _models(field.annotation):
            yield kind_name(model), _inner(model)


def kind_name(model: type[BaseModel]) -> str:
    """What tells a model from the others of its union: its ``kind``, else its class's name."""
    kind = model.model_fields.get("kind")
    return model.__name__ if kind is None else str(kind.default)


def _inner(model: type[BaseModel]) -> tuple[FormField, ...]:
    return tuple(_form_field(one) for one in described_fields(model) if one.path != ("kind",))


def _limits(field: Described) -> tuple[int, int] | None:
    """Of a whole number; None where it has no lowest or where Qt cannot count so far."""
    low: int | None = None
    high = _MOST
    for rule in field.info.metadata:
        if isinstance(rule, annotated_types.Ge):
            low = _whole(rule.ge)
        elif isinstance(rule, annotated_types.Gt):
            low = _whole(rule.gt) + 1
        elif isinstance(rule, annotated_types.Le):
            high = _whole(rule.le)
        elif isinstance(rule, annotated_types.Lt):
            high = _whole(rule.lt) - 1
    return None if low is None or low < -_MOST or high > _MOST else (low, high)


def _whole(limit: Any) -> int:  # noqa: ANN401 - annotated_types' own protocol
    return int(limit)


def _help(field: Described, editor: Editor) -> str:
    parts = [field.help_text]
    limits = range_of(field)
    if limits:
        parts.append(f"{limits[0].upper()}{limits[1:]}{f' {field.unit}' if field.unit else ''}.")
    if editor is Editor.LIST and typing.get_args(field.annotation)[-1] is Ellipsis:
        parts.append("Several are divided by semicolons.")
        choices = [shown for shown, _ in _choices(typing.get_args(field.annotation)[0])]
        parts += [f"Of: {', '.join(choices)}."] if choices else []
    if editor is Editor.JSON:
        parts.append("In JSON, as in a recipe.")
    if not field.required and field.default not in (None, (), False, ""):
        parts.append(f"By default {text_of(field.default)}.")
    return " ".join(part for part in parts if part) or f"{label(field.path, field.unit)}."


def _hint(field: Described, editor: Editor) -> str:
    if editor in (Editor.TEXT, Editor.LIST, Editor.JSON):
        if not field.required and field.default not in (None, (), ""):
            return text_of(field.default)
        return range_of(field) or ("" if field.required else "not stated")
    return ""


def nested(values: Sequence[tuple[tuple[str, ...], object]]) -> dict[str, Any]:
    """Values under their paths."""
    content: dict[str, Any] = {}
    for path, value in values:
        place = content
        for name in path[:-1]:
            place = place.setdefault(name, {})
        place[path[-1]] = value
    return content
