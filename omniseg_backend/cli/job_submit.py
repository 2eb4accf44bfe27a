"""``omniseg jobs submit KIND``: a command per kind, made from the kind's spec."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import typer.main
from typer.core import TyperGroup

from omniseg_backend.cli.lazy_commands import plain_typer
from omniseg_backend.cli.model_options import metavar, parameter_name, with_options
from omniseg_backend.cli.options import Json, Overwrite, path_option
from omniseg_backend.common.settings import Described, Settings, described_fields, model_of

if TYPE_CHECKING:
    from typer._click.core import Command, Context

    from omniseg_backend.jobs.spec import JobSpec

Recipe = Annotated[
    Path | None,
    path_option("--recipe", text="JSON with settings; options win."),
]
Title = Annotated[
    str | None, typer.Option("--title", show_default=False, help="Its name in lists.")
]
Output = Annotated[
    Path | None,
    path_option(
        "--output",
        "-o",
        text="Also put the result here; it is kept in the job's folder in any case.",
    ),
]


class SubmitKinds(TyperGroup):
    """A group with a command per kind of job; none is named here."""

    def list_commands(self, ctx: Context) -> list[str]:
        """The kinds."""
        from omniseg_backend.jobs.kinds import kinds

        return list(kinds())

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """The command of a kind; None if there is no such kind."""
        from omniseg_backend.jobs.kinds import kinds

        spec = kinds().get(cmd_name)
        if spec is None:
            return None
        holder = plain_typer()
        holder.command(cmd_name, help=spec.summary)(_command(spec))
        return typer.main.get_command(holder)


def settings_of(spec: type[JobSpec]) -> type[Settings]:
    """The settings that a kind's spec wraps."""
    found = model_of(spec.model_fields["settings"].annotation)
    assert found is not None
    assert issubclass(found, Settings)
    return found


def _command(spec: type[JobSpec]) -> Callable[..., None]:
    model = settings_of(spec)
    required = [field for field in described_fields(model) if field.required]

    def submit(**given: object) -> None:
        _submit(spec, model, required, given)

    stated = {parameter_name(field) for field in required}
    # A kind whose settings say where its output goes, as a batch's do, has no second place.
    own = [
        option
        for option in inspect.signature(_own_options, eval_str=True).parameters.values()
        if option.name not in stated
    ]
    submit.__signature__ = inspect.Signature([*map(_argument, required), *own])  # type: ignore[attr-defined]
    return with_options(model, leave_out={field.path[0] for field in required})(submit)


def _own_options(
    recipe: Recipe = None,
    title: Title = None,
    output: Output = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """The options that every kind has."""


def _argument(field: Described) -> inspect.Parameter:
    """A field without a default is named by its place, not by an option."""
    kind = Path if field.annotation is Path else str
    name = parameter_name(field)
    shown = name.upper() if kind is Path else f"{name.upper()} {metavar(field)}".split(" TEXT")[0]
    info = typer.Argument(help=field.help_text, metavar=shown, readable=False)
    return inspect.Parameter(
        name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Annotated[kind, info]
    )


def _submit(
    spec: type[JobSpec],
    model: type[Settings],
    required: list[Described],
    given: dict[str, object],
) -> None:
    from omniseg_backend.cli.terminal import command

    with command(json=bool(given["json"])) as terminal:
        from omniseg_backend.cli.job_documents import JobDocument, described
        from omniseg_backend.cli.job_report import job_tables
        from omniseg_backend.cli.model_values import model_values
        from omniseg_backend.datasets.json_files import read_json_object
        from omniseg_backend.jobs.client import JobClient

        recipe = given["recipe"]
        settings = model_values(
            model,
            given,
            fixed={field.path[0]: given[parameter_name(field)] for field in required},
            recipe=read_json_object(recipe) if isinstance(recipe, Path) else None,
            recipe_name=recipe if isinstance(recipe, Path) else None,
        )
        client = JobClient()
        asked = spec.model_validate(
            {
                "settings": settings,
                "title": given["title"] or "",
                "output": None if "output" in model.model_fields else given["output"],
                "overwrite": given["overwrite"],
            }
        )
        job = client.submit(asked).id
        terminal.answer(JobDocument(job=described(client.job(job))), job_tables)


def submit_file(
    context: typer.Context,
    spec: Annotated[
        Path | None,
        path_option("--spec", text="A whole job as JSON, in place of a kind's command."),
    ] = None,
    json: Json = False,
) -> None:
    """Put a job into the queue; it runs on when this terminal is closed.

    Each kind has a command with its options; a program hands a whole spec over with --spec.
    """
    from omniseg_backend.cli.terminal import command, contradiction

    if context.invoked_subcommand is not None:
        if spec is not None:
            with command(json=json):
                raise contradiction("--spec", context.invoked_subcommand)
        return
    with command(json=json) as terminal:
        from omniseg_backend.cli.job_documents import JobDocument, described
        from omniseg_backend.cli.job_report import job_tables
        from omniseg_backend.common.errors import UsageError
        from omniseg_backend.datasets.json_files import read_json_object
        from omniseg_backend.jobs.client import JobClient
        from omniseg_backend.jobs.kinds import kinds
        from omniseg_backend.jobs.spec_file import parse_spec

        if spec is None:
            raise UsageError(
                "omniseg jobs submit",
                found="no kind of job",
                expected=f"one of {', '.join(kinds())}, or --spec FILE",
                remedy="name one; each explains itself with --help",
            )
        client = JobClient()
        job = client.submit(parse_spec(read_json_object(spec), spec)).id
        terminal.answer(JobDocument(job=described(client.job(job))), job_tables)


submit = plain_typer("submit", SubmitKinds)
# Without a kind, --spec may stand for it.
submit.info.no_args_is_help = False
submit.callback(invoke_without_command=True)(submit_file)
