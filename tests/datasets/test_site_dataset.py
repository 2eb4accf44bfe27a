"""Site data sets: what a case keeps, whose it is, and what is refused."""

from __future__ import annotations

import dataclasses
import gzip
import json
import re
from pathlib import Path

import numpy as np
import pytest

from omniseg_backend.common.errors import DataError, GeometryError, UsageError
from omniseg_backend.common.hashing import sha256_voxels
from omniseg_backend.datasets.check import check_dataset
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.datasets.loading import load_record
from omniseg_backend.datasets.site.dataset import SiteDataset
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality, ModalityStatement
from omniseg_backend.images.reading import read_image, read_segmentation
from tests.datasets.site_makers import CLASSES, PROVENANCE, filled, mask_of, site, volume
from tests.images.ct_series import write_series
from tests.images.dicom_writing import PATIENT, PATIENT_ID


def test_an_empty_one_is_a_valid_data_set(tmp_path: Path) -> None:
    made = site(tmp_path / "Dataset201_Site", description="Corrected scans.", licence="in-house")
    dataset = open_dataset(made.folder)
    assert dataset.records == ()
    assert dataset.name == "Dataset201_Site"
    assert dataset.modality == Modality.CT
    assert dataset.licence == "in-house"
    assert dataset.classes.names == ("liver", "spleen")
    # nnU-Net wants consecutive values.
    assert dataset.classes.values == (1, 2)
    with pytest.raises(DataError, match="an existing file or folder"):
        site(made.folder)
    with pytest.raises(DataError, match="no class"):
        SiteDataset.create(tmp_path / "none", ClassTable(()))


def test_a_case_keeps_voxels_grid_classes_time_and_bundle(tmp_path: Path) -> None:
    made = site(tmp_path / "set")
    image = volume(0)
    added = made.add(image, mask_of(image, 5, provenance=PROVENANCE), patient="P07")
    assert (added.outcome, added.notes) == ("added", ())
    (record,) = open_dataset(made.folder).records
    stored, truth = load_record(record, open_dataset(made.folder))
    np.testing.assert_array_equal(stored.array, image.array)
    assert stored.array.dtype == image.array.dtype
    np.testing.assert_array_equal(stored.geometry.affine, image.geometry.affine)
    np.testing.assert_array_equal(truth.labels, np.where(mask_of(image, 5).labels == 5, 2, 0))
    assert truth.classes.names == CLASSES.names
    case = made.document().omniseg.cases[added.name]
    assert case == added.case
    assert (case.patient, case.patient_from, case.part) == ("P07", "user", "train")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", case.added)
    assert case.image_hash == sha256_voxels(stored.array)
    assert case.mask_hash == sha256_voxels(truth.labels)
    assert case.bundle is not None
    assert case.bundle.manifest_hash == PROVENANCE.bundle_hash
    # Read alone, without the data set, the mask still knows its classes.
    alone = read_segmentation(record.label_path)
    assert alone.classes.names == CLASSES.names


def test_it_is_what_nnunet_asks_for(tmp_path: Path) -> None:
    """The rules of nnU-Net v2's dataset_format.md and verify_dataset_integrity."""
    made = filled(tmp_path / "Dataset201_Site", 6)
    facts = json.loads((made.folder / "dataset.json").read_text())
    assert {"channel_names", "labels", "numTraining", "file_ending"} <= set(facts)
    assert facts["channel_names"] == {"0": "CT"}
    assert sorted(facts["labels"].values()) == list(range(len(facts["labels"])))
    assert facts["numTraining"] == len(facts["dataset"]) == 5
    for name, files in facts["dataset"].items():
        assert files["images"] == [f"imagesTr/{name}_0000.nii.gz"]
        assert files["label"] == f"labelsTr/{name}.nii.gz"
        assert all((made.folder / path).is_file() for path in (*files["images"], files["label"]))
    images = {path.name for path in (made.folder / "imagesTr").iterdir()}
    assert images == {f"{name}_0000.nii.gz" for name in facts["dataset"]}
    assert check_dataset(open_dataset(made.folder))[0].severity == "warning"  # no spleen


@pytest.mark.parametrize("channels", [2, 3])
def test_channels_have_a_file_each_and_come_back_in_order(tmp_path: Path, channels: int) -> None:
    made = SiteDataset.create(tmp_path / "set", CLASSES, channel_names=channels)
    image = volume(1, channels)
    added = made.add(image, mask_of(image))
    dataset = open_dataset(made.folder)
    (record,) = dataset.records
    assert len(record.image_paths) == channels
    stored, _ = load_record(record, dataset)
    np.testing.assert_array_equal(stored.array, image.array)
    assert added.case.image_hash == sha256_voxels(stored.array)


@pytest.mark.parametrize("spacing", [None, (0.5, 0.25)])
@pytest.mark.parametrize("dtype", [np.uint8, np.bool_, np.float16, np.float64])
def test_pictures_stay_pictures(tmp_path: Path, dtype: type, spacing: tuple | None) -> None:
    pixels = np.random.default_rng(3).integers(0, 2, (5, 7)).astype(dtype)
    image = Image.from_picture(pixels, spacing=spacing, name="picture.png")
    made = SiteDataset.create(tmp_path / "set", CLASSES, modality=Modality.MICROSCOPY)
    made.add(image, mask_of(image))
    dataset = open_dataset(made.folder)
    stored, truth = load_record(dataset.records[0], dataset)
    assert stored.geometry.dimensions == 2
    assert stored.geometry.unit == image.geometry.unit
    np.testing.assert_array_equal(stored.geometry.affine, image.geometry.affine)
    np.testing.assert_array_equal(stored.array, image.array)
    assert truth.geometry.dimensions == 2
    assert dataset.modality == Modality.MICROSCOPY


def test_every_fifth_new_patient_is_reserved_with_all_later_cases(tmp_path: Path) -> None:
    made = site(tmp_path / "set")
    order = ["A", "B", "A", "C", "D", "E", "F", "E", "G", "H", "I", "J", "A"]
    for seed, patient in enumerate(order):
        image = volume(seed)
        made.add(image, mask_of(image), patient=patient)
    dataset = open_dataset(made.folder)
    assert {record.patient for record in dataset.part("test")} == {"E", "J"}
    assert len(dataset.part("test")) == 3
    assert {record.patient for record in dataset.part("train")} == set("ABCDFGHI")
    assert dataset.patients_stated
    assert dataset.warnings == ()
    listed = json.loads((made.folder / "dataset.json").read_text())["dataset"]
    assert not {record.file for record in dataset.part("test")} & set(listed)


def test_a_patient_that_nobody_stated_is_its_own_and_said(tmp_path: Path) -> None:
    made = site(tmp_path / "set")
    for seed in range(2):
        # The name looks like a patient's; nothing is read from it.
        image = dataclasses.replace(volume(seed), name=f"patient07_{seed}.nii.gz")
        added = made.add(image, mask_of(image))
        assert added.case.patient == added.name
        assert added.case.patient_from == "none"
        assert "patient of its own" in str(added.notes[0])
    dataset = open_dataset(made.folder)
    assert not dataset.patients_stated
    assert "2 of 2 cases" in dataset.warnings[0]
    text = "".join(path.name for path in made.folder.rglob("*"))
    assert "patient07" not in text


@pytest.mark.parametrize("stated", ["", "=1+1", "a,b", "a\nb", "-x", "x" * 65])
def test_what_no_table_can_hold_is_no_pseudonym(tmp_path: Path, stated: str) -> None:
    made = site(tmp_path / "set")
    with pytest.raises(UsageError, match="pseudonym"):
        made.add(volume(0), mask_of(volume(0)), patient=stated)
    assert made.document().omniseg.cases == {}


def test_dicom_names_the_patient_and_nothing_of_it_is_stored(tmp_path: Path) -> None:
    made = site(tmp_path / "set")
    names = []
    for number, identity in enumerate([PATIENT_ID, PATIENT_ID, "PID4712"]):
        series = write_series(tmp_path / f"series{number}", PatientID=identity)
        image = read_image(series.folder)
        voxels = image.array + np.int16(number)
        added = made.add(dataclasses.replace(image, array=voxels), mask_of(image))
        assert added.case.patient_from == "dicom"
        names.append(added.case.patient)
    assert names[0] == names[1] != names[2]
    for path in made.folder.rglob("*"):
        if path.is_file():
            stored = path.read_bytes()
            content = gzip.decompress(stored) if path.suffix == ".gz" else stored
            for identity in (PATIENT_ID, PATIENT, "PID4712", "1950"):
                assert identity.encode() not in content
    # Another data set hashes the same patient otherwise.
    other = site(tmp_path / "other").add(image, mask_of(image))
    assert other.case.patient not in names


def test_the_user_s_word_on_the_patient_wins_over_dicom(tmp_path: Path) -> None:
    image = read_image(write_series(tmp_path / "series", PatientID="ANONYMOUS").folder)
    added = site(tmp_path / "set").add(image, mask_of(image), patient="P1")
    assert (added.case.patient, added.case.patient_from) == ("P1", "user")


@pytest.mark.parametrize("fields", [{"PatientID": None}, {"PatientID": ""}])
def test_dicom_without_a_patient_is_said(tmp_path: Path, fields: dict[str, object]) -> None:
    image = read_image(write_series(tmp_path / "series", **fields).folder)
    added = site(tmp_path / "set").add(image, mask_of(image))
    assert added.case.patient_from == "none"
    assert "DICOM header names none" in str(added.notes[0])


def test_dicom_files_that_are_gone_ask_for_a_statement(tmp_path: Path) -> None:
    series = write_series(tmp_path / "series")
    image = read_image(series.folder)
    series.folder.rename(tmp_path / "moved")
    made = site(tmp_path / "set")
    with pytest.raises(DataError, match="state the patient"):
        made.add(image, mask_of(image))
    assert made.add(image, mask_of(image), patient="P1").outcome == "added"


def test_one_image_is_one_case_whatever_its_format_or_name(tmp_path: Path) -> None:
    made = site(tmp_path / "set")
    first = made.add(volume(0), mask_of(volume(0)), patient="P1")
    wider = volume(0)
    wider = dataclasses.replace(wider, array=wider.array.astype(np.float32), name="copy.mha")
    again = made.add(wider, mask_of(volume(0)))
    assert again.outcome == "present"
    assert (again.name, again.case) == (first.name, first.case)
    assert len(open_dataset(made.folder).records) == 1
    with pytest.raises(DataError, match="P1, its patient so far"):
        made.add(volume(0), mask_of(volume(0)), patient="P2")


def test_another_mask_of_an_image_is_replaced_only_on_request(tmp_path: Path) -> None:
    made = site(tmp_path / "set")
    image = volume(0)
    first = made.add(image, mask_of(image, 2), patient="P1")
    with pytest.raises(DataError, match=r"another mask.*--overwrite"):
        made.add(image, mask_of(image, 5))
    kept = load_record(open_dataset(made.folder).records[0], open_dataset(made.folder))[1]
    assert set(np.unique(kept.labels)) == {0, 1}
    second = made.add(image, mask_of(image, 5, provenance=PROVENANCE), overwrite=True)
    assert second.outcome == "replaced"
    assert (second.name, second.case.patient, second.case.part) == (
        first.name,
        "P1",
        first.case.part,
    )
    assert second.case.bundle is not None
    dataset = open_dataset(made.folder)
    assert set(np.unique(load_record(dataset.records[0], dataset)[1].labels)) == {0, 2}


def test_a_mask_on_another_grid_is_refused(tmp_path: Path) -> None:
    made = site(tmp_path / "set")
    image = volume(0)
    shifted = image.geometry.affine.copy()
    shifted[0, 3] += 1.0
    mask = mask_of(image)
    moved = dataclasses.replace(mask, geometry=Geometry((6, 5, 4), shifted, "mm", 3))
    with pytest.raises(GeometryError, match="same position"):
        made.add(image, moved)
    smaller = Image(image.array[..., :2], Geometry((6, 5, 2), image.geometry.affine, "mm", 3))
    with pytest.raises(GeometryError, match="shape"):
        made.add(image, mask_of(smaller))
    assert made.document().omniseg.cases == {}


def test_classes_are_matched_by_name_and_strangers_refused(tmp_path: Path) -> None:
    made = site(tmp_path / "set")
    image = volume(0)
    table = ClassTable.from_names(["Spleen", "gall bladder", "LIVER"], [1, 2, 9])
    added = made.add(image, mask_of(image, 9, table))
    labels = load_record(open_dataset(made.folder).records[0], open_dataset(made.folder))[1].labels
    assert set(np.unique(labels)) == {0, 1}
    with pytest.raises(DataError, match=r"gall bladder.*liver, spleen"):
        made.add(volume(1), mask_of(image, 2, table))
    assert list(made.document().omniseg.cases) == [added.name]


@pytest.mark.parametrize(("value", "stored"), [(2, 2), (255, None), (1, 1)])
def test_unnamed_values_are_the_table_s_of_that_value(
    tmp_path: Path, value: int, stored: int | None
) -> None:
    made = site(tmp_path / "set")
    unnamed = ClassTable.from_names([f"class {value}"], [value])
    if stored is None:
        with pytest.raises(DataError, match=r"the value 255 without a name.*1 liver, 2 spleen"):
            made.add(volume(0), mask_of(volume(0), value, unnamed))
        return
    made.add(volume(0), mask_of(volume(0), value, unnamed))
    dataset = open_dataset(made.folder)
    labels = load_record(dataset.records[0], dataset)[1].labels
    assert set(np.unique(labels)) == {0, stored}


@pytest.mark.parametrize("value", [2, 7, 128, 254])
def test_any_other_value_is_not_the_only_class(tmp_path: Path, value: int) -> None:
    made = SiteDataset.create(tmp_path / "set", ClassTable.from_names(["lesion"]))
    unnamed = ClassTable.from_names([f"class {value}"], [value])
    with pytest.raises(DataError) as refused:
        made.add(volume(0), mask_of(volume(0), value, unnamed))
    assert f"the value {value} without a name, expected the data set's classes: 1 lesion" in str(
        refused.value
    )
    assert made.document().omniseg.cases == {}


def test_white_is_the_only_class(tmp_path: Path) -> None:
    made = SiteDataset.create(tmp_path / "set", ClassTable.from_names(["lesion"]))
    unnamed = ClassTable.from_names(["class 255"], [255])
    made.add(volume(0), mask_of(volume(0), 255, unnamed))
    other = ClassTable.from_names(["tumour"])
    with pytest.raises(DataError, match="tumour"):
        made.add(volume(1), mask_of(volume(1), 1, other))


def test_what_does_not_fit_the_data_set_is_refused(tmp_path: Path) -> None:
    made = site(tmp_path / "set")
    mri = volume(0).with_modality(ModalityStatement(Modality.MRI, "file"))
    with pytest.raises(DataError, match="mri"):
        made.add(mri, mask_of(mri))
    two = volume(0, 2)
    with pytest.raises(DataError, match="2 channels"):
        made.add(two, mask_of(two))
    frames = dataclasses.replace(volume(0), array=np.repeat(volume(0).array, 3, axis=0))
    with pytest.raises(DataError, match="3 time points"):
        made.add(frames, mask_of(frames))
    broken = dataclasses.replace(volume(0), array=np.full((1, 1, 6, 5, 4), np.nan))
    with pytest.raises(DataError, match="not finite"):
        made.add(broken, mask_of(broken))
    assert made.document().omniseg.cases == {}


def test_only_site_data_sets_open(tmp_path: Path, nnunet_set) -> None:
    with pytest.raises(DataError, match="not a site data set"):
        SiteDataset.open(nnunet_set())
    with pytest.raises(DataError):
        SiteDataset.open(tmp_path / "nothing")
    with pytest.raises(DataError):
        SiteDataset(tmp_path / "nothing").add(volume(0), mask_of(volume(0)))
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"schema_version": 2}, "schema 2"),
        ({"salt": "zz"}, "salt"),
        ({"more": 1}, "more"),
    ],
)
def test_a_damaged_or_newer_description_is_said(
    tmp_path: Path, change: dict[str, object], found: str
) -> None:
    made = filled(tmp_path / "set", 1)
    path = made.folder / "dataset.json"
    content = json.loads(path.read_text())
    content["omniseg"] |= change
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=found):
        made.add(volume(1), mask_of(volume(1)))


def test_keys_of_others_survive(tmp_path: Path) -> None:
    made = filled(tmp_path / "set", 1)
    path = made.folder / "dataset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"reference": "ward 7"}))
    made.add(volume(1), mask_of(volume(1)))
    assert json.loads(path.read_text())["reference"] == "ward 7"
