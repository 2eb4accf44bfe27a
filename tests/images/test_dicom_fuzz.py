"""Damaged DICOM files, zip archives and videos: an image or a sentence, nothing else."""

from __future__ import annotations

import io
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydicom.data.data_manager import DATA_ROOT
from pydicom.uid import DeflatedExplicitVRLittleEndian

from omniseg_backend.common.errors import DataError, ResourceError
from omniseg_backend.images.dicom_dataset import read_dataset
from omniseg_backend.images.dicom_files import DicomFile
from omniseg_backend.images.reading import read_image
from tests.images.dicom_writing import new_dicom, write_ct, write_video

resource = pytest.importorskip("resource", reason="Windows counts memory otherwise")

PACKAGED = Path(DATA_ROOT) / "test_files"
BOUNDED = settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
#: One file of each way of storing pixels.
STORED = (
    "MR_small.dcm",
    "MR_small_RLE.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "SC_rgb_small_odd_jpeg.dcm",
    "image_dfl.dcm",
    "ExplVR_BigEnd.dcm",
)

HEADER_FIELDS = (
    "Rows", "Columns", "SamplesPerPixel", "BitsAllocated", "BitsStored", "HighBit",
    "PixelRepresentation", "PlanarConfiguration", "NumberOfFrames", "PixelSpacing",
    "ImagePositionPatient", "ImageOrientationPatient", "SliceThickness", "RescaleSlope",
    "RescaleIntercept", "PhotometricInterpretation", "TriggerTime", "AcquisitionTime",
    "TemporalPositionIdentifier", "Modality", "SeriesInstanceUID", "SOPClassUID", "ImageType",
    "FrameIncrementPointer",
)  # fmt: skip
VALUES = st.one_of(
    st.none(),
    st.integers(-(2**31), 2**31 - 1),
    st.integers(0, 40),
    st.floats(),
    st.text(st.characters(codec="ascii"), max_size=12),
    st.sampled_from(
        ["", "0", "-1", "1\\0\\0\\0\\1\\0", "1e400", "nan", "1\\2\\3", "RGB", "YBR_FULL"]
    ),
)


def read_or_refuse(path):
    """Read; a refusal must name what it is about. Anything else is a failure of the test."""
    image, refusal = None, ""
    try:
        image = read_image(path)
    except DataError as error:
        refusal = str(error)
    assert str(path) in refusal or np.isfinite(image.array).all()


@pytest.fixture(autouse=True)
def little_memory():
    """No damaged file may take more than 2 GB of memory."""
    before = peak_bytes()
    yield
    assert peak_bytes() - before < 2 * 10**9


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def encode(value):
    """Bytes that a writer without scruples could put into an element."""
    text = "" if value is None else str(value)
    return (text if len(text) % 2 == 0 else f"{text} ").encode("ascii", "replace")


@BOUNDED
@given(st.dictionaries(st.sampled_from(HEADER_FIELDS), VALUES, min_size=1, max_size=3))
@example({"Rows": 65535, "Columns": 65535})
@example({"NumberOfFrames": 2**31 - 1})
def test_changed_header_fields(tmp_path, changes):
    folder = write_ct(tmp_path / "series", np.zeros((2, 4, 4), np.int16))
    path = folder / "0001.dcm"
    dataset = pydicom.dcmread(path)
    for keyword, value in changes.items():
        tag = pydicom.datadict.tag_for_keyword(keyword)
        kind = pydicom.datadict.dictionary_VR(tag)
        if kind == "US" and isinstance(value, int):
            raw = (value % 65536).to_bytes(2, "little")
        else:
            raw = encode(value)
        dataset[tag] = pydicom.dataelem.RawDataElement(
            pydicom.tag.Tag(tag), kind, len(raw), raw, 0, False, True
        )
    with (
        warnings.catch_warnings(action="ignore"),
        pydicom.config.disable_value_validation(),
        path.open("wb") as stream,
    ):
        dataset.save_as(stream)
    read_or_refuse(folder)
    read_or_refuse(path)


@BOUNDED
@given(st.sampled_from(STORED), st.floats(0, 1))
def test_cut_off_files(tmp_path, name, share):
    content = (PACKAGED / name).read_bytes()
    path = tmp_path / "cut.dcm"
    path.write_bytes(content[: max(1, int(share * len(content)))])
    read_or_refuse(path)


@BOUNDED
@given(st.sampled_from(STORED), st.data())
def test_changed_bytes(tmp_path, name, data):
    content = bytearray((PACKAGED / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(128, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "changed.dcm"
    path.write_bytes(content)
    read_or_refuse(path)


@BOUNDED
@given(st.binary(max_size=200))
def test_anything_behind_the_prefix(tmp_path, content):
    path = tmp_path / "any"
    path.write_bytes(b"\0" * 128 + b"DICM" + content)
    read_or_refuse(path)


@BOUNDED
@given(st.data())
def test_changed_archives(tmp_path, data):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(PACKAGED / "MR_small.dcm", "a/b.dcm")
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "changed.zip"
    path.write_bytes(content[: data.draw(st.integers(30, len(content)))])
    read_or_refuse(path)


@settings(BOUNDED, max_examples=25)
@given(st.sampled_from([".avi", ".mp4"]), st.data())
def test_changed_videos(tmp_path, suffix, data):
    source = tmp_path / f"source{suffix}"
    if not source.exists():
        write_video(source, np.zeros((4, 16, 16, 3), np.uint8))
    content = bytearray(source.read_bytes())
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(12, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / f"changed{suffix}"
    path.write_bytes(content[: data.draw(st.integers(13, len(content)))])
    read_or_refuse(path)


def test_a_deflated_bomb_is_not_inflated(tmp_path):
    """pydicom inflates at once; 8 MiB of zeros in 8 KB stand for the 100 GB of a real one."""
    dataset = new_dicom(np.zeros((1024, 2048), np.uint32))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    path = tmp_path / "bomb.dcm"
    dataset.save_as(path, enforce_file_format=True)
    assert path.stat().st_size < 10**4
    # The file is inflated chunk by chunk, and no further than the limit.
    with pytest.raises(ResourceError, match=r"4\.0 MiB of memory, expected at most 2\.0 MiB"):
        read_dataset(DicomFile(path, 0), pixels=False, available=lambda: 2 * 2**20)


def test_sequences_in_sequences_end_in_a_sentence(tmp_path):
    """Deeper than Python's stack, which pydicom's parser uses."""
    item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    nested = (b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff" + item) * 5000
    path = tmp_path / "deep.dcm"
    path.write_bytes((PACKAGED / "MR_small.dcm").read_bytes()[:600] + nested)
    read_or_refuse(path)
