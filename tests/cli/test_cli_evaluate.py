"""``omniseg evaluate``: figures of a data set whose answer is known."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from omniseg_backend.images.modality import Modality
from tests.cli.conftest import MakeModel, Omniseg, assert_one_sentence, document

SIDE = 32


def _case(folder: Path, part: str, name: str, drawn: slice, labelled: slice) -> None:
    """A bright square and a truth that need not agree with it; columns 4 to 12."""
    picture, truth = np.zeros((2, SIDE, SIDE), np.uint8)
    picture[drawn, 4:12] = 200
    truth[labelled, 4:12] = 1
    for kind, pixels in (("images", picture), ("masks", truth)):
        target = folder / part / kind / f"{name}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        Pillow.fromarray(pixels).save(target)


@pytest.fixture
def squares(tmp_path: Path) -> Path:
    """Test part: one perfect case, one of Dice 0.5 and one both empty; one training case."""
    folder = tmp_path / "squares"
    _case(folder, "train", "t", slice(0, 8), slice(0, 8))
    _case(folder, "test", "a", slice(0, 8), slice(0, 8))
    _case(folder, "test", "b", slice(0, 8), slice(4, 12))
    _case(folder, "test", "c", slice(0, 0), slice(0, 0))
    return folder


def test_the_document_holds_the_known_figures(
    omniseg: Omniseg, make_model: MakeModel, squares: Path
) -> None:
    bundle = make_model(Modality.DERMOSCOPY)
    content = document(omniseg("evaluate", bundle.path, squares, "--json"))
    assert content["mean_dice"] == pytest.approx(0.75)
    (figures,) = content["classes"].values()
    assert set(figures) == {"dice", "iou", "hd95"}
    assert figures["dice"] == pytest.approx(0.75)
    assert figures["iou"] == pytest.approx((1 + 1 / 3) / 2)
    assert figures["hd95"]["unit"] == "px"
    (name,) = content["classes"]
    outcomes = {case["case"]: case["classes"][name]["outcome"] for case in content["cases"]}
    assert list(outcomes.values()) == ["both_present", "both_present", "both_empty"]
    empty = content["cases"][2]["classes"][name]
    assert empty["dice"] is None
    assert empty["hd95"] is None
    assert content["split"] == "test"


def test_another_part_can_be_named(omniseg: Omniseg, add: MakeModel, squares: Path) -> None:
    bundle = add(Modality.DERMOSCOPY)
    content = document(
        omniseg("evaluate", bundle.manifest.id, squares, "--split", "train", "--json")
    )
    assert len(content["cases"]) == 1
    assert content["mean_dice"] == 1.0
    assert omniseg("evaluate", bundle.path, squares, "--split", "all").exit_code == 2


def test_people_see_means_and_what_they_leave_out(
    omniseg: Omniseg, make_model: MakeModel, squares: Path
) -> None:
    result = omniseg("evaluate", make_model(Modality.DERMOSCOPY).path, squares)
    assert "0.750 ± 0.354" in result.stdout
    assert "mean Dice 0.750 over 3 cases" in result.stdout


def test_the_csv_has_a_row_per_case_and_class(
    omniseg: Omniseg, make_model: MakeModel, squares: Path, tmp_path: Path
) -> None:
    table, model = tmp_path / "cases.csv", make_model(Modality.DERMOSCOPY).path
    assert omniseg("evaluate", model, squares, "--csv", table).exit_code == 0
    with table.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["outcome"] for row in rows] == ["both_present", "both_present", "both_empty"]
    assert float(rows[1]["dice"]) == pytest.approx(0.5)
    assert (rows[1]["true_size"], rows[1]["size_unit"]) == ("64.0", "px")
    assert rows[2]["dice"] == ""
    again = omniseg("evaluate", model, squares, "--csv", table)
    assert_one_sentence(again, 3, str(table), "--overwrite")


def test_a_data_set_of_other_classes_is_refused(
    omniseg: Omniseg, make_model: MakeModel, fresh_dataset: Path
) -> None:
    result = omniseg("evaluate", make_model().path, fresh_dataset)
    assert_one_sentence(result, 3, "square, disc", "classes")


def test_no_data_set_is_said(omniseg: Omniseg, make_model: MakeModel, tmp_path: Path) -> None:
    result = omniseg("evaluate", make_model().path, tmp_path / "nothing")
    assert_one_sentence(result, 3, "nothing", "folder of a data set")
