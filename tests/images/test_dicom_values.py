"""From stored DICOM pixels to values: every photometric, scaling and compression."""

from __future__ import annotations

import io

import numpy as np
import PIL.Image
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.pixels.processing import convert_color_space
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.modality import Modality
from omniseg_backend.images.reading import read_image
from tests.images.dicom_writing import new_dicom, write_ct, write_dicom

RNG = np.random.default_rng(8)
GREY = RNG.integers(0, 4096, (5, 6)).astype(np.uint16)
COLOUR = RNG.integers(0, 256, (5, 6, 3)).astype(np.uint8)


def picture(image):
    """(rows, columns[, channels]) of an image with one slice."""
    return np.squeeze(image.array[0, ..., 0].transpose(2, 1, 0))


def compressed(path, frame, pixels, syntax, **fields):
    """Write one frame that something else than pydicom has compressed."""
    dataset = new_dicom(pixels, **fields)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([frame])
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(path, enforce_file_format=True)
    return path


def encoded(pixels, kind, **options):
    buffer = io.BytesIO()
    PIL.Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("syntax", [JPEGLSLossless, RLELossless])
@pytest.mark.parametrize("pixels", [GREY, GREY.astype(np.int16) - 2048, COLOUR])
def test_lossless_compression_keeps_values(tmp_path, syntax, pixels):
    pixels = np.repeat(pixels, 8, axis=1)
    dataset = new_dicom(pixels)
    dataset.compress(syntax, generate_instance_uid=False)
    dataset.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    np.testing.assert_array_equal(picture(read_image(tmp_path / "a.dcm")), pixels)


@pytest.mark.parametrize(("pixels", "photometric"), [(GREY, "MONOCHROME2"), (COLOUR, "YBR_RCT")])
def test_lossless_jpeg_2000_keeps_values(tmp_path, pixels, photometric):
    frame = encoded(pixels, "JPEG2000", no_jp2=True, mct=int(pixels.ndim == 3))
    fields = {"PhotometricInterpretation": photometric}
    path = compressed(tmp_path / "a", frame, pixels, JPEG2000Lossless, **fields)
    np.testing.assert_array_equal(picture(read_image(path)), pixels)


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_every_native_encoding_keeps_values(tmp_path, syntax):
    big = syntax == ExplicitVRBigEndian
    stored = GREY.byteswap().tobytes() if big else GREY.tobytes()
    dataset = new_dicom(GREY, PixelData=stored)
    dataset.file_meta.TransferSyntaxUID = syntax
    pydicom.filewriter.dcmwrite(tmp_path / "a", dataset, enforce_file_format=True)
    array = read_image(tmp_path / "a").array
    assert array.dtype == np.dtype(np.uint16)
    np.testing.assert_array_equal(array[0, 0, :, :, 0], GREY.T)


def test_jpeg_baseline_is_converted_from_ybr(tmp_path):
    smooth = np.repeat(np.repeat(COLOUR[:2, :2], 16, axis=0), 16, axis=1)
    frame = encoded(smooth, "JPEG", quality=95, subsampling=0)
    fields = {"PhotometricInterpretation": "YBR_FULL"}
    compressed(tmp_path / "a", frame, smooth, JPEGBaseline8Bit, **fields)
    image = read_image(tmp_path / "a")
    assert image.channel_names == ("R", "G", "B")
    assert np.abs(picture(image).astype(int) - smooth).max() <= 6


def test_uncompressed_ybr_is_converted(tmp_path):
    stored = convert_color_space(COLOUR, "RGB", "YBR_FULL")
    path = write_dicom(tmp_path / "a", stored, PhotometricInterpretation="YBR_FULL")
    assert np.abs(picture(read_image(path)).astype(int) - COLOUR).max() <= 2


@pytest.mark.parametrize(
    ("stored", "fields", "expected"),
    [
        (GREY, {"BitsStored": 12, "HighBit": 11}, 4095 - GREY.astype(int)),
        (GREY, {}, 65535 - GREY.astype(int)),
        (GREY.astype(np.int16) - 2048, {}, -1 - (GREY.astype(int) - 2048)),
    ],
)
def test_monochrome1_is_turned_so_that_bright_is_large(tmp_path, stored, fields, expected):
    path = write_dicom(tmp_path / "a", stored, PhotometricInterpretation="MONOCHROME1", **fields)
    np.testing.assert_array_equal(picture(read_image(path)), expected)


def test_monochrome1_and_rescale_turn_about_the_same_middle(tmp_path):
    fields = {"BitsStored": 12, "HighBit": 11, "RescaleSlope": "2", "RescaleIntercept": "-5"}
    dark = write_dicom(tmp_path / "a", GREY, PhotometricInterpretation="MONOCHROME1", **fields)
    expected = 2 * (4095 - GREY.astype(int)) - 5
    np.testing.assert_array_equal(picture(read_image(dark)), expected)


def test_hounsfield_units_are_never_turned(tmp_path):
    fields = {"PhotometricInterpretation": "MONOCHROME1", "Modality": "CT"}
    image = read_image(write_dicom(tmp_path / "a", GREY, **fields))
    np.testing.assert_array_equal(picture(image), GREY)
    assert image.modality.value is Modality.CT


def test_every_slice_has_its_own_slope(tmp_path):
    volume = RNG.integers(0, 1000, (3, 4, 5)).astype(np.uint16)
    slopes, intercepts = (0.5, 1.25, 2.0), (-1.0, 0.0, 3.5)
    write_ct(
        tmp_path, volume, Modality="PT",
        RescaleSlope=[str(s) for s in slopes], RescaleIntercept=[str(i) for i in intercepts],
    )  # fmt: skip
    image = read_image(tmp_path)
    assert image.array.dtype == np.float32
    expected = volume * np.array(slopes)[:, None, None] + np.array(intercepts)[:, None, None]
    np.testing.assert_allclose(image.array[0, 0], expected.T, rtol=1e-6)
    assert image.modality.value is None


@pytest.mark.parametrize(
    ("bits", "slope", "intercept", "dtype"),
    [
        (12, "1", "-1024", np.int16),
        (16, "1", "-1024", np.int32),
        (12, "1", "0", np.uint16),
        (12, "100000", "0", np.int32),
        (12, "0.1", "0", np.float32),
        (12, "1e30", "0", np.float32),
    ],
)
def test_whole_numbers_stay_whole_in_the_smallest_type(tmp_path, bits, slope, intercept, dtype):
    fields = {"BitsStored": bits, "HighBit": bits - 1}
    path = write_dicom(
        tmp_path / "a", GREY, RescaleSlope=slope, RescaleIntercept=intercept, **fields
    )
    array = read_image(path).array
    assert array.dtype == dtype
    expected = GREY * float(slope) + float(intercept)
    np.testing.assert_allclose(array[0, 0, :, :, 0], expected.T, rtol=1e-6)


def lut_item(entries, bits):
    item = pydicom.Dataset()
    item.LUTDescriptor = [len(entries), 0, bits]
    item["LUTDescriptor"].VR = "US"
    item.ModalityLUTType = "US"
    item.LUTData = list(entries)
    item["LUTData"].VR = "US"
    return item


def test_a_modality_table_is_applied(tmp_path):
    indices = RNG.integers(0, 4, (5, 6)).astype(np.uint8)
    table = [10, 900, 40, 1023]
    grey = write_dicom(tmp_path / "a", indices, ModalityLUTSequence=[lut_item(table, 16)])
    np.testing.assert_array_equal(picture(read_image(grey)), np.array(table)[indices])
    turned = write_dicom(
        tmp_path / "b", indices, ModalityLUTSequence=[lut_item(table, 16)],
        PhotometricInterpretation="MONOCHROME1",
    )  # fmt: skip
    np.testing.assert_array_equal(picture(read_image(turned)), 65535 - np.array(table)[indices])


@pytest.mark.parametrize(("bits", "dtype"), [(8, np.uint8), (16, np.uint16)])
def test_a_palette_gives_rgb(tmp_path, bits, dtype):
    indices = RNG.integers(0, 4, (5, 6)).astype(np.uint8)
    tables = RNG.integers(0, 2**bits, (3, 4)).astype(dtype)
    fields = {"PhotometricInterpretation": "PALETTE COLOR"}
    for colour, table in zip(("Red", "Green", "Blue"), tables, strict=True):
        fields[f"{colour}PaletteColorLookupTableDescriptor"] = [4, 0, bits]
        fields[f"{colour}PaletteColorLookupTableData"] = table.tobytes()
    dataset = new_dicom(indices, **fields)
    for colour in ("Red", "Green", "Blue"):
        dataset[f"{colour}PaletteColorLookupTableDescriptor"].VR = "US"
    dataset.save_as(tmp_path / "a", enforce_file_format=True)
    image = read_image(tmp_path / "a")
    assert image.array.dtype == dtype
    assert image.channel_names == ("R", "G", "B")
    np.testing.assert_array_equal(picture(image), tables[:, indices].transpose(1, 2, 0))


def test_real_numbers_are_read_and_must_be_finite(tmp_path):
    values = RNG.normal(size=(5, 6)).astype(np.float32)

    def write(pixels):
        dataset = new_dicom(pixels, PixelRepresentation=None)
        del dataset.PixelData
        dataset.FloatPixelData = pixels.tobytes()
        dataset.save_as(tmp_path / "a", enforce_file_format=True)
        return tmp_path / "a"

    np.testing.assert_array_equal(picture(read_image(write(values))), values)
    values[0, 0] = np.nan
    with pytest.raises(DataError, match="1 of 30 voxels that are not finite"):
        read_image(write(values))


def region(**fields):
    item = pydicom.Dataset()
    defaults = {
        "RegionSpatialFormat": 1,
        "PhysicalUnitsXDirection": 3,
        "PhysicalUnitsYDirection": 3,
        "PhysicalDeltaX": 0.02,
        "PhysicalDeltaY": -0.03,
    }
    for keyword, value in (defaults | fields).items():
        setattr(item, keyword, value)
    return item


@pytest.mark.parametrize(
    ("fields", "spacing"),
    [
        ({"SequenceOfUltrasoundRegions": [region()]}, (0.2, 0.3)),
        ({"SequenceOfUltrasoundRegions": [region(), region(PhysicalDeltaX=0.02)]}, (0.2, 0.3)),
        ({"SequenceOfUltrasoundRegions": [region(), region(PhysicalDeltaX=0.05)]}, None),
        ({"SequenceOfUltrasoundRegions": [region(PhysicalUnitsXDirection=4)]}, None),
        # A Doppler spectrum below the picture has time along x.
        (
            {"SequenceOfUltrasoundRegions": [region(), region(RegionSpatialFormat=3)]},
            (0.2, 0.3),
        ),
        ({"PixelSpacing": ["0.4", "0.5"]}, (0.5, 0.4)),
        ({"PixelSpacing": ["0.4", "0.5"], "ImagerPixelSpacing": ["0.4", "0.5"]}, None),
        (
            {
                "PixelSpacing": ["0.4", "0.5"],
                "ImagerPixelSpacing": ["0.4", "0.5"],
                "PixelSpacingCalibrationType": "FIDUCIAL",
            },
            (0.5, 0.4),
        ),
        ({"ImagerPixelSpacing": ["0.4", "0.5"]}, None),
        ({}, None),
    ],
)
def test_pictures_are_measured_only_where_their_spacing_is_the_patients(tmp_path, fields, spacing):
    image = read_image(write_dicom(tmp_path / "a", GREY, Modality="US", **fields))
    geometry = image.geometry
    assert geometry.dimensions == 2
    assert geometry.unit == ("px" if spacing is None else "mm")
    if spacing is not None:
        assert geometry.spacing[:2] == pytest.approx(spacing)
        assert image.notes == ()


def test_a_spacing_that_is_not_used_is_noted(tmp_path):
    detector = {"PixelSpacing": ["0.4", "0.5"], "ImagerPixelSpacing": ["0.4", "0.5"]}
    (note,) = read_image(write_dicom(tmp_path / "a", GREY, Modality="CR", **detector)).notes
    assert "0.4 x 0.5 mm is the X-ray detector's" in note.sentence
    regions = [region(), region(PhysicalDeltaX=0.05)]
    path = write_dicom(tmp_path / "b", GREY, SequenceOfUltrasoundRegions=regions)
    (note,) = read_image(path).notes
    assert note.code == "scales_differ"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"PhotometricInterpretation": "HSV"}, "1 value per pixel in the colour space 'HSV'"),
        ({"PhotometricInterpretation": "RGB"}, "1 value per pixel in the colour space 'RGB'"),
        ({"Rows": 0}, "6 x 0 pixels"),
        ({"BitsStored": 20}, "20 of 16 bits"),
        ({"Rows": 500}, "at most"),
        ({"NumberOfFrames": 2_000_000_000}, "at most"),
        ({"NumberOfFrames": "-3"}, "-3 frames"),
        ({"RescaleSlope": "1e400", "RescaleIntercept": "0"}, "an element RescaleSlope"),
        ({"Modality": "SEG", "SOPClassUID": pydicom.uid.SegmentationStorage}, "SEG"),
    ],
)
def test_false_headers(tmp_path, fields, reason):
    path = tmp_path / "a"
    with pydicom.config.disable_value_validation():
        write_dicom(path, GREY, **fields)
    with pytest.raises(DataError, match=reason):
        read_image(path)


def test_a_frame_that_announces_another_size_is_not_decoded(tmp_path):
    frame = bytearray(encoded(GREY, "JPEG2000", no_jp2=True))
    frame[8:16] = (60000).to_bytes(4, "big") * 2
    path = compressed(tmp_path / "a", bytes(frame), GREY, JPEG2000Lossless)
    with pytest.raises(DataError, match="a compressed frame of 60000 x 60000 pixels"):
        read_image(path)
