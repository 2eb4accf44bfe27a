"""``omniseg dataset``: real files in, a data set that training and evaluation open."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.images.writing import write_image, write_segmentation
from tests.cli.conftest import MakeModel, Omniseg, assert_one_sentence, document
from tests.datasets.site_makers import PROVENANCE, mask_of, volume
from tests.images.ct_series import write_series
from tests.images.dicom_writing import PATIENT_ID


@pytest.fixture
def scan(tmp_path: Path) -> tuple[Path, Path]:
    """A CT volume and its mask as files."""
    image = volume(0)
    files = tmp_path / "patient07.nii.gz", tmp_path / "corrected.nii.gz"
    write_image(image, files[0])
    write_segmentation(mask_of(image, 5, provenance=PROVENANCE), files[1])
    return files


@pytest.fixture
def site(omniseg: Omniseg, tmp_path: Path) -> Path:
    """An empty site data set of liver and spleen in CT."""
    folder = tmp_path / "Dataset201_Site"
    arguments = ("--class", "liver", "--class", "spleen", "--modality", "ct")
    made = document(omniseg("dataset", "create", folder, *arguments, "--json"))
    assert made["classes"] == {"liver": 1, "spleen": 2}
    assert (made["channels"], made["modality"]) == (["CT"], "ct")
    return folder


def test_an_image_is_added_listed_and_checked(
    omniseg: Omniseg, site: Path, scan: tuple[Path, Path]
) -> None:
    added = omniseg("dataset", "add", site, *scan, "--patient", "P1", "--json")
    told = document(added)
    assert (told["outcome"], told["notes"]) == ("added", [])
    assert told["case"]["bundle"] == PROVENANCE.bundle
    assert told["case"]["bundle_hash"] == PROVENANCE.bundle_hash
    listed = document(omniseg("dataset", "list", site, "--json"))
    assert listed["cases"] == [told["case"]]
    assert (listed["training_cases"], listed["reserved_cases"], listed["patients"]) == (1, 0, 1)
    assert "P1" in omniseg("dataset", "list", site).stdout
    checked = document(omniseg("dataset", "check", site, "--json"))
    assert checked["usable"]
    assert [problem["severity"] for problem in checked["problems"]] == ["warning"]
    again = document(omniseg("dataset", "add", site, *scan, "--json"))
    assert again["outcome"] == "present"
    assert len(open_dataset(site).records) == 1


def test_without_a_patient_a_warning_is_said(
    omniseg: Omniseg, site: Path, scan: tuple[Path, Path]
) -> None:
    result = omniseg("dataset", "add", site, *scan)
    assert result.exit_code == 0
    assert "patient of its own" in result.stderr
    assert "for training" in result.stdout


def test_dicom_s_patient_is_hashed_and_shown_nowhere(
    omniseg: Omniseg, site: Path, tmp_path: Path
) -> None:
    series = write_series(tmp_path / "series")
    from omniseg_backend.images.reading import read_image

    image = read_image(series.folder)
    mask = tmp_path / "mask.nii.gz"
    write_segmentation(mask_of(image), mask)
    result = omniseg("dataset", "add", site, series.folder, mask, "--json")
    assert document(result)["case"]["patient_from"] == "dicom"
    assert PATIENT_ID not in result.stdout + result.stderr


def test_a_bundle_lends_its_classes_and_is_named_as_origin(
    omniseg: Omniseg, add: MakeModel, square: Path, tmp_path: Path
) -> None:
    bundle = add()
    folder = tmp_path / "squares"
    made = document(omniseg("dataset", "create", folder, "--model", bundle.manifest.id, "--json"))
    assert made["classes"] == {"square": 1}
    assert made["modality"] == "microscopy"
    mask = tmp_path / "mask.png"
    labels = np.zeros((32, 32), np.uint8)
    labels[4:12, 16:24] = 255
    Pillow.fromarray(labels).save(mask)
    told = document(
        omniseg("dataset", "add", folder, square, mask, "--model", bundle.path, "--json")
    )
    assert told["case"]["bundle_hash"] == bundle.manifest_hash
    evaluated = omniseg("evaluate", bundle.path, folder, "--split", "train", "--json")
    assert document(evaluated)["mean_dice"] == 1.0


def test_check_lists_problems_and_ends_with_3(
    omniseg: Omniseg, site: Path, scan: tuple[Path, Path]
) -> None:
    omniseg("dataset", "add", site, *scan, "--patient", "P1")
    for path in (site / "labelsTr").glob("*.nii.gz"):
        path.write_bytes(b"broken")
    (site / "imagesTs" / "stray_0000.nii.gz").write_bytes(b"")
    result = omniseg("dataset", "check", site, "--json")
    assert result.exit_code == 3
    checked = document(result)
    assert not checked["usable"]
    assert len(checked["problems"]) >= 2
    assert "error: " in omniseg("dataset", "check", site).stdout


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (("create", "new"), 2, ("--class",)),
        (("create", "new", "--class", "a", "--model", "b"), 2, ("--model",)),
        (("create", "new", "--class", "a", "--class", "a"), 3, ("repeated",)),
        (("create", "new", "--class", "a", "--modality", "xray"), 2, ("xray",)),
        (("create", "new", "--class", "Background"), 2, ("--class", "no class")),
        (("create", "new", "--class", ""), 2, ("--class",)),
        (("create", "new", "--class", "a", "--class", " "), 2, ("--class",)),
        (("create", "new", "--class", "a\nb"), 2, ("--class", "on one line")),
        (("list", "nothing"), 3, ("dataset.json",)),
    ],
)
def test_bad_input_ends_in_one_sentence(
    omniseg: Omniseg,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    exit_code: int,
    words: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_one_sentence(omniseg("dataset", *arguments), exit_code, *words)
    assert not (tmp_path / "new").exists()


def test_a_wrong_pseudonym_grid_and_folder_are_said(
    omniseg: Omniseg, site: Path, scan: tuple[Path, Path], square: Path, tmp_path: Path
) -> None:
    image, mask = scan
    assert_one_sentence(omniseg("dataset", "add", site, *scan, "--patient", "=A"), 2, "--patient")
    nobody = omniseg("dataset", "add", site, *scan, "--patient", "")
    assert_one_sentence(nobody, 2, "--patient: found nothing, expected a pseudonym: letters,")
    assert_one_sentence(omniseg("dataset", "add", site, image, square), 3, "shape")
    assert_one_sentence(omniseg("dataset", "add", tmp_path, image, mask), 3, "dataset.json")
    assert_one_sentence(omniseg("dataset", "create", site, "--class", "x"), 3, "existing")
    assert document(omniseg("dataset", "list", site, "--json"))["cases"] == []
