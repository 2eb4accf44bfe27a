"""``omniseg dataset``: what a site corrected, kept for training and for comparing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from omniseg_backend.cli.lazy_commands import plain_typer
from omniseg_backend.cli.model_options import with_options
from omniseg_backend.cli.options import Json, Overwrite, path_argument
from omniseg_backend.common.wording import counted
from omniseg_backend.datasets.site.settings import AddSettings, CreateSettings

if TYPE_CHECKING:
    from rich.console import RenderableType

    from omniseg_backend.cli.site_documents import (
        DatasetAddDocument,
        DatasetCheckDocument,
        DatasetCreateDocument,
        DatasetListDocument,
    )

Folder = Annotated[Path, path_argument("The site data set.")]

commands = plain_typer("dataset")


@commands.callback(invoke_without_command=True)
def dataset(context: typer.Context) -> None:
    """Keep corrected masks as a data set: an nnU-Net v2 raw folder that grows case by case.

    Every fifth new patient is reserved: `omniseg train` never sees it, `omniseg compare` does.
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@commands.command()
@with_options(CreateSettings, leave_out={"folder"})
def create(
    folder: Annotated[Path, path_argument("Its folder, which must not exist yet.")],
    json: Json = False,
    **options: object,
) -> None:
    """Make an empty site data set."""
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.cli.model_values import model_values
        from omniseg_backend.cli.site_work import create_site

        settings = model_values(CreateSettings, options, fixed={"folder": folder})
        terminal.answer(create_site(settings), _created)


@commands.command()
@with_options(AddSettings, leave_out={"folder", "image", "mask"})
def add(
    folder: Folder,
    image: Annotated[Path, path_argument("An image file, or a folder of DICOM files.")],
    mask: Annotated[Path, path_argument("The corrected mask, on the image's grid.")],
    overwrite: Overwrite = False,
    json: Json = False,
    **options: object,
) -> None:
    """Add an image and its corrected mask.

    An image that is there already, in whatever format, is not added twice; with --overwrite its
    mask is replaced.
    """
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.cli.model_values import model_values
        from omniseg_backend.cli.site_work import add_to_site

        fixed = {"folder": folder, "image": image, "mask": mask}
        settings = model_values(AddSettings, options, fixed=fixed)
        terminal.progress(f"reading {image.name}", 0.0)
        document = add_to_site(settings, overwrite=overwrite)
        for note in document.notes:
            terminal.say(note)
        terminal.answer(document, _added)


@commands.command("list")
def list_cases(folder: Folder, json: Json = False) -> None:
    """List the cases: patient, part, when each came and from which bundle."""
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.cli.site_work import list_site

        terminal.answer(list_site(folder), _listed)


@commands.command()
def check(folder: Folder, json: Json = False) -> None:
    """Read every image and mask and list all problems; ends with 3 if training is forbidden."""
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        from omniseg_backend.cli.site_work import check_folder

        document = check_folder(folder, terminal)
        terminal.answer(document, _checked)
        if not document.usable:
            raise typer.Exit(3)


def _created(document: DatasetCreateDocument) -> Sequence[RenderableType]:
    return [
        f"{document.folder}: {document.name}, an empty data set of "
        f"{', '.join(document.classes)} in {document.modality or 'images of any modality'} "
        f"({', '.join(document.channels)})."
    ]


def _added(document: DatasetAddDocument) -> Sequence[RenderableType]:
    case = document.case
    place = "reserved for comparing" if case.part == "test" else "for training"
    told = {
        "added": f"added, {place}",
        "present": f"was there already, {place}",
        "replaced": f"its mask was replaced; {place}",
    }
    return [f"{case.case} (patient {case.patient}): {told[document.outcome]}."]


def _listed(document: DatasetListDocument) -> Sequence[RenderableType]:
    from omniseg_backend.cli.tables import MISSING, table

    headings = ("case", "patient", "stated by", "part", "added", "corrected from")
    rows = [
        (
            case.case,
            case.patient,
            case.patient_from,
            "reserved" if case.part == "test" else "training",
            case.added,
            MISSING if case.bundle is None else f"{case.bundle} {case.bundle_version}",
        )
        for case in document.cases
    ]
    trained = document.patients - document.reserved_patients
    return [
        *([table(headings, rows)] if rows else []),
        f"{document.name}: {counted(document.training_cases, 'training case')} of "
        f"{counted(trained, 'patient')}, {counted(document.reserved_cases, 'reserved case')} of "
        f"{counted(document.reserved_patients, 'patient')}.",
    ]


def _checked(document: DatasetCheckDocument) -> Sequence[RenderableType]:
    lines = [
        f"{problem.severity}: {problem.subject}: found {problem.found}, expected "
        f"{problem.expected}; {problem.remedy}."
        for problem in document.problems
    ]
    return lines or [f"{document.folder}: no problem found."]
