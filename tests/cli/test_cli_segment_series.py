"""``omniseg segment FOLDER``: a shipped model on a CT phantom, as DICOM and as NIfTI."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality, ModalityStatement
from omniseg_backend.images.orientation import turn_to
from omniseg_backend.images.reading import read_image, read_segmentation
from omniseg_backend.images.writing import write_image
from omniseg_sample_data.samples import samples
from tests.cli.conftest import Omniseg, assert_one_sentence, document
from tests.images.dicom_writing import PATIENT, PATIENT_ID, write_ct

MODEL = "demo-abdominal-ct-compact"
#: Slices in the middle of the phantom: enough for every organ, and done in a second.
MIDDLE = slice(10, 16)


@pytest.fixture(scope="module")
def phantom() -> Image:
    """A part of the CT sample, whose axes point LPS."""
    whole = read_image(next(one for one in samples() if one.id == "abdominal_ct").image_path)
    affine = whole.geometry.affine.copy()
    affine[:3, 3] = (affine @ (0, 0, MIDDLE.start, 1))[:3]
    array = whole.array[..., MIDDLE]
    geometry = Geometry(array.shape[2:], affine, "mm", 3)
    return Image(array, geometry, modality=ModalityStatement(Modality.CT, "user"), name="ct")


def write_series(folder: Path, image: Image, axes: str) -> Path:
    """Write ``image`` as slices whose columns, rows and normal run along ``axes``."""
    turn = turn_to(image.geometry, axes)
    geometry = turn.apply_to_geometry(image.geometry)
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ geometry.affine
    across, down, _ = geometry.spacing
    return write_ct(
        folder,
        (turn.apply(image.array)[0, 0].T + 1024).astype(np.uint16),
        orientation=(*lps[:3, 0] / across, *lps[:3, 1] / down),
        spacing=(down, across),
        origin=lps[:3, 3],
        step=lps[:3, 2],
        BitsStored=12,
        HighBit=11,
        RescaleSlope="1",
        RescaleIntercept="-1024",
    )


@pytest.mark.parametrize("axes", ["LPS", "LIP"])
def test_a_series_gives_the_mask_of_the_same_volume_as_nifti(
    omniseg: Omniseg, phantom: Image, tmp_path: Path, axes: str
) -> None:
    folder = write_series(tmp_path / "series", phantom, axes)
    (nifti,) = write_image(phantom, tmp_path / "ct.nii.gz")
    masks = {}
    for source in (folder, nifti):
        target = tmp_path / f"{source.name}_mask.nii.gz"
        result = omniseg("segment", source, "-o", target, "--model", MODEL, "--json")
        assert document(result)["bundle"] == MODEL
        assert PATIENT not in result.stdout + result.stderr
        assert PATIENT_ID not in result.stdout + result.stderr
        masks[source] = read_segmentation(target)
    turn = turn_to(phantom.geometry, axes)
    expected, found = masks[nifti], masks[folder]
    np.testing.assert_array_equal(found.labels, turn.apply(expected.labels))
    assert found.geometry.is_close(turn.apply_to_geometry(phantom.geometry), 1e-4)
    # A mask of one class, or of none, would prove little.
    assert np.unique(expected.labels).size >= 4


def test_one_of_several_series_is_named(omniseg: Omniseg, phantom: Image, tmp_path: Path) -> None:
    write_series(tmp_path / "study" / "a", phantom, "LPS")
    write_series(tmp_path / "study" / "b", phantom, "LIP")
    arguments = ("segment", tmp_path / "study", "-o", tmp_path / "mask.nii.gz", "--model", MODEL)
    assert_one_sentence(omniseg(*arguments), 3, "2 series", "160 x 128", "--series")
    series = read_image(tmp_path / "study" / "a").source.series_uid
    assert omniseg(*arguments, "--series", series).exit_code == 0
    assert read_segmentation(tmp_path / "mask.nii.gz").labels.shape[1:] == phantom.geometry.shape
    assert_one_sentence(omniseg(*arguments, "--series", "1.2.3"), 2, "no such series")
