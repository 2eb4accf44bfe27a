"""Reading NRRD: axes, spaces, units, encodings, detached voxels; and what is refused."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 (the name that SimpleITK's manual uses)

from omniseg_backend.common.errors import DataError, GeometryError
from omniseg_backend.images.reading import read_image, read_segmentation

VOXELS = np.arange(24, dtype=np.int16).reshape((4, 3, 2), order="F")
FIELDS = {
    "type": "short",
    "dimension": "3",
    "space": "left-posterior-superior",
    "sizes": "4 3 2",
    "space directions": "(0.5,0.1,0) (0,2,0) (0,0,3)",
    "kinds": "domain domain domain",
    "endian": "little",
    "encoding": "raw",
    "space origin": "(10,20,30)",
}


def header(**changes: str | None) -> bytes:
    merged = FIELDS | {name.replace("_", " "): value for name, value in changes.items()}
    lines = [f"{name}: {value}" for name, value in merged.items() if value is not None]
    return "\n".join(["NRRD0005", "# made by a test", *lines, "", ""]).encode()


def save(path: Path, content: bytes | None = None, **changes: str | None) -> Path:
    path.write_bytes(header(**changes) + (VOXELS.tobytes("F") if content is None else content))
    return path


@pytest.mark.parametrize(
    ("space", "signs"),
    [
        ("left-posterior-superior", (-1, -1, 1)),
        ("LPS", (-1, -1, 1)),
        ("right-anterior-superior", (1, 1, 1)),
        ("RAS", (1, 1, 1)),
        ("left-anterior-superior", (-1, 1, 1)),
    ],
)
def test_every_anatomical_space_becomes_ras(tmp_path, space, signs):
    path = save(tmp_path / "a.nrrd", space=space)
    image = read_image(path)
    expected = (
        np.array([[0.5, 0, 0, 10], [0.1, 2, 0, 20], [0, 0, 3, 30]]) * np.array(signs)[:, None]
    )
    assert np.array_equal(image.geometry.affine[:3], expected)
    assert np.array_equal(image.array[0, 0], VOXELS)
    assert image.notes == ()
    by_itk = sitk.ReadImage(str(path))
    point = by_itk.TransformIndexToPhysicalPoint((3, 2, 1))
    ours = image.geometry.affine @ [3, 2, 1, 1]
    assert np.allclose(np.multiply(point, (-1, -1, 1)), ours[:3])


@pytest.mark.parametrize("space", ["3D-right-handed", "scanner-xyz", None])
def test_a_space_without_anatomy_is_taken_as_lps_and_said(tmp_path, space):
    count = "3" if space is None else None
    image = read_image(save(tmp_path / "a.nrrd", space=space, space_dimension=count))
    assert image.geometry.affine[0, 0] == -0.5
    assert [note.code for note in image.notes] == ["orientation_unstated"]
    assert "sides may be swapped" in image.notes[0].sentence


@pytest.mark.parametrize("encoding", ["raw", "gzip", "gz", "bzip2"])
@pytest.mark.parametrize("order", ["little", "big"])
def test_encodings_and_byte_orders(tmp_path, encoding, order):
    stored = VOXELS.astype(VOXELS.dtype.newbyteorder("<" if order == "little" else ">"))
    pack = {"gzip": gzip.compress, "gz": gzip.compress, "bzip2": bz2.compress}.get(encoding, bytes)
    path = save(tmp_path / "a.nrrd", pack(stored.tobytes("F")), encoding=encoding, endian=order)
    assert np.array_equal(read_image(path).array[0, 0], VOXELS)


def test_detached_voxels_with_skips(tmp_path):
    (tmp_path / "sub").mkdir()
    plain = b"line one\nline two\nxyz" + VOXELS.tobytes("F")
    (tmp_path / "sub/voxels.raw").write_bytes(plain)
    changes = {"data_file": "sub/voxels.raw", "line_skip": "2", "byte_skip": "3"}
    path = save(tmp_path / "a.nhdr", b"", **changes)
    assert np.array_equal(read_image(path).array[0, 0], VOXELS)
    save(path, b"", data_file="sub/voxels.raw", byte_skip="-1")
    assert np.array_equal(read_image(path).array[0, 0], VOXELS)
    # Of a compressed block, decoded bytes are passed over.
    (tmp_path / "voxels.raw.gz").write_bytes(gzip.compress(b"abc" + VOXELS.tobytes("F")))
    save(path, b"", datafile="./voxels.raw.gz", byteskip="3", encoding="gzip")
    assert np.array_equal(read_image(path).array[0, 0], VOXELS)


@pytest.mark.parametrize("name", ["/etc/passwd", "../outside.raw", "C:/voxels.raw", "missing.raw"])
def test_voxels_elsewhere_are_refused(tmp_path, name):
    (tmp_path / "in").mkdir()
    (tmp_path / "outside.raw").write_bytes(VOXELS.tobytes("F"))
    path = save(tmp_path / "in/a.nhdr", b"", data_file=name)
    with pytest.raises(DataError, match=r"a\.nhdr: found (voxels in|no file)"):
        read_image(path)


@pytest.mark.parametrize("files", ["LIST", "slice%03d.raw 1 2 1"])
def test_voxels_in_many_files_are_refused(tmp_path, files):
    with pytest.raises(DataError, match="spread over several files"):
        read_image(save(tmp_path / "a.nhdr", b"", data_file=files))


def test_time_and_channels_wherever_the_file_has_them(tmp_path):
    series = np.arange(4 * 3 * 2 * 5, dtype=np.int16)
    directions = FIELDS["space directions"]
    path = save(
        tmp_path / "time.nrrd", series.tobytes(), dimension="4", sizes="4 3 2 5",
        space_directions=f"{directions} none", kinds="domain domain domain time",
        spacings="NaN NaN NaN 40", units='"" "" "" "ms"',
    )  # fmt: skip
    image = read_image(path)
    assert image.array.shape == (5, 1, 4, 3, 2)
    assert np.array_equal(image.array[:, 0].transpose(1, 2, 3, 0).ravel("F"), series)
    assert (image.has_time, image.frame_seconds) == (True, 0.04)
    first = {"dimension": "4", "sizes": "5 4 3 2", "space_directions": f"none {directions}"}
    path = save(
        tmp_path / "list.nrrd", series.tobytes(), kinds="list domain domain domain", **first
    )
    image = read_image(path)
    assert image.array.shape == (1, 5, 4, 3, 2)
    assert np.array_equal(image.array[0].ravel("F"), series)
    assert not image.has_time


@pytest.mark.parametrize(
    ("labels", "pair"),
    [('"" "" "" "time"', ""), (None, "axis 3 index values:=0.0 0.5 1.0 1.5 2.0\n")],
)
def test_a_list_that_3d_slicer_calls_a_sequence_is_time(tmp_path, labels, pair):
    content = header(
        dimension="4", sizes="4 3 2 5", space_directions=f"{FIELDS['space directions']} none",
        kinds="domain domain domain list", labels=labels, units='"" "" "" "s"',
    )  # fmt: skip
    path = tmp_path / "a.seq.nrrd"
    path.write_bytes(content[:-1] + pair.encode() + b"\n" + bytes(240))
    image = read_image(path)
    assert image.array.shape == (5, 1, 4, 3, 2)
    assert image.frame_seconds == (0.5 if pair else None)


def test_colours_and_their_alpha(tmp_path):
    colours = np.full((4, 4, 3, 2), 255, np.uint8)
    colours[:3] = np.arange(72).reshape(3, 4, 3, 2)
    changes = {
        "type": "uchar", "dimension": "4", "sizes": "4 4 3 2",
        "kinds": "RGBA-color domain domain domain",
        "space_directions": f"none {FIELDS['space directions']}",
    }  # fmt: skip
    image = read_image(save(tmp_path / "a.nrrd", colours.tobytes("F"), **changes))
    assert image.channel_names == ("R", "G", "B")
    assert np.array_equal(image.array[0], colours[:3])
    colours[3, 0, 0, 0] = 7
    with pytest.raises(DataError, match="1 transparent voxel"):
        read_image(save(tmp_path / "a.nrrd", colours.tobytes("F"), **changes))


def test_units_are_converted(tmp_path):
    path = save(tmp_path / "a.nrrd", space_units='"um" "um" "\u00b5m"')
    assert np.allclose(read_image(path).geometry.affine[2], [0, 0, 0.003, 0.03])
    with pytest.raises(DataError, match="furlong"):
        read_image(save(path, space_units='"mm" "mm" "furlong"'))


def test_spacings_alone_give_a_grid_and_a_remark(tmp_path):
    bare = {"space": None, "space_directions": None, "space_origin": None}
    image = read_image(save(tmp_path / "a.nrrd", spacings="0.5 0.5 4", **bare))
    assert np.array_equal(image.geometry.affine, np.diag([-0.5, -0.5, 4, 1]))
    assert image.notes[0].code == "orientation_unstated"
    image = read_image(save(tmp_path / "b.nrrd", **bare))
    assert (image.geometry.unit, image.geometry.dimensions) == ("px", 3)
    for spacings in ("0.5 0.5", "0 1 1", "-1 1 1", "a b c"):
        with pytest.raises(DataError, match="spacings"):
            read_image(save(tmp_path / "c.nrrd", spacings=spacings, **bare))


def test_pictures_with_and_without_a_spacing(tmp_path):
    flat = {"dimension": "2", "sizes": "4 6", "kinds": "domain domain", "space": None}
    turned = {"space_dimension": "2", "space_directions": "(0,2) (-3,0)", "space_origin": "(5,6)"}
    image = read_image(save(tmp_path / "a.nrrd", **flat, **turned))
    assert (image.geometry.shape, image.geometry.dimensions) == ((4, 6, 1), 2)
    assert image.geometry.unit == "mm"
    expected = [[0, -3, 0, 5], [2, 0, 0, 6], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert np.array_equal(image.geometry.affine, expected)
    unit = {"space_dimension": "2", "space_directions": "(1,0) (0,1)", "space_origin": "(0,0)"}
    assert read_image(save(tmp_path / "b.nrrd", **flat, **unit)).geometry.unit == "px"
    stated = read_image(save(tmp_path / "c.nrrd", **flat, **unit, space_units='"mm" "mm"'))
    assert stated.geometry.unit == "mm"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kinds": "domain domain complex"}, "the kind 'complex'"),
        ({"kinds": "domain domain"}, "one per axis"),
        ({"kinds": "domain time list"}, "axes of the kinds"),
        ({"space_directions": "(1,0,0) (0,1,0) none", "kinds": None}, "without direction"),
        ({"space_directions": "(1,0,0) (0,1,0)"}, "one per axis"),
        ({"space_directions": "(1,0) (0,1) (1,1)"}, "as many numbers"),
        ({"space_directions": "(1,0,0) (0,x,0) (0,0,1)"}, "vectors such as"),
        ({"sizes": "4 3"}, "as many sizes"),
        ({"sizes": "4 3 0"}, "as many sizes"),
        ({"sizes": "4 3 -2"}, "as many sizes"),
        ({"dimension": "three"}, "a whole number"),
        ({"type": "block"}, "the voxel type 'block'"),
        ({"endian": None}, "no byte order"),
        ({"encoding": "ascii"}, "the encoding 'ascii'"),
        ({"byte_skip": "-2"}, "none below zero"),
        ({"sizes": "40000 30000 20000"}, "that its header announces"),
    ],
)
def test_unclear_headers_are_refused(tmp_path, changes, message):
    path = save(tmp_path / "a.nrrd", **changes)
    with pytest.raises(DataError, match=message) as caught:
        read_image(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("directions", ["(1,0,0) (1,0,0) (0,0,1)", "(nan,0,0) (0,1,0) (0,0,1)"])
def test_grids_that_are_none_name_the_file(tmp_path, directions):
    with pytest.raises(GeometryError, match=r"a\.nrrd: found an affine"):
        read_image(save(tmp_path / "a.nrrd", space_directions=directions))


def test_a_flipped_bit_is_found_by_the_checksum(tmp_path):
    content = bytearray(gzip.compress(VOXELS.tobytes("F"), compresslevel=0))
    content[-20] ^= 1
    with pytest.raises(DataError, match="CRC"):
        read_image(save(tmp_path / "a.nrrd", bytes(content), encoding="gzip"))


@pytest.mark.parametrize("share", [0.05, 0.6, 0.99])
def test_cut_off_files_are_refused(tmp_path, share):
    for encoding, content in (("raw", VOXELS.tobytes("F")), ("gzip", gzip.compress(bytes(48)))):
        path = save(tmp_path / "a.nrrd", content, encoding=encoding)
        whole = path.read_bytes()
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(DataError):
            read_image(path)


def segments(*pairs: str) -> bytes:
    return header(type="uchar").rstrip(b"\n") + b"\n" + "\n".join(pairs).encode() + b"\n\n"


def test_segments_of_3d_slicer_give_names_colours_and_codes(tmp_path):
    liver = "S~SCT^123037004^Anatomical Structure~SCT^10200004^Liver~^^~A~^^~^^"
    content = segments(
        "Segment0_ID:=Segment_1", "Segment0_Name:=my liver", "Segment0_LabelValue:=3",
        "Segment0_Color:=1 0.5 0", f"Segment0_Tags:=Other:x|TerminologyEntry:{liver}|",
        "Segment1_ID:=Segment_2", "Segment1_Name:=my liver", "Segment1_LabelValue:=5",
        "Segment1_Color:=black",
    )  # fmt: skip
    path = tmp_path / "a.seg.nrrd"
    path.write_bytes(content + bytes([0, 3, 5] * 8))
    classes = read_segmentation(path).classes
    assert classes.names == ("my liver", "my liver (5)")
    assert classes.values == (3, 5)
    assert classes.entries[0].colour == (255, 128, 0)
    assert [entry.snomed for entry in classes] == ["10200004", None]


def test_overlapping_segments_are_refused(tmp_path):
    path = tmp_path / "a.seg.nrrd"
    pairs = ("Segment0_ID:=a", "Segment0_Layer:=0", "Segment1_ID:=b", "Segment1_Layer:=1")
    path.write_bytes(segments(*pairs) + bytes(24))
    with pytest.raises(DataError, match="overlap, in 2 layers"):
        read_segmentation(path)
    path.write_bytes(segments("Segment0_ID:=a", "Segment0_LabelValue:=-1") + bytes(24))
    with pytest.raises(DataError, match="the label value '-1'"):
        read_segmentation(path)
