"""Options of a command, made from the fields of a settings model.

An option's name, help, range, unit and default stand in the model (``common/settings.py``). The
values stay text until pydantic reads them, so that every wrong value is explained by one voice
(``cli/model_values.py``) and a form, a recipe and the command line allow exactly the same.
"""

from __future__ import annotations

import enum
import inspect
import typing
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import typer
from pydantic import BaseModel

from omniseg_backend.common.settings import Described, described_fields, model_of, range_of

CommandT = TypeVar("CommandT", bound=Callable[..., None])

_METAVARS = {int: "INTEGER", float: "NUMBER", str: "TEXT", Path: "PATH"}


def with_options(
    *models: type[BaseModel], leave_out: Collection[str] = ()
) -> Callable[[CommandT], CommandT]:
    """Give a command one option per field of settings, before its own options.

    The command receives them as one keyword argument per option, named by ``parameter_name``:
    text, a list of text, a bool or, where the option was not given, None. ``model_values``
    makes the fields of the model from them.

    Args:
        models: Whose fields; no two have a field of the same name.
        leave_out: Fields that the command states in another way.
    """

    def decorate(command: CommandT) -> CommandT:
        signature = inspect.signature(command, eval_str=True)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        first = [p for p in own if p.default is p.empty or _is_argument(p)]
        last = [p for p in own if p not in first]
        made = [
            inspect.Parameter(
                parameter_name(field), inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind
            )
            for model in models
            for field, kind in _options(model, leave_out)
        ]
        keyword = [p.replace(kind=p.KEYWORD_ONLY) for p in last]
        command.__signature__ = signature.replace(parameters=[*first, *made, *keyword])  # type: ignore[attr-defined]
        command.__annotations__ = {
            parameter.name: parameter.annotation for parameter in (*first, *made, *keyword)
        } | {"return": None}
        return command

    return decorate


def parameter_name(field: Described) -> str:
    """Name of the keyword argument that carries a field's option."""
    return "_".join(field.path)


def option_fields(model: type[BaseModel], leave_out: Collection[str] = ()) -> Iterator[Described]:
    """The fields that can be said in an option: all but nested models that may be left out."""
    for field in described_fields(model):
        if (
            field.path[0] in leave_out
            or model_of(field.annotation) is not None
            or _is_complex(field)
        ):
            continue
        yield field


def _options(
    model: type[BaseModel], leave_out: Collection[str]
) -> Iterator[tuple[Described, object]]:
    for field in option_fields(model, leave_out):
        name = f"--{field.option}"
        if field.annotation is bool:
            both = f"{name}/--no-{field.option}"
            info = typer.Option(both, help=_help(field), show_default=False)
            yield field, Annotated[bool | None, info]
            continue
        info = typer.Option(name, metavar=metavar(field), help=_help(field), show_default=False)
        yield field, Annotated[list[str] | None if _is_list(field) else str | None, info]


def metavar(field: Described) -> str:
    """What stands for the value in the help: a choice, or a type with its range."""
    kind = _item(field) if _is_list(field) else field.annotation
    if typing.get_origin(kind) is Literal:
        return "|".join(str(value) for value in typing.get_args(kind))
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return "|".join(str(member.value) for member in kind)
    if _is_pair(field):
        return "N|HxW"
    named = _METAVARS.get(kind, "TEXT") if isinstance(kind, type) else "TEXT"
    return f"{named} {range_of(field)}".rstrip()


def _help(field: Described) -> str:
    parts = [field.help_text]
    if field.unit:
        parts.append(f"In {field.unit}.")
    if field.default not in (None, (), False, "") and not field.required:
        parts.append(f"By default {_shown(field.default)}.")
    if _is_list(field):
        parts.append("Repeatable.")
    return " ".join(parts)


def _shown(default: object) -> str:
    if isinstance(default, enum.Enum):
        return str(default.value)
    if isinstance(default, bool):
        return "yes"
    if isinstance(default, tuple):
        return "x".join(str(one) for one in default)
    return f"{default:g}" if isinstance(default, float) else str(default)


def _is_list(field: Described) -> bool:
    arguments = typing.get_args(field.annotation)
    return typing.get_origin(field.annotation) is tuple and arguments[-1] is Ellipsis


def _is_pair(field: Described) -> bool:
    return typing.get_args(field.annotation) == (int, int)


def _item(field: Described) -> object:
    return typing.get_args(field.annotation)[0]


def _is_complex(field: Described) -> bool:
    """Unions and tuples of models, which only a recipe or a spec can state."""
    kind = _item(field) if _is_list(field) else field.annotation
    if typing.get_origin(kind) is Literal or _is_pair(field):
        return False
    return not isinstance(kind, type) or model_of(kind) is not None


def _is_argument(parameter: inspect.Parameter) -> bool:
    infos: Sequence[object] = getattr(parameter.annotation, "__metadata__", ())
    return any(isinstance(info, typer.models.ArgumentInfo) for info in infos)
