"""Reading NIfTI: axes, units, scaling, colours."""

from __future__ import annotations

import struct
from pathlib import Path

import nibabel
import numpy as np
import pytest

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.modality import Modality
from omniseg_backend.images.reading import read_image, read_segmentation

AFFINE = np.diag([-0.75, 0.5, 4.0, 1.0])
AFFINE[:3, 3] = (10.0, -20.5, 30.25)


def save(path: Path, voxels: np.ndarray, affine: np.ndarray | None = AFFINE, **fields) -> Path:
    image = nibabel.Nifti1Image(voxels, affine, dtype=voxels.dtype)
    for name, value in fields.items():
        image.header[name] = value
    nibabel.save(image, path)
    return path


def patch(path: Path, offset: int, layout: str, *values) -> Path:
    """Overwrite header fields in the bytes of an uncompressed file."""
    content = bytearray(path.read_bytes())
    struct.pack_into(layout, content, offset, *values)
    path.write_bytes(content)
    return path


@pytest.fixture
def volume() -> np.ndarray:
    return np.random.default_rng(7).integers(-200, 900, (4, 5, 6)).astype(np.int16)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "A.NII.GZ", "scan.v1.2.nii.gz"])
def test_a_volume_is_read_voxel_by_voxel(tmp_path, volume, name):
    image = read_image(save(tmp_path / name, volume))
    assert image.array.shape == (1, 1, 4, 5, 6)
    assert image.array.dtype == np.int16
    assert np.array_equal(image.array[0, 0], volume)
    assert np.array_equal(image.geometry.affine, AFFINE)
    assert (image.geometry.unit, image.geometry.dimensions) == ("mm", 3)
    assert (image.name, image.has_time, image.frame_seconds) == (name, False, None)


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", ">i2", "<i4", "u4", "i8", ">f4", "f8", ">u8"])
def test_every_real_voxel_type_and_byte_order_is_read(tmp_path, dtype):
    voxels = np.arange(24).reshape(2, 3, 4)
    endian = ">" if dtype.startswith(">") else "<"
    header = nibabel.Nifti1Header(endianness=endian)
    path = tmp_path / "a.nii"
    nibabel.save(nibabel.Nifti1Image(voxels.astype(dtype), AFFINE, header, dtype=dtype), path)
    array = read_image(path).array
    assert array.dtype == np.dtype(dtype).newbyteorder("=")
    assert np.array_equal(array[0, 0], voxels)


def test_nifti_2_is_read(tmp_path, volume):
    nibabel.save(nibabel.Nifti2Image(volume, AFFINE), tmp_path / "a.nii")
    image = read_image(tmp_path / "a.nii")
    assert np.array_equal(image.array[0, 0], volume)
    assert np.array_equal(image.geometry.affine, AFFINE)


def test_slope_and_intercept_are_applied(tmp_path, volume):
    path = save(tmp_path / "a.nii", volume)
    patch(path, 112, "<ff", 2.0, -1024.0)
    image = read_image(path)
    assert image.array.dtype == np.float32
    assert np.array_equal(image.array[0, 0], volume * 2.0 - 1024.0)


@pytest.mark.parametrize("slope", [0.0, np.nan])
def test_a_slope_of_zero_means_unscaled(tmp_path, volume, slope):
    path = patch(save(tmp_path / "a.nii", volume), 112, "<ff", slope, 5.0)
    assert np.array_equal(read_image(path).array[0, 0], volume)


def test_an_intercept_that_is_no_number_is_refused(tmp_path, volume):
    path = patch(save(tmp_path / "a.nii", volume), 112, "<ff", 1.0, np.nan)
    with pytest.raises(DataError, match="scl_inter"):
        read_image(path)


def test_the_fourth_axis_is_time(tmp_path):
    voxels = np.arange(2 * 3 * 4 * 5, dtype=np.int16).reshape(2, 3, 4, 5)
    image = nibabel.Nifti1Image(voxels, AFFINE)
    image.header.set_xyzt_units("mm", "msec")
    image.header["pixdim"][4] = 40.0
    nibabel.save(image, tmp_path / "cine.nii.gz")
    read = read_image(tmp_path / "cine.nii.gz")
    assert read.array.shape == (5, 1, 2, 3, 4)
    assert read.has_time
    assert read.frame_seconds == pytest.approx(0.04)
    for frame in range(5):
        assert np.array_equal(read.array[frame, 0], voxels[..., frame])


def test_without_a_unit_of_time_the_frame_time_is_unknown(tmp_path):
    save(tmp_path / "a.nii", np.zeros((2, 2, 2, 3), np.uint8))
    assert read_image(tmp_path / "a.nii").frame_seconds is None


def test_one_frame_is_still_time(tmp_path):
    read = read_image(save(tmp_path / "a.nii", np.zeros((2, 3, 4, 1), np.uint8)))
    assert (read.array.shape, read.has_time) == ((1, 1, 2, 3, 4), True)


def test_the_fifth_axis_is_channels(tmp_path):
    voxels = np.random.default_rng(0).normal(size=(2, 3, 4, 1, 3)).astype(np.float32)
    read = read_image(save(tmp_path / "a.nii", voxels))
    assert read.channel_names == ("channel 0", "channel 1", "channel 2")
    assert not read.has_time
    assert np.array_equal(read.array[0], np.moveaxis(voxels[..., 0, :], -1, 0))


@pytest.mark.parametrize("shape", [(4,), (4, 5), (4, 5, 1), (4, 5, 1, 1, 1, 1, 1)])
def test_flat_files_and_trailing_axes_are_volumes_in_mm(tmp_path, shape):
    path = save(tmp_path / "a.nii", np.ones(shape, np.uint8))
    geometry = read_image(path).geometry
    assert geometry.shape == (*shape[:2], 1, 1)[:3] if len(shape) > 1 else (4, 1, 1)
    assert (geometry.unit, geometry.dimensions) == ("mm", 3)


def test_a_flat_file_without_thickness_is_read(tmp_path):
    image = nibabel.Nifti1Image(np.ones((4, 5), np.uint8), None)
    image.set_qform(np.diag([0.5, 0.5, 1, 1]), code=1)
    path = tmp_path / "a.nii"
    nibabel.save(image, path)
    patch(path, 76 + 12, "<f", 0.0)
    assert read_image(path).geometry.spacing == pytest.approx((0.5, 0.5, 1.0))


def test_six_axes_are_refused(tmp_path):
    path = save(tmp_path / "a.nii", np.zeros((2, 2, 2, 1, 1, 3), np.uint8))
    with pytest.raises(DataError, match="6 axes"):
        read_image(path)


@pytest.mark.parametrize(("unit", "scale"), [("micron", 1e-3), ("meter", 1e3), ("unknown", 1.0)])
def test_lengths_become_millimetres(tmp_path, volume, unit, scale):
    image = nibabel.Nifti1Image(volume, AFFINE)
    image.header.set_xyzt_units(unit)
    nibabel.save(image, tmp_path / "a.nii")
    geometry = read_image(tmp_path / "a.nii").geometry
    assert np.allclose(geometry.affine[:3], AFFINE[:3] * scale, rtol=1e-7)
    assert geometry.unit == "mm"


def test_an_unknown_unit_is_refused(tmp_path, volume):
    path = patch(save(tmp_path / "a.nii", volume), 123, "<B", 5)
    with pytest.raises(DataError, match="unit code 5"):
        read_image(path)


def test_the_sform_goes_before_the_qform_and_the_qform_before_the_spacing(tmp_path, volume):
    image = nibabel.Nifti1Image(volume, None)
    image.set_qform(np.diag([2.0, 2, 2, 1]), code=1)
    image.set_sform(AFFINE, code=2)
    nibabel.save(image, tmp_path / "both.nii")
    assert np.array_equal(read_image(tmp_path / "both.nii").geometry.affine, AFFINE)
    image.set_sform(None, code=0)
    nibabel.save(image, tmp_path / "q.nii")
    assert np.allclose(read_image(tmp_path / "q.nii").geometry.affine, np.diag([2.0, 2, 2, 1]))
    image.set_qform(None, code=0)
    nibabel.save(image, tmp_path / "none.nii")
    expected = nibabel.load(tmp_path / "none.nii").affine
    assert np.allclose(read_image(tmp_path / "none.nii").geometry.affine, expected)


def test_a_qfac_of_zero_is_one(tmp_path, volume):
    image = nibabel.Nifti1Image(volume, None)
    image.set_qform(np.diag([2.0, 2, 2, 1]), code=1)
    nibabel.save(image, tmp_path / "a.nii")
    patch(tmp_path / "a.nii", 76, "<f", 0.0)
    geometry = read_image(tmp_path / "a.nii").geometry
    assert np.allclose(geometry.affine, np.diag([2.0, 2, 2, 1]))


def test_rgb_voxels_are_three_channels(tmp_path):
    colours = np.random.default_rng(1).integers(0, 256, (4, 5, 2, 3)).astype(np.uint8)
    voxels = np.zeros((4, 5, 2), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    for index, name in enumerate("RGB"):
        voxels[name] = colours[..., index]
    image = read_image(save(tmp_path / "a.nii", voxels))
    assert image.channel_names == ("R", "G", "B")
    assert np.array_equal(image.array[0], np.moveaxis(colours, -1, 0))


def test_transparent_voxels_are_refused(tmp_path):
    voxels = np.zeros((2, 2, 2), dtype=[(name, "u1") for name in "RGBA"])
    voxels["A"] = 255
    assert read_image(save(tmp_path / "opaque.nii", voxels)).channels == 3
    voxels["A"][0, 0, 0] = 7
    with pytest.raises(DataError, match="transparency"):
        read_image(save(tmp_path / "clear.nii", voxels))


@pytest.mark.parametrize(
    ("minimum", "guess"), [(-1024, Modality.CT), (-500, Modality.CT), (-499, None), (-4096, None)]
)
def test_hounsfield_values_are_only_a_guess_at_ct(tmp_path, volume, minimum, guess):
    volume[0, 0, 0] = minimum
    modality = read_image(save(tmp_path / "a.nii", volume)).modality
    assert modality.value == guess
    assert modality.stated_by == ("guess" if guess else "none")
    assert not modality.is_known


def test_the_users_word_replaces_a_guess(tmp_path, volume):
    volume[0, 0, 0] = -1000
    modality = read_image(save(tmp_path / "a.nii", volume), modality=Modality.MRI).modality
    assert (modality.value, modality.stated_by) == (Modality.MRI, "user")


def test_reading_equals_nibabel_on_real_volumes(shared_data):
    for path in sorted((shared_data / "volumes").glob("*_seg.nii.gz")):
        reference = nibabel.load(path)
        image = read_image(path)
        assert np.array_equal(image.array[0, 0], np.asanyarray(reference.dataobj))
        assert np.array_equal(image.geometry.affine, reference.affine)
        assert read_segmentation(path).classes.names == ("class 1",)


def test_a_real_ct_is_guessed_as_ct_and_real_mri_is_not_guessed(shared_data):
    volumes = shared_data / "volumes"
    assert read_image(volumes / "ct-spleen2_img.nii.gz").modality.as_text() == "ct (a guess)"
    assert read_image(volumes / "sub-unf01-T1w_img.nii.gz").modality.value is None


def test_a_single_slice_of_a_real_head_ct_keeps_its_orientation(shared_data):
    folder = shared_data / "Dataset108_HeadCTHaemorrhage" / "imagesTr"
    path = sorted(folder.iterdir())[0]
    image = read_image(path)
    assert image.geometry.orientation == "LPS"
    assert image.geometry.shape[2] == 1
    assert image.geometry.dimensions == 3
