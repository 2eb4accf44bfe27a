from __future__ import annotations

import dataclasses
import shutil
from collections import Counter

import nibabel
import numpy as np
import pytest
from pydantic import ValidationError

from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.datasets.loading import load_record
from omniseg_backend.datasets.problems import UnusableDatasetError
from omniseg_backend.images.modality import Modality
from omniseg_backend.images.reading import read_image, read_segmentation
from omniseg_backend.images.writing import write_segmentation
from omniseg_backend.preprocessing.settings import ForegroundPercentiles, TargetSpacing, Window
from omniseg_backend.training.preparation import prepare_data
from omniseg_backend.training.survey import Survey
from tests.datasets.site_makers import filled
from tests.training.conftest import toy_settings, write_toy


def prepare(settings):
    return prepare_data(settings, progress=lambda *_: None, cancel=None)


def test_patients_are_split_and_ranges_recorded(toy):
    data = prepare(toy_settings(toy))
    train = {record.patient for record in data.split.train}
    held = {record.patient for record in data.split.validation}
    assert not train & held
    assert (len(train), len(held)) == (6, 2)
    assert data.preprocessing.seen.extent == (32.0, 32.0)
    assert data.preprocessing.seen.extent_unit == "px"
    assert data.preprocessing.seen.spacing_mm is None


def test_without_cases_csv_files_are_cases_and_the_user_is_warned(tmp_path):
    folder = write_toy(tmp_path / "toy")
    (folder / "cases.csv").unlink()
    data = prepare(toy_settings(folder))
    assert not data.split.by_patient
    assert any("cases.csv" in warning for warning in data.warnings)


def test_two_patients_are_split_into_blocks_of_cases(tmp_path):
    folder = write_toy(tmp_path / "toy", patients=8)
    rows = (folder / "cases.csv").read_text().splitlines()
    changed = [rows[0]]
    for index, row in enumerate(rows[1:9]):
        file = row.split(",")[0]
        changed.append(f"{file},{file},{'first' if index < 4 else 'second'},")
    changed += rows[9:]
    (folder / "cases.csv").write_text("\n".join(changed) + "\n")
    data = prepare(toy_settings(folder))
    assert not data.split.by_patient
    assert "not split by patient" in data.split.statement


def test_negatives_are_background_and_drawn_at_the_stated_share(toy, tmp_path):
    other = write_toy(tmp_path / "other", patients=3)
    data = prepare(toy_settings(toy, negatives=(other,), empty_share=0.25))
    assert len(data.train.empty) == 3
    assert not any(plane.has_foreground for plane in data.train.empty)
    drawn = [data.train.draw(0, position).has_foreground for position in range(800)]
    assert 1 - np.mean(drawn) == pytest.approx(0.25, abs=0.06)


def test_a_modality_that_nobody_stated_is_asked_for(toy, tmp_path):
    folder = tmp_path / "toy"
    shutil.copytree(toy, folder)
    text = (folder / "dataset.json").read_text()
    (folder / "dataset.json").write_text(text.replace("fluorescence", "signal"))
    with pytest.raises(UsageError, match="--modality"):
        prepare(toy_settings(folder, modality=None))


def volumes(folder, low=-200.0):
    """Three CT volumes with one ball each and a real spacing."""
    rows = ["file,case,patient,slice"]
    for kind in ("imagesTr", "labelsTr"):
        (folder / kind).mkdir(parents=True)
    random = np.random.default_rng(0)
    affine = np.diag([-1.5, 1.5, 4.0, 1.0])
    grid = np.stack(np.mgrid[:30, :28, :5], -1)
    for index in range(4):
        ball = np.linalg.norm((grid - [15, 12 + index, 2]) * [1, 1, 3], axis=-1) < 6
        values = np.where(ball, 60, low) + random.normal(0, 10, ball.shape)
        name = f"volume{index}"
        nibabel.save(
            nibabel.Nifti1Image(values.astype(np.int16), affine),
            folder / "imagesTr" / f"{name}_0000.nii.gz",
        )
        nibabel.save(
            nibabel.Nifti1Image(ball.astype(np.uint8), affine),
            folder / "labelsTr" / f"{name}.nii.gz",
        )
        rows.append(f"{name},{name},{name},")
    (folder / "cases.csv").write_text("\n".join(rows) + "\n")
    (folder / "dataset.json").write_text(
        '{"channel_names": {"0": "CT"}, "labels": {"background": 0, "ball": 1},'
        ' "numTraining": 4, "file_ending": ".nii.gz", "name": "Balls"}'
    )
    return folder


def test_ct_is_scaled_by_its_foreground_and_slices_without_it_are_kept_apart(tmp_path):
    data = prepare(toy_settings(volumes(tmp_path / "ct"), modality=None, neighbours=1))
    scale = data.preprocessing.normalisation
    assert isinstance(scale, ForegroundPercentiles)
    assert scale.mean == pytest.approx(60, abs=3)
    assert scale.deviation == pytest.approx(10, abs=3)
    assert data.preprocessing.modality is Modality.CT
    assert data.preprocessing.network_channels == 3
    assert data.preprocessing.seen.spacing_mm == (1.5, 1.5)
    planes = [*data.train.foreground, *data.train.empty]
    assert len(planes) == 15
    assert all(plane.inputs.shape == (3, 32, 32) for plane in planes)
    assert all(plane.has_foreground for plane in data.train.foreground)


def test_a_target_spacing_is_obeyed(tmp_path):
    settings = toy_settings(
        volumes(tmp_path / "ct"), modality=None, sampling=TargetSpacing(spacing_mm=0.75)
    )
    data = prepare(settings)
    assert data.validation[0].inputs.shape == (1, 56, 60)


@pytest.mark.parametrize("fold", ["6/5", "0/5", "1/1", "half", ""])
def test_a_fold_that_cannot_be_is_refused_with_the_settings(toy, fold):
    with pytest.raises(ValidationError, match=r"k/n with n at least 2"):
        toy_settings(toy, fold=fold)


def spoilt(folder):
    """A copy whose first image nobody may open: reading it would end in another error."""
    (folder / "imagesTr" / "toypatient000_0000.png").write_bytes(b"")
    return folder


def test_a_fold_that_the_patients_do_not_allow_is_refused_before_images_are_read(tmp_path):
    folder = spoilt(write_toy(tmp_path / "toy"))
    with pytest.raises(UsageError, match=r"the fold: found 9/9 .* only 8 folds"):
        prepare(toy_settings(folder, fold="9/9"))


def test_a_modality_is_asked_for_before_images_are_read(tmp_path):
    folder = spoilt(write_toy(tmp_path / "toy"))
    text = (folder / "dataset.json").read_text()
    (folder / "dataset.json").write_text(text.replace("fluorescence", "signal"))
    with pytest.raises(UsageError, match="--modality"):
        prepare(toy_settings(folder, modality=None))


def test_every_image_is_read_twice(toy, monkeypatch):
    # Once by the check, whose look serves the survey as well, and once to prepare its planes.
    from omniseg_backend.datasets import loading

    counts = Counter()

    def counted(path, **options):
        counts[path.name] += 1
        return read_image(path, **options)

    monkeypatch.setattr(loading, "read_image", counted)
    data = prepare(toy_settings(toy))
    assert {counts[record.image_paths[0].name] for record in data.dataset.part("train")} == {2}
    assert {counts[record.image_paths[0].name] for record in data.dataset.part("test")} == {1}


def test_a_training_part_without_foreground_takes_the_usual_window_of_ct(tmp_path):
    settings = toy_settings(volumes(tmp_path / "ct"), modality=None)
    dataset = open_dataset(settings.dataset)
    records = dataset.part("train")[:2]
    survey = Survey(records, settings, Modality.CT)
    for record in records:
        image, truth = load_record(record, dataset)
        survey.look(record, image, dataclasses.replace(truth, labels=truth.labels * 0))
    assert isinstance(survey.result(dataset).normalisation, Window)


def test_all_faults_of_a_data_set_come_in_one_error(tmp_path):
    folder = write_toy(tmp_path / "toy")
    (folder / "imagesTr" / "toypatient000_0000.png").write_bytes(b"")
    (folder / "labelsTr" / "toypatient001.png").write_bytes(b"\x89PNG")
    with pytest.raises(DataError) as caught:
        prepare(toy_settings(folder))
    assert len(caught.value.problems) == 2
    assert "1 more problem" in str(caught.value)


def test_training_lists_all_problems_of_a_site_data_set_as_its_check_does(tmp_path):
    made = filled(tmp_path / "set", 5)
    names = list(made.document().omniseg.cases)
    (made.folder / f"labelsTr/{names[0]}.nii.gz").unlink()
    (made.folder / f"imagesTr/{names[1]}_0000.nii.gz").write_bytes(b"junk")
    _swap_label(made.folder / f"labelsTr/{names[2]}.nii.gz")
    table = made.folder / "cases.csv"
    table.write_text(table.read_text().replace(",P3,", ",P2,"))
    with pytest.raises(UnusableDatasetError) as caught:
        prepare(toy_settings(made.folder))
    told = " | ".join(caught.value.details)
    assert f"labelsTr/{names[0]}.nii.gz" in told
    assert "content of no known image format" in told
    assert "other labels than those that were added" in told
    assert "another case or patient" in told


def test_training_refuses_a_label_that_was_swapped_in_a_site_data_set(tmp_path):
    made = filled(tmp_path / "set", 5)
    prepare(toy_settings(made.folder))
    name = next(iter(made.document().omniseg.cases))
    _swap_label(made.folder / f"labelsTr/{name}.nii.gz")
    with pytest.raises(UnusableDatasetError, match="other labels than those that were added"):
        prepare(toy_settings(made.folder))


def _swap_label(path):
    mask = read_segmentation(path)
    mask.labels[0, 0, 0, 0] = 1
    write_segmentation(mask, path, overwrite=True)
