"""``omniseg jobs``: every field of a kind's settings as an option, one document per command."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import pytest
import typer
import typer.main
from pydantic import Field
from typer.testing import CliRunner

from omniseg_backend.cli.job_submit import _command, settings_of
from omniseg_backend.cli.lazy_commands import plain_typer
from omniseg_backend.common.settings import Settings, Unit, described_fields, model_of
from omniseg_backend.jobs.kinds import kinds
from omniseg_backend.jobs.spec import JobSpec
from omniseg_backend.jobs.states import State
from omniseg_backend.jobs.store import JobStore
from tests.cli.conftest import MakeModel, Omniseg, assert_one_sentence, document
from tests.jobs import conftest as job_fixtures
from tests.jobs.conftest import Jobs, wait_until

counting, jobs = job_fixtures.counting, job_fixtures.jobs


def submit_square(omniseg: Omniseg, make_model: MakeModel, square: Path, *more: object) -> str:
    result = omniseg(
        "jobs", "submit", "segment", square, "--model", make_model().path,
        "--modality", "microscopy", "--json", *more,
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    return str(document(result)["job"]["id"])


def test_a_job_from_submission_to_purge(
    omniseg: Omniseg, make_model: MakeModel, square: Path, tmp_path: Path
) -> None:
    mask = tmp_path / "mask.png"
    job = submit_square(omniseg, make_model, square, "-o", mask, "--title", "Mine")
    followed = omniseg("jobs", "follow", job, "--json")
    assert followed.exit_code == 0, followed.stderr
    told = document(followed)["job"]
    assert (told["state"], told["title"], told["resumable"]) == ("finished", "Mine", False)
    assert str(mask) in told["results"]
    assert mask.exists()
    (listed,) = document(omniseg("jobs", "list", "--json"))["jobs"]
    assert listed == told
    shown = document(omniseg("jobs", "show", job, "--json"))
    assert shown["spec"]["settings"]["image"] == str(square)
    assert document(omniseg("jobs", "purge", "--older-than", "1", "--json")) == {"removed": []}
    assert document(omniseg("jobs", "purge", "--older-than", "0", "--json")) == {"removed": [job]}
    assert mask.exists()
    for command in ("list", "show", "remove"):
        words = ("jobs", command) if command == "list" else ("jobs", command, job)
        assert omniseg(*words).exit_code == (0 if command == "list" else 2)


def test_tables_for_people(omniseg: Omniseg, make_model: MakeModel, square: Path) -> None:
    job = submit_square(omniseg, make_model, square)
    omniseg("jobs", "follow", job)
    assert "finished" in omniseg("jobs", "list").stdout
    shown = omniseg("jobs", "show", job).stdout
    assert "report.json" in shown
    asked = [line.split() for line in shown.splitlines()]
    assert ["modality", "microscopy"] in asked
    assert "image" in [words[0] for words in asked if words]
    assert job in omniseg("jobs", "remove", job).stdout
    assert "No jobs" in omniseg("jobs", "list").stdout


def test_a_whole_spec_is_submitted_as_a_form_makes_it(
    omniseg: Omniseg, make_model: MakeModel, square: Path, tmp_path: Path
) -> None:
    settings = {"image": str(square), "model": str(make_model().path), "modality": "microscopy"}
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps({"kind": "segment", "settings": settings}))
    told = omniseg("jobs", "submit", "--spec", spec, "--json")
    assert told.exit_code == 0, told.stderr
    spec.write_text(json.dumps({"kind": "segment", "settings": settings | {"threads": 0}}))
    refused = omniseg("jobs", "submit", "--spec", spec)
    assert_one_sentence(refused, 3, "settings.threads", "found 0", "from 1")
    assert_one_sentence(omniseg("jobs", "submit"), 2, "evaluate, export")
    both = omniseg("jobs", "submit", "--spec", spec, "segment", square)
    assert_one_sentence(both, 2, "--spec together with segment", "leave one out")


def test_bad_data_ends_following_with_3(omniseg: Omniseg, tmp_path: Path) -> None:
    (tmp_path / "no.png").write_bytes(b"no picture")
    told = omniseg("jobs", "submit", "segment", tmp_path / "no.png", "--task", "cardiac-mri",
                   "--json")  # fmt: skip
    job = document(told)["job"]["id"]
    result = omniseg("jobs", "follow", job, "--json")
    assert result.exit_code == 3
    assert "no.png" in document(result)["job"]["error"]
    store = JobStore()
    wait_until(lambda: store.record(job).known.state is State.FAILED, "it failed")
    assert_one_sentence(omniseg("jobs", "cancel", job), 2, "found a job that is failed")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("submit", "train", "data", "--batch-size", "1"), 2, "--batch-size: found 1"),
        (
            ("submit", "train", "data", "--minutes", "inf"),
            2,
            "--minutes: found inf, expected above 0 to 10080",
        ),
        (("submit", "train", "data", "--minutes", "nan"), 2, "--minutes: found nan"),
        (("submit", "train", "data", "--steps", "99999999999"), 2, "from 1 to 10000000"),
        (("submit", "evaluate", "no-model", "data"), 2, "neither a file nor the id"),
        (("pause", "train-1"), 2, "no such job"),
        (("purge", "--older-than", "-1"), 2, "days from 0 to 36500"),
        (("purge", "--older-than", "99999999999"), 2, "days from 0 to 36500"),
        (("purge", "--older-than", "nan"), 2, "--older-than: found nan"),
    ],
)
def test_a_wrong_word_is_one_sentence(
    omniseg: Omniseg, words: tuple[str, ...], code: int, told: str
) -> None:
    result = omniseg("jobs", *words)
    assert result.exit_code == code
    assert told in result.stderr


@pytest.mark.parametrize("name", ["segment", "batch", "train", "evaluate", "compare", "export"])
def test_the_help_of_a_kind_has_every_setting(omniseg: Omniseg, name: str) -> None:
    result = omniseg("jobs", "submit", name, "--help")
    assert result.exit_code == 0
    for field in described_fields(settings_of(kinds()[name])):
        if field.required:
            assert field.path[-1].upper() in result.stdout
        elif model_of(field.annotation) is None and field.path[-1] not in COMPLEX:
            assert f"--{field.option}" in result.stdout


#: Lists and choices of whole models, which a recipe states.
COMPLEX = ("clean_up", "sampling", "normalisation")


def test_a_field_added_to_a_rooms_settings_is_in_the_command_and_the_schema() -> None:
    class Baking(Settings):
        dough: Path
        """What is baked."""
        heat: Annotated[float, Field(ge=50, le=300), Unit("degrees C")] = 180.0
        """Of the oven."""

    class BakingSpec(JobSpec):
        work: ClassVar[str] = "bakery:run"
        summary: ClassVar[str] = "Bake."
        default_output: ClassVar[str] = "bread"
        kind: Literal["bake"] = "bake"
        settings: Baking
        """What."""

    app = plain_typer()
    app.command("bake")(_command(BakingSpec))
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).output
    assert "--heat NUMBER from 50 to 300" in shown
    assert "Of the oven. In degrees C. By default 180." in shown
    assert "DOUGH" in shown
    heat = BakingSpec.model_json_schema()["$defs"]["Baking"]["properties"]["heat"]
    assert (heat["minimum"], heat["maximum"], heat["unit"]) == (50, 300, "degrees C")
    wrong = CliRunner().invoke(app, ["rye", "--heat", "999"])
    assert wrong.exit_code == 2
    assert "--heat: found 999" in wrong.stderr
    assert isinstance(typer.main.get_command(app).name, str)


def test_which_python_trains_and_what_building_one_would_take(omniseg: Omniseg) -> None:
    told = document(omniseg("jobs", "environment", "--build", sys.executable, "--json"))
    offer = told["offer"]
    assert (offer["built"], offer["bytes_needed"] > 1e9) == (False, True)
    assert not Path(offer["folder"]).exists()
    shown = omniseg("jobs", "environment", "--build", sys.executable)
    assert "GB are free" in shown.stderr
    assert "Nothing was built" in shown.stdout
    assert "--extra-index-url" in shown.stdout
    assert_one_sentence(omniseg("jobs", "environment", "--wheels", "w"), 2, "no --build")
    assert_one_sentence(omniseg("jobs", "environment", "--use", "gone"), 3, "no such file")


def test_damaged_settings_of_the_environment_end_with_3(omniseg: Omniseg, home: Path) -> None:
    home.mkdir(exist_ok=True)
    (home / "config.json").write_text("{")
    assert_one_sentence(omniseg("jobs", "environment"), 3, "config.json", "a damaged file")


def test_a_job_that_does_not_heed_a_pause_is_said(
    omniseg: Omniseg, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omniseg_backend.cli.jobs._PATIENCE", 0.2)
    job = jobs.submit(gate=str(jobs.gate), heeds=False)
    jobs.wait_for(job, State.RUNNING)
    assert_one_sentence(omniseg("jobs", "pause", job), 3, f"job {job}", "the request stands")
