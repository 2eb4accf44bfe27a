"""NIfTI's two orientations, and which one is taken; pairs of files; NIfTI-2."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import nibabel
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from omniseg_backend.common.errors import DataError, GeometryError
from omniseg_backend.images.reading import read_image, read_segmentation

VOXELS = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)
SFORM = np.diag([-0.75, 0.5, 4.0, 1.0])
SFORM[:3, 3] = (10.0, -20.5, 30.25)


def save(
    path: Path, sform: tuple[np.ndarray | None, int], qform: tuple[np.ndarray | None, int]
) -> Path:
    image = nibabel.Nifti1Image(VOXELS, None)
    image.set_qform(*qform)
    image.set_sform(*sform)
    nibabel.save(image, path)
    return path


def turned(degrees: float) -> np.ndarray:
    affine = SFORM.copy()
    affine[:3, :3] = Rotation.from_euler("z", degrees, degrees=True).as_matrix() @ SFORM[:3, :3]
    return affine


def test_orientations_that_agree_are_no_remark(tmp_path):
    for degrees in (0.0, 37.0, 180.0):
        affine = turned(degrees)
        image = read_image(save(tmp_path / "a.nii", (affine, 1), (affine, 1)))
        assert image.notes == ()
        assert np.allclose(image.geometry.affine, affine, rtol=0, atol=1e-5)
    assert read_image(save(tmp_path / "a.nii", (SFORM, 1), (None, 0))).notes == ()
    assert read_image(save(tmp_path / "a.nii", (None, 0), (SFORM, 1))).notes == ()


def test_orientations_that_disagree_are_reported_with_the_one_used(tmp_path):
    moved = SFORM.copy()
    moved[0, 3] += 12.5
    image = read_image(save(tmp_path / "a.nii", (SFORM, 4), (moved, 1)))
    assert np.array_equal(image.geometry.affine, SFORM)
    (note,) = image.notes
    assert note.code == "orientation_disagrees"
    for words in ("12.5 mm", "sform (code 4, MNI 152) was used", "qform (code 1, scanner) was not"):
        assert words in note.sentence


def test_a_tenth_of_a_voxel_is_the_line(tmp_path):
    for shift, expected in ((0.04, 0), (0.06, 1)):  # the smallest spacing is 0.5 mm
        moved = SFORM.copy()
        moved[1, 3] += shift
        image = read_image(save(tmp_path / "a.nii", (SFORM, 1), (moved, 1)))
        assert len(image.notes) == expected


def test_the_disagreement_is_measured_in_millimetres(tmp_path):
    image = nibabel.Nifti1Image(VOXELS, None)
    image.set_qform(np.diag([2.0, 2.0, 2.0, 1.0]), 1)
    image.set_sform(np.diag([2.0, 2.0, 3.0, 1.0]), 1)
    image.header.set_xyzt_units("meter")
    nibabel.save(image, tmp_path / "a.nii")
    assert "5e+03 mm" in read_image(tmp_path / "a.nii").notes[0].sentence


@pytest.mark.parametrize("code", [0, 1])
def test_a_sform_of_zeros_is_passed_over_and_said(tmp_path, code):
    path = save(tmp_path / "a.nii", (np.diag([0.0, 0, 0, 1]), 2), (SFORM, code))
    image = read_image(path)
    assert "sform is all zero" in image.notes[0].sentence
    if code:
        assert image.notes[0].code == "orientation_blank"
        assert np.allclose(image.geometry.affine, SFORM)
    else:
        assert image.notes[0].code == "orientation_unstated"
        assert np.array_equal(np.diag(image.geometry.affine)[:3], [-0.75, 0.5, 4.0])


def test_without_any_orientation_the_spacing_is_used_and_said(tmp_path):
    image = read_image(save(tmp_path / "a.nii", (None, 0), (None, 0)))
    assert [note.code for note in image.notes] == ["orientation_unstated"]
    assert "sides may be swapped" in image.notes[0].sentence
    assert np.allclose(image.geometry.affine, nibabel.load(tmp_path / "a.nii").affine)


@pytest.mark.parametrize("kind", [nibabel.Nifti1Pair, nibabel.Nifti2Pair])
@pytest.mark.parametrize("suffix", [".img", ".img.gz"])
def test_pairs_of_header_and_voxels(tmp_path, kind, suffix):
    image = kind(VOXELS, SFORM)
    image.header.set_slope_inter(2, 1)
    image.to_filename(tmp_path / "a.hdr")
    if suffix == ".img.gz":
        plain = tmp_path / "a.img"
        (tmp_path / "a.img.gz").write_bytes(gzip.compress(plain.read_bytes()))
        plain.unlink()
    read = read_image(tmp_path / "a.hdr")
    assert np.array_equal(read.geometry.affine, SFORM)
    assert np.array_equal(read.array[0, 0], 2.0 * VOXELS + 1)
    voxels = next(tmp_path.glob("a.img*"))
    voxels.write_bytes(voxels.read_bytes()[:40])
    with pytest.raises(DataError, match=r"a\.img"):
        read_image(tmp_path / "a.hdr")
    voxels.unlink()
    with pytest.raises(DataError, match=r"expected a\.img beside it"):
        read_image(tmp_path / "a.hdr")


def test_pairs_by_the_wrong_name(tmp_path):
    nibabel.AnalyzeImage(VOXELS, None).to_filename(tmp_path / "old.hdr")
    with pytest.raises(DataError, match=r"ANALYZE 7\.5 header, which does not say which side"):
        read_image(tmp_path / "old.hdr")
    with pytest.raises(DataError, match=r"name the \.hdr file beside it"):
        read_image(tmp_path / "old.img")
    nibabel.Nifti1Image(VOXELS, SFORM).to_filename(tmp_path / "a.nii")
    (tmp_path / "a.nii").rename(tmp_path / "a.hdr")
    with pytest.raises(DataError, match="content of an uncompressed NIfTI"):
        read_image(tmp_path / "a.hdr")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_nifti_2_in_both_byte_orders(tmp_path, order, suffix):
    header = nibabel.Nifti2Header(endianness=order)
    header.set_data_dtype(VOXELS.dtype.newbyteorder(order))
    image = nibabel.Nifti2Image(VOXELS, SFORM, header)
    nibabel.save(image, tmp_path / f"a{suffix}")
    read = read_image(tmp_path / f"a{suffix}")
    assert np.array_equal(read.array[0, 0], VOXELS)
    assert read.array.dtype == np.int16
    assert np.array_equal(read.geometry.affine, SFORM)  # in double precision
    assert read_segmentation(tmp_path / f"a{suffix}").labels.max() == VOXELS.max()


@pytest.mark.parametrize("spacings", [(0, 0, 0), (2, 2, 0)])
@pytest.mark.parametrize(("code", "said"), [(0, "not set"), (1, "all zero")])
def test_spacings_of_zero_beside_no_sform_are_named(tmp_path, spacings, code, said):
    image = nibabel.Nifti1Image(VOXELS, np.eye(4))
    nibabel.save(image, tmp_path / "a.nii")
    content = bytearray((tmp_path / "a.nii").read_bytes())
    struct.pack_into("<3f", content, 80, *spacings)  # pixdim[1:4]
    struct.pack_into("<2h", content, 252, 0, code)  # qform_code, sform_code
    struct.pack_into("<12f", content, 280, *[0.0] * 12)  # srow_x, srow_y, srow_z
    (tmp_path / "a.nii").write_bytes(content)
    stated = ", ".join(map(str, spacings))
    with pytest.raises(GeometryError, match=rf"spacings of {stated} \(pixdim\) .* {said}"):
        read_image(tmp_path / "a.nii")
