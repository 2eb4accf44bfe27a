"""Damaged headers: an image or a sentence; never a crash, and never much memory.

What a header says is varied field by field with values that programs stumble over, and byte by
byte. The seeds are fixed, so that a failure can be repeated.
"""

from __future__ import annotations

import contextlib
import resource
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import nibabel
import numpy as np
import PIL.Image
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.reading import read_image, read_segmentation
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.images.writing import write_image, write_segmentation

TWO_GIGABYTES = 2 * 10**9
BOUNDED = settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
SHAPE = (5, 6, 7)
VOXELS = np.random.default_rng(8).integers(0, 3, (1, 1, *SHAPE)).astype(np.int16)
GRID = Geometry(SHAPE, np.diag([-0.7, -1.3, 5.1, 1.0]), "mm", 3)

#: Words that a field of a text header may hold in place of its own.
WORDS = st.one_of(
    st.sampled_from(
        [
            "", "0", "-1", "1", "2", "3", "7", "16", "99999999999999999999", "1e400", "-1e-320",
            "nan", "inf", "none", "LOCAL", "LIST", "gzip", "bzip2", "zlib", "raw", "hex", "True",
            "False", "MET_DOUBLE", "MET_LONG", "double", "float", "uint64", "block", "list",
            "time", "vector", "RGBA-color", "domain", "complex", "big", "little", "RAS", "RAST",
            "3D-left-handed", "(1,0,0)", "(1,0)", "(nan,0,0)", "(0,0,0)", "(", ")", '"mm"', "%03d",
            "../a", "a.raw", "65535 65535 65535", "2147483647 2 2", "4294967296",
        ]
    ),
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.floats().map(repr),
    st.text(max_size=8),
)  # fmt: skip
NUMBERS = st.one_of(
    st.sampled_from([0, 1, -1, 2, 127, 255, 32767, -32768, 2**31 - 1, -(2**31)]),
    st.integers(-(2**31), 2**31 - 1),
)


@contextlib.contextmanager
def two_gigabytes_more() -> Iterator[None]:
    """Let this process take two gigabytes beyond what it has, and not more."""
    with Path("/proc/self/statm").open() as stream:
        held = int(stream.read().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (held + TWO_GIGABYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def outcome(read: Callable[[Path], Image | Segmentation], path: Path):
    """What ``read`` gives, or the error that it refuses with."""
    try:
        with two_gigabytes_more():
            return read(path)
    except DataError as error:
        return error


def check(path: Path) -> None:
    """Reading gives an image that holds together, or a sentence about the file."""
    for read in (read_image, read_segmentation):
        found = outcome(read, path)
        if isinstance(found, DataError):
            assert str(path.parent) in found.subject, found
            assert found.found
            assert found.remedy
            continue
        assert np.isfinite(found.geometry.affine).all()
        if isinstance(found, Image):
            assert np.isfinite(found.array[0, 0].astype(float)).all()


@pytest.fixture(scope="module")
def originals(tmp_path_factory) -> dict[str, bytes]:
    """Sound files by suffix."""
    folder = tmp_path_factory.mktemp("sound")
    image = Image(VOXELS, GRID)
    mask = Segmentation(
        VOXELS[:, 0].astype(np.uint8), GRID, ClassTable.from_names(["liver", "spleen"])
    )
    for suffix in (".nii", ".nii.gz", ".nrrd", ".mha", ".tif"):
        write_image(image, folder / f"a{suffix}")
    write_segmentation(mask, folder / "a.seg.nrrd")
    nibabel.Nifti2Image(VOXELS[0, 0], GRID.affine).to_filename(folder / "two.nii")
    nibabel.Nifti1Pair(VOXELS[0, 0], GRID.affine).to_filename(folder / "a.hdr")
    picture = PIL.Image.fromarray(VOXELS[0, 0, :, :, 0].astype(np.uint8))
    for suffix in (".png", ".bmp", ".jpg"):
        picture.save(folder / f"a{suffix}")
    tifffile.imwrite(
        folder / "a.ome.tif", VOXELS[0, 0], ome=True, compression="zlib", metadata={"axes": "ZYX"}
    )
    tifffile.imwrite(folder / "stack.tif", VOXELS[0, 0], imagej=True, metadata={"axes": "ZYX"})
    # Uncompressed voxels, and kinds of fields that our writers do not use.
    raw = "type: short\ndimension: 4\nspace: RAST\nsizes: 5 6 7 1\nkinds: space space space time\n"
    raw += "space directions: (1,0,0,0) (0,1,0,0) (0,0,1,0) (0,0,0,1)\nspace origin: (0,0,0,0)\n"
    raw += 'space units: "mm" "mm" "mm" "s"\nendian: big\nencoding: raw\nbyte skip: -1\n\n'
    (folder / "raw.nrrd").write_bytes(f"NRRD0004\n{raw}".encode() + VOXELS.tobytes())
    plain = "NDims = 3\nDimSize = 5 6 7\nElementType = MET_SHORT\nElementSpacing = 1 2 3\n"
    plain += "HeaderSize = -1\nElementDataFile = a.img\n"
    (folder / "a.mhd").write_text(plain)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["a.nrrd", "a.seg.nrrd", "raw.nrrd", "a.mha", "a.mhd"])
@given(data=st.data())
@BOUNDED
def test_fields_of_text_headers(name, data, originals, tmp_path):
    end = originals[name].find(b"\n\n") if name.endswith("nrrd") else None
    if end is None:
        end = originals[name].index(b"ElementDataFile")
        end = originals[name].index(b"\n", end)
    lines = originals[name][:end].decode().split("\n")
    for _ in range(data.draw(st.integers(1, 3), "changes")):
        place = data.draw(st.integers(0, len(lines) - 1), "line")
        mark = next((m for m in (":=", ": ", " = ") if m in lines[place]), " ")
        field, _, value = lines[place].partition(mark)
        words = value.split(" ")
        words[data.draw(st.integers(0, len(words) - 1), "word")] = data.draw(WORDS, "new")
        change = data.draw(st.sampled_from(["word", "word", "all", "drop", "twice"]), "kind")
        new = {
            "word": f"{field}{mark}{' '.join(words)}",
            "all": f"{field}{mark}{data.draw(WORDS, 'all')}",
            "drop": "# dropped" if name.endswith("nrrd") else "Comment = dropped",
            "twice": f"{lines[place]}\n{lines[place]}",
        }
        lines[place] = new[change]
    path = tmp_path / name
    (tmp_path / "a.img").write_bytes(VOXELS.tobytes())
    path.write_bytes("\n".join(lines).encode("utf-8", "replace") + originals[name][end:])
    check(path)


#: Offset and layout of the fields of a NIfTI-1 header that the reader looks at.
NIFTI_1 = {
    "sizeof_hdr": (0, "i"), **{f"dim{n}": (40 + 2 * n, "h") for n in range(8)},
    "datatype": (70, "h"), "bitpix": (72, "h"),
    **{f"pixdim{n}": (76 + 4 * n, "f") for n in range(8)},
    "vox_offset": (108, "f"), "scl_slope": (112, "f"), "scl_inter": (116, "f"),
    "xyzt_units": (123, "B"), "qform_code": (252, "h"), "sform_code": (254, "h"),
    **{f"quatern_{n}": (256 + 4 * n, "f") for n in range(6)},
    **{f"srow_{n}": (280 + 4 * n, "f") for n in range(12)}, "magic": (344, "i"),
    "extension": (348, "i"), "extension_size": (352, "i"), "extension_code": (356, "i"),
}  # fmt: skip
NIFTI_2 = {
    "datatype": (12, "h"), **{f"dim{n}": (16 + 8 * n, "q") for n in range(8)},
    **{f"pixdim{n}": (104 + 8 * n, "d") for n in range(8)}, "vox_offset": (168, "q"),
    "scl_slope": (176, "d"), "scl_inter": (184, "d"), "qform_code": (344, "i"),
    "sform_code": (348, "i"), **{f"quatern_{n}": (352 + 8 * n, "d") for n in range(6)},
    **{f"srow_{n}": (400 + 8 * n, "d") for n in range(12)}, "xyzt_units": (500, "i"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "fields"), [("a.nii", NIFTI_1), ("a.hdr", NIFTI_1), ("two.nii", NIFTI_2)]
)
@given(data=st.data())
@BOUNDED
def test_fields_of_nifti_headers(name, fields, data, originals, tmp_path):
    content = bytearray(originals[name])
    for field in data.draw(st.lists(st.sampled_from(sorted(fields)), min_size=1, max_size=4)):
        offset, layout = fields[field]
        if layout in "fd":
            value = data.draw(st.one_of(st.floats(width=32), NUMBERS.map(float)), field)
        else:
            bits = 8 * struct.calcsize(layout)
            value = data.draw(NUMBERS, field) % 2 ** (bits - 1)
            value -= (
                0 if layout == "B" else data.draw(st.sampled_from([0, 2 ** (bits - 1)]), "sign")
            )
        if offset + struct.calcsize(layout) <= len(content):
            struct.pack_into(f"<{layout}", content, offset, value)
    (tmp_path / "a.img").write_bytes(originals["a.img"])
    (tmp_path / name).write_bytes(content)
    check(tmp_path / name)


@pytest.mark.parametrize(
    "name",
    [
        "a.nii", "a.nii.gz", "two.nii", "a.hdr", "a.nrrd", "a.seg.nrrd", "raw.nrrd", "a.mha",
        "a.mhd", "a.tif", "a.ome.tif", "stack.tif", "a.png", "a.bmp", "a.jpg",
    ],
)  # fmt: skip
@given(data=st.data())
@BOUNDED
def test_bytes(name, data, originals, tmp_path):
    content = bytearray(originals[name])
    for _ in range(data.draw(st.integers(1, 6), "changes")):
        # Headers stand first, and TIFF's tags behind the pixels too.
        place = data.draw(st.integers(0, len(content) - 1), "place")
        content[place] = data.draw(st.integers(0, 255), "value")
    if data.draw(st.booleans(), "cut"):
        del content[data.draw(st.integers(1, len(content)), "length") :]
    (tmp_path / "a.img").write_bytes(originals["a.img"])
    (tmp_path / name).write_bytes(content)
    check(tmp_path / name)


@pytest.mark.parametrize("name", ["a.tif", "a.ome.tif", "stack.tif"])
@given(data=st.data())
@BOUNDED
def test_tags_of_tiff(name, data, originals, tmp_path):
    path = tmp_path / name
    content = bytearray(originals[name])
    path.write_bytes(content)
    with tifffile.TiffFile(path) as file:
        places = [tag.offset for page in file.pages for tag in page.tags]
    for _ in range(data.draw(st.integers(1, 3), "changes")):
        place = data.draw(st.sampled_from(places), "tag")
        within = data.draw(st.sampled_from([0, 2, 4, 8]), "part")  # code, type, count, value
        layout = "<H" if within < 4 else "<I"
        value = data.draw(NUMBERS, "value") % 2 ** (8 * struct.calcsize(layout))
        struct.pack_into(layout, content, place + within, value)
    path.write_bytes(content)
    check(path)
