"""NIfTI files that are cut off, absurd or damaged: refused before memory is given away."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import nibabel
import numpy as np
import pytest

from omniseg_backend.common.errors import DataError, GeometryError, ResourceError
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
    path = patch(save(tmp_path / "a.nii", volume), 280, "<12f", *[1.0] * 12)
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
