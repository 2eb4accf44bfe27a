"""Hashes of bytes and of decoded voxels."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from omniseg_backend.common.hashing import sha256_bytes, sha256_file, sha256_voxels

#: FIPS 180-2, appendix B.1.
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_bytes_and_files_agree_with_the_standard(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    assert sha256_bytes(b"abc") == sha256_file(tmp_path / "x") == ABC


def test_voxels_are_hashed_as_shape_and_little_endian_doubles():
    voxels = np.array([[1, 2], [3, 4]], np.uint8)
    content = b"(2, 2)" + np.array([1, 2, 3, 4], "<f8").tobytes()
    assert sha256_voxels(voxels) == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("dtype", ["u1", "i2", ">i2", "u4", "f4", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_one_picture_has_one_hash_however_it_is_stored(dtype, order):
    voxels = np.random.default_rng(0).integers(0, 256, (3, 4, 5))
    assert sha256_voxels(np.asarray(voxels.astype(dtype), order=order)) == sha256_voxels(voxels)


def test_shape_order_and_value_matter():
    voxels = np.arange(12).reshape(3, 4)
    changed = voxels.copy()
    changed[2, 3] += 1
    hashes = {sha256_voxels(each) for each in (voxels, voxels.T, voxels.reshape(4, 3), changed)}
    assert len(hashes) == 4


def test_a_view_is_hashed_like_its_copy():
    voxels = np.arange(24).reshape(2, 3, 4)
    view = voxels[:, ::-1, ::2]
    assert sha256_voxels(view) == sha256_voxels(view.copy())
