"""The real sets that lie beside the checkout, with the counts that their README gives."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from omniseg_backend.common.hashing import sha256_voxels
from omniseg_backend.datasets.check import check_dataset
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.datasets.loading import load_record
from omniseg_backend.datasets.site.check import check_site
from omniseg_backend.datasets.site.dataset import SiteDataset
from omniseg_backend.datasets.splits import FoldChoice, split_records
from omniseg_backend.images.modality import Modality
from omniseg_backend.images.reading import read_image, read_segmentation

#: Folder, (training, test) files, (training, test) patients, classes, modality, channels.
SETS = [
    ("Dataset102_HippocampusMRI", (121, 40), (121, 40), 2, Modality.MRI, 1),
    ("Dataset103_CardiacMRI", (216, 72), (27, 9), 1, Modality.MRI, 1),
    ("Dataset104_FetalHeadUS", (185, 70), (150, 50), 1, Modality.ULTRASOUND, 1),
    ("Dataset105_LumbarSpineMRI", (200, 70), (40, 14), 5, Modality.MRI, 1),
    ("Dataset106_SurgicalInstruments", (120, 40), (3, 1), 2, None, 3),
    ("Dataset107_IntravascularOCT", (186, 6), (1, 2), 4, None, 3),
    ("Dataset108_HeadCTHaemorrhage", (18, 8), (11, 5), 1, Modality.CT, 1),
    ("Dataset109_FluorescenceNuclei", (318, 106), (318, 106), 1, Modality.MICROSCOPY, 1),
    ("ISIC2017", (1750, 150), (1750, 150), 1, Modality.DERMOSCOPY, 3),
]


@pytest.mark.parametrize(("folder", "files", "patients", "classes", "modality", "channels"), SETS)
def test_counts_classes_and_one_record(
    shared_data, folder, files, patients, classes, modality, channels
):
    dataset = open_dataset(shared_data / folder)
    parts = [dataset.part("train"), dataset.part("test")]
    assert tuple(len(part) for part in parts) == files
    assert tuple(len({record.patient for record in part}) for part in parts) == patients
    assert len(dataset.classes) == classes
    assert dataset.modality == modality
    assert len(dataset.channel_names) == channels
    assert dataset.patients_stated
    assert dataset.warnings == ()
    image, mask = load_record(dataset.records[0], dataset)
    assert image.channels == channels
    assert set(np.unique(mask.labels)) - {0} <= set(dataset.classes.values)
    assert mask.labels.any()


def test_cardiac_slices_are_stacked_to_one_case_per_patient(shared_data):
    cases = open_dataset(shared_data / "Dataset103_CardiacMRI").cases("test")
    assert len(cases) == 9
    assert all([record.slice for record in case.records] == list(range(8)) for case in cases)


def test_a_subject_on_both_sides_under_two_names_is_found(shared_data):
    """The lumbar set holds subject 32 (training) once more as subject 33 (test), voxel by voxel."""
    dataset = open_dataset(shared_data / "Dataset105_LumbarSpineMRI")
    subjects = ("MyoSegmenTUM_31", "MyoSegmenTUM_32", "MyoSegmenTUM_33")
    few = tuple(record for record in dataset.records if record.patient in subjects)
    problems = check_dataset(dataclasses.replace(dataset, records=few))
    assert [problem.kind for problem in problems] == ["duplicate"] * 5
    assert "MyoSegmenTUM-33_00 (test)" in problems[0].found


def test_one_patient_s_pullback_is_split_in_blocks(shared_data):
    split = split_records(open_dataset(shared_data / "Dataset107_IntravascularOCT"), None, 0)
    assert not split.by_patient
    frames = sorted(record.slice for record in split.validation)
    assert frames == list(range(frames[0], frames[-1] + 1))
    assert 36 <= len(frames) <= 38


def test_cardiac_folds_are_by_patient(shared_data):
    dataset = open_dataset(shared_data / "Dataset103_CardiacMRI")
    split = split_records(dataset, FoldChoice(1, 5), 0)
    assert split.by_patient
    assert not {r.patient for r in split.train} & {r.patient for r in split.validation}
    assert len(split.train) + len(split.validation) == 216


def test_real_head_ct_becomes_a_site_data_set(shared_data, tmp_path):
    source = open_dataset(shared_data / "Dataset108_HeadCTHaemorrhage")
    made = SiteDataset.create(tmp_path / "site", source.classes, modality=source.modality)
    chosen = [record for record in source.records if record.patient <= "ct-ich_071"]
    for record in chosen:
        image = read_image(record.image_paths[0], modality=source.modality)
        made.add(image, read_segmentation(record.label_path), patient=record.patient)
    stored = open_dataset(made.folder)
    assert len(stored.part("train")) == 8
    assert {record.patient for record in stored.part("test")} == {"ct-ich_066"}
    assert [problem for problem in check_site(made.folder) if problem.severity == "error"] == []
    first = load_record(chosen[0], source)
    name = f"case-{sha256_voxels(first[0].array)[:16]}"
    (record,) = [one for one in stored.records if one.file == name]
    again = load_record(record, stored)
    assert sha256_voxels(first[0].array) == sha256_voxels(again[0].array)
    assert first[0].geometry.is_close(again[0].geometry)
    assert (first[1].labels == again[1].labels).all()
