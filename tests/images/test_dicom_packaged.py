"""pydicom's packaged test files: the values that pydicom itself gives, or a clear refusal."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pydicom
import pydicom.uid as uid
import pytest
from pydicom.data.data_manager import DATA_ROOT
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.modality import Modality
from omniseg_backend.images.reading import read_image

FOLDER = Path(DATA_ROOT) / "test_files"

#: What is refused, and a word of the reason. Everything else must be read.
REFUSED = {
    "ExplVR_BigEndNoMeta.dcm": "RT Ion Plan",
    "ExplVR_LitEndNoMeta.dcm": "RT Ion Plan",
    # 12-bit lossy JPEG: the libraries at hand decode 8 bits only.
    "JPEG-lossy.dcm": r"JPEG Extended .* cannot be decoded",
    "JPGExtended.dcm": r"JPEG Extended .* cannot be decoded",
    "JPEG2000-embedded-sequence-delimiter.dcm": "compressed frame of 3722445056 x 1024",
    "MR_truncated.dcm": "at most 8130 bytes",
    "SC_rgb_rle_16bit_2frame.dcm": "whether they are slices or time points",
    "SC_rgb_rle_2frame.dcm": "whether they are slices or time points",
    "SC_rgb_rle_32bit_2frame.dcm": "whether they are slices or time points",
    "UN_sequence.dcm": "CT Image Storage, without an image",
    "badVR.dcm": "a radiotherapy dose",
    "empty_charset_LEI.dcm": "a DICOM file without an image",
    "liver_1frame.dcm": "a DICOM segmentation",
    "liver_expb_1frame.dcm": "a DICOM segmentation",
    "meta_missing_tsyntax.dcm": "a DICOM file without an image",
    "nested_priv_SQ.dcm": "a DICOM file without an image",
    "no_meta.dcm": "content of no known image format",
    "no_meta_group_length.dcm": "RT Image Storage, without an image",
    "priv_SQ.dcm": "MR Image Storage, without an image",
    "reportsi.dcm": "a structured report",
    "reportsi_with_empty_number_tags.dcm": "a structured report",
    "rtdose.dcm": "a radiotherapy dose",
    "rtdose_1frame.dcm": "a radiotherapy dose",
    "rtdose_expb.dcm": "a radiotherapy dose",
    "rtdose_expb_1frame.dcm": "a radiotherapy dose",
    "rtdose_rle.dcm": "a radiotherapy dose",
    "rtdose_rle_1frame.dcm": "a radiotherapy dose",
    "rtplan.dcm": "a radiotherapy plan",
    "rtplan_truncated.dcm": "a radiotherapy plan",
    "rtstruct.dcm": "radiotherapy contours",
    "test-SR.dcm": "Comprehensive SR",
    "waveform_ecg.dcm": "12-lead ECG",
}
FILES = sorted(path.name for path in FOLDER.glob("*.dcm"))
MODALITIES = {"CT": Modality.CT, "MR": Modality.MRI, "US": Modality.ULTRASOUND}


@pytest.mark.parametrize("name", [name for name in FILES if name not in REFUSED])
def test_values_are_pydicoms(name):
    path = FOLDER / name
    image = read_image(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(path)
        stored = dataset.pixel_array
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        expected = apply_color_lut(stored, dataset)
    else:
        expected = apply_modality_lut(stored, dataset)
    frames = int(dataset.get("NumberOfFrames") or 1)
    rows, columns = dataset.Rows, dataset.Columns
    # (time, rows, columns, channel) to (time, channel, i, j, k)
    layout = expected.reshape(frames, rows, columns, -1).transpose(0, 3, 2, 1)[..., np.newaxis]
    np.testing.assert_array_equal(image.array, layout)
    assert image.has_time == (frames > 1)
    assert image.modality.value is MODALITIES.get(dataset.get("Modality"))
    assert image.source is not None
    assert image.source.series_uid == dataset.get("SeriesInstanceUID", "")
    assert [plane.frame for plane in image.source.planes] == list(range(1, frames + 1))
    in_plane = image.geometry.spacing[:2]
    if image.geometry.dimensions == 3:
        assert in_plane == pytest.approx([float(part) for part in dataset.PixelSpacing[::-1]])
        position = image.geometry.affine[:3, 3] * (-1, -1, 1)
        assert position == pytest.approx([float(part) for part in dataset.ImagePositionPatient])


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_cannot_be_read_is_refused_with_the_reason(name):
    with pytest.raises(DataError, match=REFUSED[name]):
        read_image(FOLDER / name)


def test_ultrasound_regions_give_the_spacing():
    clip = read_image(FOLDER / "examples_ybr_color.dcm")
    (region,) = pydicom.dcmread(clip.source.planes[0].path).SequenceOfUltrasoundRegions
    deltas = (region.PhysicalDeltaX * 10, region.PhysicalDeltaY * 10)
    assert clip.geometry.spacing[:2] == pytest.approx(deltas)
    assert clip.geometry.unit == "mm"
    assert clip.geometry.dimensions == 2
    assert clip.frame_seconds == pytest.approx(1 / 30, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("DICOMDIR", "a DICOMDIR, the table of contents of a disc"),
        ("98892003/MR1", "3 series: "),
        ("77654033/CT2", r"a gap of 202.5 mm after slice 1 of 4"),
        ("98892003/MR700", "mixed orientations"),
        ("TINY_ALPHA", "CT Image Storage, without an image and a DICOMDIR"),
        ("", "13 series: "),
    ],
)
def test_the_packaged_disc_is_refused_with_reasons(name, reason):
    with pytest.raises(DataError, match=reason):
        read_image(FOLDER / "dicomdirtests" / name)


@pytest.mark.parametrize(("name", "slices"), [("98892001/CT5N", 5), ("77654033/CR1/6154", 1)])
def test_the_packaged_disc_is_read_slice_by_slice(name, slices):
    image = read_image(FOLDER / "dicomdirtests" / name)
    assert image.geometry.shape == (16, 16, slices)
    for k, plane in enumerate(image.source.planes):
        dataset = pydicom.dcmread(plane.path)
        expected = apply_modality_lut(dataset.pixel_array, dataset)
        if dataset.PhotometricInterpretation == "MONOCHROME1":
            ends = np.array([0, 2**dataset.BitsStored - 1])
            expected = apply_modality_lut(ends, dataset).sum() - expected
        np.testing.assert_allclose(image.array[0, 0, :, :, k], expected.T, rtol=1e-6)
        if slices > 1:
            position = [float(part) for part in dataset.ImagePositionPatient]
            world = (image.geometry.affine @ (0, 0, k, 1))[:3]
            np.testing.assert_allclose(world, np.array(position) * (-1, -1, 1), atol=1e-3)


@pytest.mark.parametrize(
    ("syntax", "plugins"),
    [
        (uid.JPEGBaseline8Bit, {"gdcm", "pillow"}),
        (uid.JPEGLosslessSV1, {"gdcm"}),
        (uid.JPEGLSLossless, {"gdcm", "pyjpegls"}),
        (uid.JPEGLSNearLossless, {"gdcm", "pyjpegls"}),
        # Pillow alone decodes no picture in the order green, blue, red (GDCMJ2K_TextGBR.dcm).
        (uid.JPEG2000Lossless, {"gdcm", "pillow"}),
        (uid.JPEG2000, {"gdcm", "pillow"}),
        (uid.RLELossless, {"pydicom"}),
    ],
    ids=lambda value: value.name if isinstance(value, uid.UID) else "",
)
def test_each_compression_is_decoded_by_the_base_install_alone(syntax, plugins):
    # pydicom counts a plug-in as missing unless all that it needs is installed: a decoder that
    # only some other package brings would show here as a further name.
    assert set(get_decoder(syntax).available_plugins) == plugins
    assert any(
        pydicom.dcmread(FOLDER / name, stop_before_pixels=True).file_meta.TransferSyntaxUID
        == syntax
        for name in FILES
        if name not in REFUSED and "TransferSyntaxUID" in _file_meta(FOLDER / name)
    )


def _file_meta(path):
    return getattr(pydicom.dcmread(path, stop_before_pixels=True), "file_meta", ())
