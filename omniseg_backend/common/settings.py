"""What a long call is asked to do, described once for the command line, job specs and forms.

A room with a long call keeps its settings in a pydantic model made of these pieces. The
command's options, the JSON schema of a job and the fields of a form are all derived from the
model: default, range, unit and help stand at the field and nowhere else::

    class Example(Settings):
        rotation: Annotated[float, Field(ge=0, le=180), Unit("degrees")] = 15.0
        '''Largest rotation of augmentation, either way.'''
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator
from typing import Any, TypeVar, Union

import annotated_types
from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

MarkT = TypeVar("MarkT")


class Settings(BaseModel):
    """Base of all settings: immutable, help in docstrings.

    An unknown name is an error, and so is a number that is infinite or none.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )


@dataclasses.dataclass(frozen=True)
class Unit:
    """Of a number, as it is shown: ``minutes``, ``px``, ``degrees``."""

    name: str

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The field's schema with its unit, for forms."""
        return {**handler(schema), "unit": self.name}


@dataclasses.dataclass(frozen=True)
class Option:
    """Name of the command's option, without dashes, where it is not the field's own."""

    name: str


@dataclasses.dataclass(frozen=True)
class InWords:
    """Of a text with a pattern: what is expected, where the pattern would say nothing to people."""

    text: str


@dataclasses.dataclass(frozen=True)
class NamesBundle:
    """Of a path or text: a bundle's path, or the id of a model that `omniseg models` lists."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The field's schema with its format, so that a form offers the models."""
        return {**handler(schema), "format": "bundle"}


@dataclasses.dataclass(frozen=True)
class NamesFolder:
    """Of a path: a folder, so that a form offers to pick one."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The field's schema with its format, for forms."""
        return {**handler(schema), "format": "folder"}


@dataclasses.dataclass(frozen=True)
class NamesOutput:
    """Of a path: something that will be written, so that a form asks where to save it."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The field's schema with its format, for forms."""
        return {**handler(schema), "format": "output"}


@dataclasses.dataclass(frozen=True)
class Usual:
    """Of a field with a default: one that is often set, so that a form shows it at once."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The field's schema with this mark, for forms."""
        return {**handler(schema), "usual": True}


@dataclasses.dataclass(frozen=True)
class Described:
    """One field of settings, read off its model.

    Attributes:
        path: Names from the outermost model to the field: ``("budget", "minutes")``.
        annotation: Its type without ``None``.
        required: Whether it has no default.
        default: What holds where nothing is said; None where required.
        help_text: What it means.
        unit: Of the number, or None.
        option: Name of the command's option, without dashes.
        info: pydantic's own record, with the constraints.
    """

    path: tuple[str, ...]
    annotation: Any
    required: bool
    default: object
    help_text: str
    unit: str | None
    option: str
    info: FieldInfo


def described_fields(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[Described]:
    """The fields of a model in order; those of a nested model stand in the place of it.

    A nested model that may be left out (``X | None``) is one field: all its parts belong
    together, and a recipe or a form of its own states them.
    """
    for name, info in model.model_fields.items():
        annotation = without_none(info.annotation)
        whole = (*path, name)
        nested = model_of(annotation)
        if nested is not None and annotation is info.annotation:
            yield from described_fields(nested, whole)
            continue
        unit, option = mark_of(info, Unit), mark_of(info, Option)
        yield Described(
            path=whole,
            annotation=annotation,
            required=info.is_required(),
            default=None if info.is_required() else info.get_default(call_default_factory=True),
            help_text=" ".join((info.description or "").split()),
            unit=None if unit is None else unit.name,
            option=name.replace("_", "-") if option is None else option.name,
            info=info,
        )


def range_of(field: Described) -> str:
    """Limits of a number in words, such as ``from 0 to 1``; empty where it has none."""
    low = high = ""
    for rule in field.info.metadata:
        if isinstance(rule, annotated_types.Ge):
            low = f"from {rule.ge}"
        elif isinstance(rule, annotated_types.Gt):
            low = f"above {rule.gt}"
        elif isinstance(rule, annotated_types.Le):
            high = f"to {rule.le}"
        elif isinstance(rule, annotated_types.Lt):
            high = f"below {rule.lt}"
    return " ".join(part for part in (low, high) if part)


def has_mark(info: FieldInfo, kind: type) -> bool:
    """Whether a field carries a mark such as ``NamesBundle``."""
    return any(isinstance(mark, kind) for mark in info.metadata)


def without_none(annotation: object) -> object:
    """``X`` of ``X | None``; any other annotation as it is."""
    if typing.get_origin(annotation) not in (Union, types.UnionType):
        return annotation
    others = [one for one in typing.get_args(annotation) if one is not type(None)]
    return others[0] if len(others) == 1 else annotation


def model_of(annotation: object) -> type[BaseModel] | None:
    """The annotation itself if it is a pydantic model."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return None


def mark_of(info: FieldInfo, kind: type[MarkT]) -> MarkT | None:
    """A field's mark of a kind; None where it has none."""
    return next((mark for mark in info.metadata if isinstance(mark, kind)), None)
