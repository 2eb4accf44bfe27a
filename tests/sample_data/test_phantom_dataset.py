"""Phantom data sets in the nnU-Net v2 raw layout."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from PIL import Image as PillowImage

from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.datasets.loading import load_record
from omniseg_sample_data.dataset import (
    FIRST_TRAINING_SEED,
    TEST_DISTANCE,
    main,
    seeds_of_parts,
    write_dataset,
)
from omniseg_sample_data.phantoms import PHANTOMS


@pytest.fixture(scope="module")
def instruments(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets") / "instruments"
    write_dataset(PHANTOMS["surgical_instruments"], folder, train=3, test=2, seed=7)
    return folder


@pytest.fixture(scope="module")
def brains(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets") / "brains"
    write_dataset(PHANTOMS["brain_mri"], folder, train=1, test=1)
    return folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_pictures_are_one_file_each_and_masks_have_their_names(instruments):
    assert names(instruments) == [
        "cases.csv",
        "dataset.json",
        "imagesTr",
        "imagesTs",
        "labelsTr",
        "labelsTs",
    ]
    cases = [f"surgical_instruments_{FIRST_TRAINING_SEED + 7 + i}" for i in range(3)]
    assert names(instruments / "imagesTr") == [f"{case}_0000.png" for case in cases]
    assert names(instruments / "labelsTr") == [f"{case}.png" for case in cases]
    assert len(names(instruments / "labelsTs")) == 2


def test_dataset_json_says_what_nnunet_wants(instruments):
    facts = json.loads((instruments / "dataset.json").read_text())
    assert facts["channel_names"] == {"0": "R", "1": "G", "2": "B"}
    assert facts["labels"] == {
        "background": 0,
        "instrument shaft": 1,
        "instrument manipulator": 2,
    }
    assert facts["numTraining"] == 3
    assert facts["file_ending"] == ".png"
    assert "ynthetic" in facts["description"]


def test_every_phantom_is_a_patient_and_no_seed_is_in_both_parts(instruments):
    with (instruments / "cases.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["file", "case", "patient", "slice"]
    assert len({row["patient"] for row in rows}) == 5
    parts = [
        {path.name for path in (instruments / f"labels{part}").iterdir()} for part in ("Tr", "Ts")
    ]
    assert not parts[0] & parts[1]
    assert {f"{row['file']}.png" for row in rows} == parts[0] | parts[1]


def test_files_hold_the_phantom_of_their_seed(instruments):
    seed = FIRST_TRAINING_SEED + 8
    phantom = PHANTOMS["surgical_instruments"].generate(seed)
    pixels = np.asarray(
        PillowImage.open(instruments / f"imagesTr/surgical_instruments_{seed}_0000.png")
    )
    labels = np.asarray(PillowImage.open(instruments / f"labelsTr/surgical_instruments_{seed}.png"))
    np.testing.assert_array_equal(pixels, phantom.image.array[0, :, :, :, 0].transpose(2, 1, 0))
    np.testing.assert_array_equal(labels, phantom.truth.labels[0, :, :, 0].T)


def test_a_volume_has_one_file_per_channel(brains):
    case = f"brain_mri_{FIRST_TRAINING_SEED}"
    assert names(brains / "imagesTr") == [f"{case}_{channel:04d}.nii.gz" for channel in range(3)]
    assert names(brains / "labelsTr") == [f"{case}.nii.gz"]


@pytest.mark.parametrize("made", ["instruments", "brains"])
def test_our_own_reader_takes_it_without_a_warning(made, request):
    opened = open_dataset(request.getfixturevalue(made))
    assert opened.patients_stated
    assert not opened.warnings
    family = PHANTOMS[opened.name]
    assert opened.classes.names == family.classes.names
    record = opened.part("train")[0]
    image, truth = load_record(record, opened)
    phantom = family.generate(int(record.case.rsplit("_", 1)[1]))
    np.testing.assert_array_equal(image.array, phantom.image.array)
    np.testing.assert_array_equal(truth.labels, phantom.truth.labels)
    assert image.geometry.is_close(phantom.image.geometry)


def test_an_existing_folder_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(DataError):
        write_dataset(PHANTOMS["retinal_oct"], tmp_path, train=1, test=0)
    assert names(tmp_path) == ["mine.txt"]


@pytest.mark.parametrize(
    ("train", "test", "seed"), [(0, 1, 0), (1, -1, 0), (1, 1, -5), (500_001, 0, 0), (5, 0, 499_996)]
)
def test_counts_that_would_mix_the_parts_are_refused(tmp_path, train, test, seed):
    with pytest.raises(UsageError):
        write_dataset(PHANTOMS["retinal_oct"], tmp_path / "set", train, test, seed)
    assert not (tmp_path / "set").exists()


def test_the_command_writes_a_set_and_reports_a_refusal(tmp_path, capsys):
    target = tmp_path / "set"
    arguments = ["retinal_oct", str(target), "--train", "1", "--test", "1", "--seed", "3"]
    assert main(arguments) == 0
    assert names(target / "labelsTr") == [f"retinal_oct_{FIRST_TRAINING_SEED + 3}.png"]
    assert main(arguments) == DataError.exit_code
    assert str(target) in capsys.readouterr().err


@pytest.mark.parametrize("seed", [0, 9, 250_000])
def test_the_largest_set_keeps_its_parts_and_the_samples_apart(seed):
    train, test = seeds_of_parts(TEST_DISTANCE - seed, TEST_DISTANCE, seed)
    assert train[0] >= FIRST_TRAINING_SEED
    assert train[-1] < test[0]
    assert len(test) == TEST_DISTANCE


def test_two_sets_whose_seeds_differ_enough_share_no_case():
    first, second = seeds_of_parts(20, 5, 0), seeds_of_parts(20, 5, 20)
    assert not {*first[0], *first[1]} & {*second[0], *second[1]}
