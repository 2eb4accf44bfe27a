"""A field of settings is stated once and found in the command, its help and the schema."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated, Literal

import pytest
import typer
from pydantic import Field
from typer.testing import CliRunner

from omniseg_backend.cli.model_options import with_options
from omniseg_backend.cli.model_values import model_values
from omniseg_backend.common.errors import UsageError
from omniseg_backend.common.settings import Option, Settings, Unit, described_fields
from omniseg_backend.training.settings import TrainingSettings


class Ink(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class Pen(Settings):
    width: Annotated[float, Field(gt=0, le=5), Unit("mm")] = 0.5
    """Of the line."""
    ink: Ink = Ink.RED
    """Its colour."""


class Drawing(Settings):
    paper: Path
    """What is drawn on."""
    pen: Pen = Pen()
    """What is drawn with."""
    spare: Pen | None = None
    """Another pen, as a whole."""
    corners: Annotated[tuple[Literal["round", "sharp"], ...], Option("corner")] = ()
    """How lines meet."""
    framed: bool = False
    """Draw a frame."""
    copies: Annotated[int | None, Field(ge=1)] = None
    """How many."""


def run(*words: str, model: type[Settings] = Drawing) -> tuple[str, list[Settings]]:
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    made: list[Settings] = []

    @app.command()
    @with_options(model, leave_out={"paper"})
    def draw(
        paper: Annotated[Path, typer.Argument()],
        loud: Annotated[bool, typer.Option("--loud")] = False,
        **options: object,
    ) -> None:
        made.append(model_values(model, options, fixed={"paper": paper}))

    result = CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output, made


def test_nothing_said_leaves_every_default() -> None:
    _, made = run("sheet")
    assert made == [Drawing(paper=Path("sheet"))]


def test_every_kind_of_field_arrives() -> None:
    words = [
        "--width",
        "2",
        "--ink",
        "blue",
        "--corner",
        "round",
        "--corner",
        "sharp",
        "--framed",
        "--copies",
        "3",
    ]
    _, made = run("sheet", *words, "--loud")
    expected = Drawing(
        paper=Path("sheet"),
        pen=Pen(width=2, ink=Ink.BLUE),
        corners=("round", "sharp"),
        framed=True,
        copies=3,
    )
    assert made == [expected]


def test_help_tells_type_range_unit_and_default() -> None:
    text, _ = run("--help")
    lines = [line.strip() for line in text.splitlines()]
    assert any(
        line.startswith("--width NUMBER above 0 to 5")
        and "Of the line. In mm. By default 0.5." in line
        for line in lines
    )
    assert any(line.startswith("--ink red|blue") for line in lines)
    assert any(line.startswith("--corner round|sharp") and "Repeatable" in line for line in lines)
    assert "spare" not in text  # only a recipe can say a whole model


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--width", "9"), "--width: found 9, expected above 0 to 5"),
        (("--ink", "green"), "--ink: found green, expected 'red' or 'blue'"),
        (("--copies", "0"), "--copies: found 0, expected from 1"),
    ],
)
def test_a_wrong_value_is_one_sentence_in_the_projects_words(
    words: tuple[str, str], sentence: str
) -> None:
    with pytest.raises(UsageError) as caught:
        run("sheet", *words)
    assert str(caught.value).startswith(sentence)


def test_a_field_added_in_one_place_is_in_the_command_and_the_schema() -> None:
    class Richer(Drawing):
        pressure: Annotated[float, Field(ge=0, le=9), Unit("newton")] = 1.5
        """Of the hand."""

    _, made = run("sheet", "--pressure", "4", model=Richer)
    assert made[0] == Richer(paper=Path("sheet"), pressure=4)
    help_text, _ = run("--help", model=Richer)
    assert "--pressure NUMBER from 0 to 9" in help_text
    schema = Richer.model_json_schema()["properties"]["pressure"]
    assert schema == {
        "default": 1.5,
        "description": "Of the hand.",
        "maximum": 9,
        "minimum": 0,
        "title": "Pressure",
        "type": "number",
        "unit": "newton",
    }


def test_every_training_setting_is_explained() -> None:
    unexplained = [
        field.path for field in described_fields(TrainingSettings) if not field.help_text
    ]
    assert not unexplained
