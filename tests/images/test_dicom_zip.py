"""Zipped DICOM folders: read without unpacking to disk, refused where they are not sound."""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np
import pytest

from omniseg_backend.common.errors import DataError, ResourceError
from omniseg_backend.images import dicom_files
from omniseg_backend.images.reading import read_image
from tests.images.dicom_writing import write_ct, write_dicom

VOLUME = np.random.default_rng(4).integers(0, 900, (4, 6, 5)).astype(np.uint16)


@pytest.fixture
def series(tmp_path):
    return write_ct(tmp_path / "series", VOLUME)


def pack(path, folder, prefix="", method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr(f"{prefix}notes.txt", "nothing")
        archive.writestr(f"{prefix}folder/", "")
        for file in sorted(folder.iterdir()):
            archive.write(file, prefix + file.name)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_an_archive_is_read_like_its_folder(tmp_path, series, method):
    path = pack(tmp_path / "study.zip", series, "study/series/", method)
    unpacked, packed = read_image(series), read_image(path)
    np.testing.assert_array_equal(packed.array, unpacked.array)
    assert packed.geometry.is_close(unpacked.geometry, 0.0)
    assert packed.name == "study.zip"
    assert {plane.path for plane in packed.source.planes} == {path}
    members = [plane.member for plane in packed.source.planes]
    assert members == [f"study/series/{plane.path.name}" for plane in unpacked.source.planes]


@pytest.mark.parametrize("prefix", ["../../", "/", "C:\\", "a/../../b/"])
def test_hostile_names_touch_no_file(tmp_path, series, prefix):
    place = tmp_path / "deep" / "down"
    place.mkdir(parents=True)
    path = pack(place / "study.zip", series, prefix)
    before = sorted(tmp_path.rglob("*"))
    assert read_image(path).geometry.shape == (5, 6, 4)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_archive_without_dicom_says_so(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("notes.txt", "nothing")
    with pytest.raises(DataError, match="a zip archive without a DICOM file"):
        read_image(tmp_path / "a.zip")


def test_several_series_in_an_archive(tmp_path, series):
    write_ct(series, VOLUME[:2], SeriesInstanceUID="1.2.3", names=["x", "y"])
    path = pack(tmp_path / "a.zip", series)
    with pytest.raises(DataError, match="2 series"):
        read_image(path)
    assert read_image(path, series_uid="1.2.3").geometry.shape == (5, 6, 2)


def test_a_bomb_is_refused_by_its_declared_size(tmp_path):
    content = write_dicom(tmp_path / "a", VOLUME[0]).read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", content + b"\0" * 5_000_000)
    with (
        pytest.raises(ResourceError, match=r"4\.8 MiB of memory, expected at most 1\.9 MiB"),
        dicom_files.dicom_files(tmp_path / "a.zip", available=lambda: 2_000_000),
    ):
        pass


def declare(path, size):
    """Change the unpacked size that the central directory declares for the first member."""
    content = bytearray(path.read_bytes())
    at = content.find(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", size)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("size", "reason"),
    [
        (2_000_000_000, "claims to hold 2000000000"),  # impossible for deflate
        (200, "cannot be"),  # the real size is larger
    ],
)
def test_a_false_size_is_refused(tmp_path, size, reason):
    file = write_dicom(tmp_path / "a", VOLUME[0])
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(file, "a")
    declare(tmp_path / "a.zip", size)
    with pytest.raises(DataError, match=reason):
        read_image(tmp_path / "a.zip")


def test_members_that_share_their_bytes_are_refused(tmp_path):
    """The bomb that unpacks one kernel many times over, through overlapping members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", np.random.default_rng(0).bytes(5000))
    content = buffer.getvalue()
    start, end = content.find(b"PK\x01\x02"), content.find(b"PK\x05\x06")
    entry, count = content[start:end], 50
    tail = bytearray(content[end:])
    tail[8:12] = struct.pack("<HH", count, count)
    tail[12:16] = struct.pack("<I", len(entry) * count)
    (tmp_path / "a.zip").write_bytes(content[:start] + entry * count + bytes(tail))
    with pytest.raises(DataError, match="archive whose sizes are possible"):
        read_image(tmp_path / "a.zip")


def test_a_locked_archive_says_so(tmp_path, series):
    path = pack(tmp_path / "a.zip", series)
    content = bytearray(path.read_bytes())
    at = -1
    while (at := content.find(b"PK\x01\x02", at + 1)) >= 0:
        content[at + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="locked by a password"):
        read_image(path)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_a_cut_off_archive_says_so(tmp_path, series, share):
    path = pack(tmp_path / "a.zip", series)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(DataError, match="a zip archive that cannot be unpacked"):
        read_image(path)


def test_a_damaged_member_is_found_by_its_checksum(tmp_path, series):
    path = pack(tmp_path / "a.zip", series, method=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.zip"):
        read_image(path)


def test_too_many_files_are_no_series(tmp_path, series, monkeypatch):
    monkeypatch.setattr(dicom_files, "LARGEST_FOLDER", 3)
    path = pack(tmp_path / "a.zip", series)
    for where in (path, series):
        with pytest.raises(DataError, match="more than 3 files"):
            read_image(where)
