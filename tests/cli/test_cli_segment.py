"""``omniseg segment``: from a file to a mask, and every way of choosing the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from omniseg_backend.images.modality import Modality
from omniseg_backend.images.reading import read_image, read_segmentation
from omniseg_backend.images.writing import write_image
from tests.cli.conftest import MakeModel, Omniseg, assert_one_sentence, document

KEYS = {"output", "bundle", "task", "variant", "classes", "flags", "seconds", "provenance"}
CLASS_KEYS = {"value", "name", "voxels", "measurement", "components", "confidence", "review"}


def test_the_mask_and_its_document(
    omniseg: Omniseg, make_model: MakeModel, square: Path, tmp_path: Path
) -> None:
    bundle, mask = make_model(), tmp_path / "mask.png"
    result = omniseg("segment", square, "-o", mask, "--model", bundle.path, "--json")
    content = document(result)
    assert set(content) == KEYS
    assert content["output"] == str(mask)
    assert (content["bundle"], content["task"], content["variant"]) == (
        bundle.manifest.id,
        "toy",
        "custom",
    )
    (found,) = content["classes"]
    assert set(found) == CLASS_KEYS
    assert (found["value"], found["name"], found["voxels"]) == (1, "square", 64)
    assert found["measurement"] == {"value": 64.0, "unit": "px"}
    assert found["components"] == 1
    assert content["seconds"]["total"] >= max(content["seconds"].values())
    written = read_segmentation(mask).provenance
    assert written is not None
    assert content["provenance"] == written.as_dict()
    labels = read_segmentation(mask).labels[0, :, :, 0]
    expected = np.zeros((32, 32), np.uint8)
    expected[16:24, 4:12] = 1
    np.testing.assert_array_equal(labels, expected)


def test_people_get_a_table(
    omniseg: Omniseg, make_model: MakeModel, square: Path, tmp_path: Path
) -> None:
    mask = tmp_path / "mask.png"
    result = omniseg("segment", square, "-o", mask, "--model", make_model().path)
    assert result.exit_code == 0, result.stderr
    row = next(line for line in result.stdout.splitlines() if line.strip().startswith("square"))
    assert "64 px" in row
    assert "research use, not reviewed" in result.stdout


def test_nothing_found_is_said(
    omniseg: Omniseg, make_model: MakeModel, square: Path, tmp_path: Path
) -> None:
    # The square lies outside of the region.
    options = ("--model", make_model().path, "--region", "0:8,16:32")
    result = omniseg("segment", square, "-o", tmp_path / "mask.png", *options)
    assert result.exit_code == 0, result.stderr
    assert "none found" in result.stdout
    assert "None found: square" in result.stdout


def test_a_demo_model_says_so(
    omniseg: Omniseg, make_model: MakeModel, square: Path, tmp_path: Path
) -> None:
    model = make_model(synthetic=True).path
    options = ("-o", tmp_path / "mask.png", "--model", model, "--json")
    flags = document(omniseg("segment", square, *options))["flags"]
    assert [flag["code"] for flag in flags] == ["demo"]


def test_an_estimate_writes_nothing(
    omniseg: Omniseg, make_model: MakeModel, square: Path, tmp_path: Path
) -> None:
    bundle = make_model()
    before = set(tmp_path.rglob("*"))
    result = omniseg("segment", square, "--model", bundle.path, "--estimate", "--json")
    content = document(result)
    assert set(content) == {"bundle", "task", "variant", "estimate", "flags"}
    assert content["estimate"]["windows"] == 1
    expected = content["estimate"]
    assert expected["read_seconds"] > 0
    assert expected["load_seconds"] > 0
    assert expected["seconds"] > expected["read_seconds"] + expected["load_seconds"]
    assert set(tmp_path.rglob("*")) == before


def test_an_estimate_says_what_it_counts_and_what_is_doubtful(
    omniseg: Omniseg, make_model: MakeModel, tmp_path: Path
) -> None:
    black = tmp_path / "black.png"
    PIL.Image.fromarray(np.zeros((32, 32), np.uint8)).save(black)
    result = omniseg("segment", black, "--model", make_model().path, "--estimate")
    said = " ".join(result.stdout.split())
    assert "loading the network" in said
    assert "for 1 plane in 1 window." in said
    assert "black.png shows nothing" in said


def test_what_is_known_before_the_run_is_in_the_flags(
    omniseg: Omniseg, make_model: MakeModel, square: Path, tmp_path: Path
) -> None:
    options = ("-o", tmp_path / "m.png", "--model", make_model(Modality.CT).path, "--json")
    result = omniseg("segment", square, *options)
    assert [flag["code"] for flag in document(result)["flags"]] == ["not_hounsfield"]
    assert result.stderr.index("Hounsfield") < result.stderr.index("segmenting")  # before it runs


@pytest.mark.parametrize("name", ["map.png", "map.nii.gz", "map.nrrd", "map.mha", "map.tif"])
def test_an_uncertainty_map_lies_on_the_images_grid_and_says_what_made_it(
    omniseg: Omniseg, make_model: MakeModel, square: Path, tmp_path: Path, name: str
) -> None:
    bundle = make_model(symmetric_axes=("rows",))
    target = tmp_path / name
    result = omniseg(
        "segment", square, "-o", tmp_path / "m.png", "--model", bundle.path,
        "--uncertainty", target,
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    found = read_image(target)
    assert found.geometry.affine[:2, :2] == pytest.approx(
        read_image(square).geometry.affine[:2, :2]
    )
    assert found.provenance == read_segmentation(tmp_path / "m.png").provenance
    assert found.provenance is not None


def test_an_existing_output_is_kept_unless_told_otherwise(
    omniseg: Omniseg, make_model: MakeModel, square: Path, tmp_path: Path
) -> None:
    mask, model = tmp_path / "mask.png", make_model().path
    mask.write_bytes(b"mine")
    refused = omniseg("segment", square, "-o", mask, "--model", model)
    assert_one_sentence(refused, 3, str(mask), "--overwrite")
    assert mask.read_bytes() == b"mine"
    taken = omniseg("segment", square, "-o", mask, "--model", model, "--overwrite")
    assert taken.exit_code == 0, taken.stderr
    assert read_segmentation(mask).labels.sum() == 64


def test_the_image_itself_is_never_overwritten(
    omniseg: Omniseg, make_model: MakeModel, square: Path
) -> None:
    before = square.read_bytes()
    options = ("-o", square, "--model", make_model().path, "--overwrite")
    assert_one_sentence(omniseg("segment", square, *options), 2, "one file named twice")
    assert square.read_bytes() == before


def test_a_task_takes_the_model_at_hand(
    omniseg: Omniseg, add: MakeModel, square: Path, tmp_path: Path
) -> None:
    bundle = add()
    options = ("-o", tmp_path / "mask.png", "--task", "toy", "--json")
    assert document(omniseg("segment", square, *options))["bundle"] == bundle.manifest.id


def test_a_models_id_names_it(
    omniseg: Omniseg, add: MakeModel, square: Path, tmp_path: Path
) -> None:
    bundle = add()
    options = ("-o", tmp_path / "mask.png", "--model", bundle.manifest.id, "--json")
    assert document(omniseg("segment", square, *options))["bundle"] == bundle.manifest.id


def test_without_a_task_those_that_fit_are_listed(
    omniseg: Omniseg, add: MakeModel, square: Path, tmp_path: Path
) -> None:
    add(Modality.MICROSCOPY, task={"id": "nuclei", "title": "Nuclei"})
    add(Modality.CT, task={"id": "liver", "title": "Liver"})
    result = omniseg("segment", square, "-o", tmp_path / "mask.png", "--modality", "microscopy")
    assert_one_sentence(result, 2, "nuclei: Nuclei (microscopy; custom)", "--task")
    assert "liver" not in result.stderr


def test_a_guess_at_the_modality_is_shown_as_a_guess(
    omniseg: Omniseg, add: MakeModel, make_volume, tmp_path: Path
) -> None:
    add(Modality.CT, task={"id": "liver", "title": "Liver"})
    add(Modality.MRI, task={"id": "heart", "title": "Heart"})
    path = tmp_path / "scan.nii.gz"
    values = np.full((8, 8, 3), -1000, np.int16)  # air in Hounsfield units
    from omniseg_backend.images.modality import UNKNOWN

    write_image(make_volume(values, modality=UNKNOWN), path)
    result = omniseg("segment", path, "-o", tmp_path / "mask.nii.gz")
    assert_one_sentence(result, 2, "ct (a guess)", "liver")
    assert "heart" not in result.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--task", "toy", "--model", "x.omniseg"), ("--task together with --model",)),
        (("--model", "x.omniseg", "--variant", "compact"), ("--model together with --variant",)),
        (("--task", "nothing"), ("task nothing", "toy")),
        (("--task", "toy", "--variant", "accurate"), ("variant accurate", "custom")),
        (("--model", "no-such-model"), ("no-such-model", "toy-1")),
        (("--task", "toy", "--region", "0:99,0:99"), ("0:99,0:99", "0:32,0:32")),
        (("--task", "toy", "--region", "left"), ("'left'",)),
    ],
)
def test_wrong_options_are_usage_errors(
    omniseg: Omniseg,
    add: MakeModel,
    square: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    words: tuple[str, ...],
) -> None:
    add()
    result = omniseg("segment", square, "-o", tmp_path / "mask.png", *options)
    assert_one_sentence(result, 2, *words)
    assert not (tmp_path / "mask.png").exists()


def test_an_output_must_be_named(omniseg: Omniseg, square: Path) -> None:
    assert_one_sentence(omniseg("segment", square, "--task", "toy"), 2, "-o")


def test_an_error_is_a_document_too(omniseg: Omniseg, square: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing.png"
    result = omniseg("segment", missing, "-o", tmp_path / "m.png", "--task", "toy", "--json")
    error = document(result)["error"]
    assert set(error) == {"subject", "found", "expected", "remedy", "details", "exit_code"}
    assert error["subject"] == str(missing)
    assert error["exit_code"] == result.exit_code == 3
    assert error["details"] == []


def test_a_known_modality_is_overruled_on_request_only(
    omniseg: Omniseg, make_model: MakeModel, make_volume, tmp_path: Path
) -> None:
    path = tmp_path / "scan.nii.gz"
    write_image(make_volume(np.zeros((32, 32, 2), np.int16)), path)  # states MRI
    options = ("-o", tmp_path / "mask.nii.gz", "--model", make_model(Modality.CT).path)
    assert_one_sentence(omniseg("segment", path, *options), 3, "mri", "ct")
    assert not (tmp_path / "mask.nii.gz").exists()
    taken = omniseg("segment", path, *options, "--override-modality", "--json")
    flags = [flag["code"] for flag in document(taken)["flags"]]
    assert "modality_override" in flags


def test_what_the_reader_assumed_is_said_and_flagged(
    omniseg: Omniseg, make_model: MakeModel, square: Path, tmp_path: Path
) -> None:
    picture = PIL.Image.open(square)
    exif = picture.getexif()
    exif[274] = 6  # turned by a quarter
    picture.save(tmp_path / "turned.png", exif=exif)
    options = ("-o", tmp_path / "mask.png", "--model", make_model().path, "--json")
    result = omniseg("segment", tmp_path / "turned.png", *options)
    assert "turned.png: The picture's EXIF orientation (6) is not applied" in result.stderr
    assert "exif_orientation" in [flag["code"] for flag in document(result)["flags"]]
