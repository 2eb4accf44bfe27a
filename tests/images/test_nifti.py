"""Reading NIfTI: axes, units, scaling, and files that are not what they say."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import nibabel
import numpy as np
import pytest

from omniseg_backend.common.errors import DataError, GeometryError, ResourceError
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


def test_complex_voxels_are_refused(tmp_path):
    path = save(tmp_path / "a.nii", np.zeros((2, 2, 2), np.complex64))
    with pytest.raises(DataError, match="complex"):
        read_image(path)


def test_an_unknown_voxel_type_is_refused(tmp_path, volume):
    path = patch(save(tmp_path / "a.nii", volume), 70, "<h", 999)
    with pytest.raises(DataError, match="voxel type code 999"):
        read_image(path)


def test_voxels_that_are_no_numbers_are_counted(tmp_path):
    voxels = np.zeros((3, 3, 3), np.float32)
    voxels[0, 0, 0], voxels[1, 1, 1], voxels[2, 2, 2] = np.nan, np.inf, -np.inf
    path = save(tmp_path / "a.nii.gz", voxels)
    with pytest.raises(DataError, match=r"a\.nii\.gz: found 3 of 27 voxels"):
        read_image(path)
    with pytest.raises(DataError, match="3 of 27 voxels"):
        read_segmentation(path)


def test_an_affine_that_is_not_finite_names_the_file(tmp_path, volume):
    path = patch(save(tmp_path / "a.nii", volume), 280, "<f", np.nan)
    with pytest.raises(GeometryError, match=r"a\.nii: found an affine"):
        read_image(path)


def test_an_affine_that_collapses_names_the_file(tmp_path, volume):
    path = patch(save(tmp_path / "a.nii", volume), 280, "<12f", *[0.0] * 12)
    with pytest.raises(GeometryError, match=r"a\.nii: found an affine that collapses"):
        read_image(path)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("share", [0.02, 0.4, 0.9, 0.999])
def test_cut_off_files_are_refused(tmp_path, suffix, share):
    noise = np.random.default_rng(0).integers(0, 255, (20, 20, 20)).astype(np.uint8)
    path = save(tmp_path / f"a{suffix}", noise)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DataError, match="copy or download the file again"):
        read_image(path)


def test_a_flipped_bit_is_found_by_the_checksum(tmp_path):
    # Stored blocks (level 0): the damage leaves a valid stream of the right length.
    path = save(tmp_path / "a.nii", np.zeros((8, 8, 8), np.uint8))
    content = bytearray(gzip.compress(path.read_bytes(), compresslevel=0))
    content[-40] ^= 1
    (tmp_path / "a.nii.gz").write_bytes(content)
    with pytest.raises(DataError, match="CRC"):
        read_image(tmp_path / "a.nii.gz")


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_absurd_lengths_are_refused_before_memory_is_given_away(tmp_path, volume, suffix):
    plain = save(tmp_path / "a.nii", volume)
    patch(plain, 40, "<8h", 4, 32767, 32767, 32767, 32767, 1, 1, 1)
    path = tmp_path / f"b{suffix}"
    content = plain.read_bytes()
    path.write_bytes(gzip.compress(content) if suffix.endswith("gz") else content)
    with pytest.raises(DataError, match="that its header announces"):
        read_image(path)


def test_an_image_beyond_the_free_memory_is_refused(tmp_path):
    # A sparse file of 4 TiB: its size agrees with its header, so only the memory is lacking.
    path = save(tmp_path / "a.nii", np.zeros((2, 2, 2), np.uint8))
    patch(path, 40, "<8h", 3, 16384, 16384, 16384, 1, 1, 1, 1)
    try:
        with path.open("rb+") as stream:
            stream.truncate(352 + 2**42)
    except OSError:
        pytest.skip("this file system cannot hold a sparse file of 4 TiB")
    with pytest.raises(ResourceError, match="of memory"):
        read_image(path)


@pytest.mark.parametrize("lengths", [(3, 0, 5, 6), (3, 4, -5, 6), (0, 4, 5, 6), (9, 4, 5, 6)])
def test_empty_axes_are_refused(tmp_path, volume, lengths):
    path = patch(save(tmp_path / "a.nii", volume), 40, "<4h", *lengths)
    with pytest.raises(DataError, match="lengths of at least 1"):
        read_image(path)


@pytest.mark.parametrize("offset", [-8.0, 100.0, np.nan, np.inf])
def test_voxels_within_the_header_are_refused(tmp_path, volume, offset):
    path = patch(save(tmp_path / "a.nii", volume), 108, "<f", offset)
    with pytest.raises(DataError, match="voxels that begin at byte"):
        read_image(path)


def test_half_a_pair_is_refused(tmp_path, volume):
    path = save(tmp_path / "a.nii", volume)
    for magic in (b"ni1\0", b"\0\0\0\0"):
        patch(path, 344, "4s", magic)
        with pytest.raises(DataError, match=r"one half of a \.hdr/\.img pair"):
            read_image(path)


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
