"""``omniseg segment`` from a DICOM series to a DICOM segmentation that refers to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom

from omniseg_backend.images.modality import Modality
from omniseg_backend.images.reading import read_image, read_segmentation
from tests.cli.conftest import MakeModel, Omniseg, assert_one_sentence
from tests.images.dicom_writing import PATIENT, PATIENT_ID, oblique, write_ct


def _series(folder: Path) -> Path:
    volume = np.zeros((3, 32, 32), np.int16)
    volume[1, 16:24, 4:12] = 255
    return write_ct(folder, volume, orientation=oblique(), StudyInstanceUID="1.2.3")


def test_a_series_folder_becomes_a_segmentation_of_it(
    omniseg: Omniseg, make_model: MakeModel, tmp_path: Path
) -> None:
    bundle, folder = make_model(Modality.CT), _series(tmp_path / "ct")
    output, other = tmp_path / "out.dcm", tmp_path / "out.nii.gz"
    arguments = ("segment", folder, "-o", output, "--model", bundle.path)
    result = omniseg(*arguments)
    assert result.exit_code == 0, result.stderr
    for told in (PATIENT, PATIENT_ID):
        assert told not in result.stdout + result.stderr
    assert omniseg("segment", folder, "-o", other, "--model", bundle.path).exit_code == 0
    image, labels = read_image(folder), read_segmentation(output)
    assert labels.labels.any()
    np.testing.assert_array_equal(labels.labels, read_segmentation(other).labels)
    assert labels.geometry.is_close(image.geometry)
    assert labels.provenance is not None
    assert labels.provenance.bundle == bundle.manifest.id
    dataset = pydicom.dcmread(output)
    assert dataset.PatientName == PATIENT
    assert image.source is not None
    assert dataset.ReferencedSeriesSequence[0].SeriesInstanceUID == image.source.series_uid
    before = output.read_bytes()
    assert_one_sentence(omniseg(*arguments), 3, "--overwrite")
    assert output.read_bytes() == before
    assert omniseg(*arguments, "--overwrite").exit_code == 0
    assert output.read_bytes() != before


def test_dicom_of_a_picture_is_refused_before_the_run(
    omniseg: Omniseg, make_model: MakeModel, square: Path, tmp_path: Path
) -> None:
    output = tmp_path / "mask.dcm"
    result = omniseg("segment", square, "-o", output, "--model", make_model().path)
    assert_one_sentence(result, 3, "refers to the images it was made from")
    assert "segmenting" not in result.stderr
    assert not output.exists()
