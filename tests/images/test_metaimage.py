"""Reading MetaImage: axes, matrix, channels, compression, separate voxels; what is refused."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 (the name that SimpleITK's manual uses)

from omniseg_backend.common.errors import DataError, GeometryError
from omniseg_backend.images.reading import read_image, read_segmentation

VOXELS = np.arange(24, dtype=np.int16).reshape((4, 3, 2), order="F")
FIELDS = {
    "ObjectType": "Image",
    "NDims": "3",
    "BinaryData": "True",
    "BinaryDataByteOrderMSB": "False",
    "CompressedData": "False",
    "TransformMatrix": "0 1 0 -1 0 0 0 0 1",
    "Offset": "10 20 30",
    "ElementSpacing": "0.5 2 3",
    "DimSize": "4 3 2",
    "ElementType": "MET_SHORT",
    "ElementDataFile": "LOCAL",
}


def save(path: Path, content: bytes | None = None, **changes: str | None) -> Path:
    merged = FIELDS | changes
    last = merged.pop("ElementDataFile")
    lines = [f"{name} = {value}" for name, value in merged.items() if value is not None]
    head = "\n".join([*lines, f"ElementDataFile = {last}", ""]).encode()
    path.write_bytes(head + (VOXELS.tobytes("F") if content is None else content))
    return path


def test_the_grid_is_the_one_that_itk_sees(tmp_path):
    path = save(tmp_path / "a.mha")
    image, by_itk = read_image(path), sitk.ReadImage(str(path))
    assert np.array_equal(image.array[0, 0], VOXELS)
    assert np.array_equal(sitk.GetArrayFromImage(by_itk).T, VOXELS)
    for index in [(0, 0, 0), (3, 0, 0), (3, 2, 1)]:
        point = np.multiply(by_itk.TransformIndexToPhysicalPoint(index), (-1, -1, 1))
        assert np.allclose((image.geometry.affine @ [*index, 1])[:3], point)
    assert (image.geometry.unit, image.geometry.dimensions, image.notes) == ("mm", 3, ())


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("compressed", [False, True])
def test_what_itk_writes_is_read(tmp_path, kind, compressed):
    rng = np.random.default_rng(3)
    voxels = rng.integers(0, 100, (2, 3, 4, 2)).astype(kind)  # k, j, i, channel
    picture = sitk.GetImageFromArray(voxels, isVector=True)
    picture.SetSpacing((0.7, 1 / 3, 5.1))
    sitk.WriteImage(picture, tmp_path / "a.mha", compressed)
    image = read_image(tmp_path / "a.mha")
    assert image.array.dtype == kind
    assert np.array_equal(image.array[0].transpose(3, 2, 1, 0), voxels)
    assert image.geometry.spacing == (0.7, 1 / 3, 5.1)
    assert image.channel_names == ("channel 0", "channel 1")
    with pytest.raises(DataError, match="2 values per voxel"):
        read_segmentation(tmp_path / "a.mha")


def test_separate_voxels(tmp_path):
    (tmp_path / "voxels.raw").write_bytes(b"header" + VOXELS.tobytes("F"))
    for size in ("6", "-1"):
        path = save(tmp_path / "a.mhd", b"", ElementDataFile="voxels.raw", HeaderSize=size)
        assert np.array_equal(read_image(path).array[0, 0], VOXELS)
    (tmp_path / "voxels.zraw").write_bytes(zlib.compress(VOXELS.tobytes("F")))
    path = save(tmp_path / "b.mhd", b"", ElementDataFile="voxels.zraw", CompressedData="True")
    assert np.array_equal(read_image(path).array[0, 0], VOXELS)


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../a.raw", "missing.raw", "LIST", "a%02d.raw 1 2"]
)
def test_voxels_elsewhere_or_in_pieces_are_refused(tmp_path, name):
    with pytest.raises(DataError, match=r"a\.mhd: found (voxels|no file)"):
        read_image(save(tmp_path / "a.mhd", b"", ElementDataFile=name))


def test_big_endian_voxels(tmp_path):
    path = save(
        tmp_path / "a.mha", VOXELS.astype(">i2").tobytes("F"), BinaryDataByteOrderMSB="True"
    )
    assert np.array_equal(read_image(path).array[0, 0], VOXELS)


def test_a_fourth_axis_is_taken_as_time_and_said(tmp_path):
    series = np.arange(48, dtype=np.int16)
    path = save(
        tmp_path / "a.mha", series.tobytes(), NDims="4", DimSize="4 3 2 2", Offset="1 2 3 0",
        ElementSpacing="1 2 3 1", TransformMatrix="1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1",
    )  # fmt: skip
    image = read_image(path)
    assert image.array.shape == (2, 1, 4, 3, 2)
    assert np.array_equal(image.array[:, 0].transpose(1, 2, 3, 0).ravel("F"), series)
    assert image.has_time
    assert [note.code for note in image.notes] == ["axis_unstated"]
    mixed = "1 0 0 0.1 0 1 0 0 0 0 1 0 0 0 0 1"
    with pytest.raises(DataError, match="space and time at once"):
        read_image(save(
            path, series.tobytes(), NDims="4", DimSize="4 3 2 2", Offset="1 2 3 0",
            ElementSpacing="1 2 3 1", TransformMatrix=mixed,
        ))  # fmt: skip


def test_missing_directions_and_spacings(tmp_path):
    image = read_image(save(tmp_path / "a.mha", TransformMatrix=None))
    assert [note.code for note in image.notes] == ["orientation_unstated"]
    assert np.array_equal(np.diag(image.geometry.affine), [-0.5, -2, 3, 1])
    assert read_image(save(tmp_path / "b.mha", ElementSpacing=None)).geometry.unit == "px"


def test_pictures(tmp_path):
    flat = {"NDims": "2", "DimSize": "4 6", "TransformMatrix": "1 0 0 1", "Offset": "0 0"}
    image = read_image(save(tmp_path / "a.mha", **flat, ElementSpacing="0.5 2"))
    assert image.geometry.shape == (4, 6, 1)
    assert (image.geometry.unit, image.geometry.dimensions) == ("mm", 2)
    assert np.array_equal(np.diag(image.geometry.affine), [0.5, 2, 1, 1])
    assert read_image(save(tmp_path / "b.mha", **flat, ElementSpacing="1 1")).geometry.unit == "px"
    colours = sitk.GetImageFromArray(np.zeros((6, 4, 3), np.uint8), isVector=True)
    sitk.WriteImage(colours, tmp_path / "c.mha")
    assert read_image(tmp_path / "c.mha").channel_names == ("R", "G", "B")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"NDims": "5"}, "NDims = 5"),
        ({"NDims": None}, "NDims = missing"),
        ({"DimSize": "4 3"}, "DimSize = 4 3"),
        ({"DimSize": "4 3 0"}, "DimSize = 4 3 0"),
        ({"DimSize": "40000 30000 20000"}, "that its header announces"),
        ({"ElementType": "MET_STRING"}, "MET_STRING"),
        ({"BinaryData": "False"}, "written as text"),
        ({"ElementNumberOfChannels": "0"}, "ElementNumberOfChannels = 0"),
        ({"TransformMatrix": "1 0 0 1"}, "9 numbers"),
        ({"Offset": "a b c"}, "3 numbers"),
        ({"DistanceUnits": "inch"}, "DistanceUnits = inch"),
    ],
)
def test_unclear_headers_are_refused(tmp_path, changes, message):
    path = save(tmp_path / "a.mha", **changes)
    with pytest.raises(DataError, match=message) as caught:
        read_image(path)
    assert str(path) in str(caught.value)


def test_grids_that_are_none_name_the_file(tmp_path):
    for changes in ({"ElementSpacing": "0 1 1"}, {"TransformMatrix": "1 0 0 1 0 0 0 0 1"}):
        with pytest.raises(GeometryError, match=r"a\.mha: found an affine"):
            read_image(save(tmp_path / "a.mha", **changes))


@pytest.mark.parametrize("share", [0.3, 0.9, 0.99])
def test_cut_off_files_are_refused(tmp_path, share):
    noise = zlib.compress(VOXELS.tobytes("F"))
    for content, compressed in ((None, "False"), (noise, "True")):
        path = save(tmp_path / "a.mha", content, CompressedData=compressed)
        whole = path.read_bytes()
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(DataError, match=r"a\.mha: found"):
            read_image(path)


def test_a_flipped_bit_is_found_by_the_checksum(tmp_path):
    content = bytearray(zlib.compress(VOXELS.tobytes("F"), 0))
    content[-10] ^= 1
    path = save(tmp_path / "a.mha", bytes(content), CompressedData="True")
    with pytest.raises(DataError, match="incorrect data check"):
        read_image(path)
