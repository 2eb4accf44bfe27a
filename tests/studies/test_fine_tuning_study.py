"""The fine-tuning study: folds of patients, arms that differ as asked, and going on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from omniseg_backend.cli.study_fine_tuning import parsed_arm
from omniseg_backend.common.errors import UsageError
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.studies.held_out import write_held_out
from omniseg_backend.studies.settings import Arm, FineTuningSettings
from omniseg_backend.training.settings import Budget


def test_held_out_patients_become_the_test_part_and_no_image_is_lost(
    toy_dataset: Path, tmp_path: Path
) -> None:
    before = open_dataset(toy_dataset)
    chosen = {before.part("test")[0].patient, before.part("train")[0].patient}
    write_held_out(before, chosen, tmp_path / "fold")
    after = open_dataset(tmp_path / "fold")
    assert {record.patient for record in after.part("test")} == chosen
    assert len(after.records) == len(before.records)
    assert {r.patient for r in after.records} == {r.patient for r in before.records}
    assert after.classes == before.classes


@pytest.mark.parametrize("text", ["noname", "=scratch", "a=", "a=scratch,trunk_rate"])
def test_an_arm_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="NAME=START"):
        parsed_arm(text)


def test_an_arm_names_its_start_and_its_settings(toy_bundle: Path) -> None:
    arm = parsed_arm(f"frozen={toy_bundle},trunk_rate=0,keep_statistics=true")
    assert arm.name == "frozen"
    assert arm.settings["initial_bundle"] == toy_bundle
    assert arm.settings["trunk_rate"] == "0"
    assert parsed_arm("new=scratch") == Arm(name="new")


@pytest.mark.parametrize(
    ("arm", "recipe", "subject"),
    [
        ("a=scratch,learning_rate=-1", {}, "--learning-rate"),
        ("a=scratch", {"learning_rate": -1}, "learning_rate"),
        ("a=scratch", {"task": {"id": "head-ct"}}, "task"),
        ("a=scratch,learnin_rate=1", {}, "learnin_rate"),
    ],
)
def test_wrong_settings_are_refused_before_the_first_training(
    toy_dataset: Path, tmp_path: Path, arm: str, recipe: dict[str, object], subject: str
) -> None:
    file = tmp_path / "recipe.json"
    file.write_text(json.dumps(recipe))
    arguments = ["--arm", "first=scratch", "--arm", arm, "--recipe", file]
    arguments += ["-o", tmp_path / "study"]
    main = "from omniseg_backend.cli.main import main; main()"
    found = subprocess.run(
        [sys.executable, "-c", main, "study", "fine-tuning", toy_dataset, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode in {2, 3}
    assert subject in found.stderr
    assert "validation error" not in found.stderr
    assert len(found.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "study").exists()


def test_a_study_measures_every_patient_once_and_goes_on_where_it_was(
    toy_dataset: Path, toy_bundle: Path, tmp_path: Path
) -> None:
    pytest.importorskip("torch", reason="training needs the train extra")
    from omniseg_backend.studies.fine_tuning import study_fine_tuning

    settings = FineTuningSettings(
        dataset=toy_dataset,
        arms=(Arm(name="scratch"), Arm(name="tuned", settings={"initial_bundle": toy_bundle})),
        folds=2,
        budget=Budget(steps=3),
        shared={"batch_size": 4, "validations": 1, "input_size": (32, 32)},
        threads=1,
    )
    found = study_fine_tuning(settings, tmp_path / "study")
    everyone = {record.patient for record in open_dataset(toy_dataset).records}
    assert set(found.patients) == everyone
    scratch, tuned = found.arms
    assert len(tuned.dice) == len(everyone)
    # Three steps from nothing find nothing; a trained start has the classes already.
    assert tuned.mean > scratch.mean + 0.3
    assert scratch.against_first is None
    assert tuned.against_first is not None
    assert tuned.against_first.interval is not None
    assert tuned.against_first.interval.low > 0

    kept = tmp_path / "study" / "tuned-fold-1-seed-0" / "result.json"
    kept.write_text(kept.read_text().replace('"steps": 3', '"steps": 30'))
    again = study_fine_tuning(settings, tmp_path / "study")
    assert again.arms[1].steps == pytest.approx((3 + 30) / 2)  # taken from the folder
    assert again.arms[1].dice == tuned.dice
