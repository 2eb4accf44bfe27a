"""Reading TIFF: pages, axes, spacing, and what is refused."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest
import tifffile

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.reading import read_image, read_segmentation

RNG = np.random.default_rng(5)
GREY = RNG.integers(0, 256, (5, 7)).astype(np.uint8)


@pytest.mark.parametrize("dtype", ["u1", "u2", "i2", ">u2", "f4", "f8"])
def test_a_grey_picture_of_any_depth(tmp_path, dtype):
    tifffile.imwrite(tmp_path / "a.tif", GREY.astype(dtype), byteorder=">" if ">" in dtype else "<")
    image = read_image(tmp_path / "a.tif")
    assert image.array.dtype == np.dtype(dtype).newbyteorder("=")
    assert np.array_equal(image.array[0, 0, :, :, 0], GREY.T)
    assert (image.geometry.unit, image.geometry.dimensions) == ("px", 2)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1)])
def test_thin_pictures_keep_both_axes(tmp_path, shape):
    tifffile.imwrite(tmp_path / "a.tif", np.ones(shape, np.uint8))
    assert read_image(tmp_path / "a.tif").geometry.shape == (shape[1], shape[0], 1)


@pytest.mark.parametrize("planes", ["contig", "separate"])
def test_colours_are_channels_however_they_are_stored(tmp_path, planes):
    colour = RNG.integers(0, 256, (5, 7, 3)).astype(np.uint8)
    stored = colour if planes == "contig" else np.moveaxis(colour, -1, 0)
    tifffile.imwrite(tmp_path / "a.tiff", stored, photometric="rgb", planarconfig=planes)
    image = read_image(tmp_path / "a.tiff")
    assert image.channel_names == ("R", "G", "B")
    assert np.array_equal(image.array[0, :, :, :, 0], colour.transpose(2, 1, 0))
    with pytest.raises(DataError, match="one label per pixel"):
        read_segmentation(tmp_path / "a.tiff")


def test_alpha_is_dropped_only_when_opaque(tmp_path):
    pixels = np.full((4, 5, 4), 65535, np.uint16)
    save = {"photometric": "rgb", "extrasamples": ["unassalpha"]}
    tifffile.imwrite(tmp_path / "a.tif", pixels, **save)
    assert read_image(tmp_path / "a.tif").channels == 3
    pixels[0, 0, 3] = 255
    tifffile.imwrite(tmp_path / "b.tif", pixels, **save)
    with pytest.raises(DataError, match="1 transparent pixel"):
        read_image(tmp_path / "b.tif")


def test_indexed_colours_are_colours_or_labels(tmp_path):
    picture = PIL.Image.fromarray((GREY % 2).astype(np.uint8))
    picture.putpalette([0, 0, 0, 200, 100, 50])
    picture.save(tmp_path / "a.tif")
    image = read_image(tmp_path / "a.tif")
    assert image.channel_names == ("R", "G", "B")
    row, column = np.argwhere(GREY % 2)[0]
    assert tuple(image.array[0, :, column, row, 0]) == (200, 100, 50)
    labels = read_segmentation(tmp_path / "a.tif").labels
    assert np.array_equal(labels[0, :, :, 0], (GREY % 2).T)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_common_compressions_are_lossless(tmp_path, compression):
    PIL.Image.fromarray(GREY).save(tmp_path / "a.tif", compression=compression)
    assert np.array_equal(read_image(tmp_path / "a.tif").array[0, 0, :, :, 0], GREY.T)


@pytest.mark.parametrize("metadata", [None, {}])
def test_pages_without_stated_axes_are_refused(tmp_path, metadata):
    stack = np.zeros((5, 6, 7), np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", stack, photometric="minisblack", metadata=metadata)
    with pytest.raises(DataError, match="5 pages whose axes are not stated"):
        read_image(tmp_path / "a.tif")


def test_an_imagej_stack_is_a_volume_in_mm(tmp_path):
    stack = RNG.integers(0, 999, (4, 2, 5, 7)).astype(np.uint16)
    tifffile.imwrite(
        tmp_path / "a.tif",
        stack,
        imagej=True,
        resolution=(1 / 0.25, 1 / 0.5),
        metadata={"axes": "ZCYX", "unit": "um", "spacing": 2.0},
    )
    image = read_image(tmp_path / "a.tif")
    assert image.array.shape == (1, 2, 7, 5, 4)
    assert np.array_equal(image.array[0], stack.transpose(1, 3, 2, 0))
    assert image.geometry.spacing == pytest.approx((0.00025, 0.0005, 0.002))
    assert (image.geometry.unit, image.geometry.dimensions) == ("mm", 3)


@pytest.mark.parametrize("unit", ["inch", "cm", "pixel", ""])
def test_paper_resolution_is_no_spacing(tmp_path, unit):
    metadata = {"axes": "YX", "unit": unit} if unit else {"axes": "YX"}
    tifffile.imwrite(
        tmp_path / "a.tif", GREY, imagej=True, resolution=(300, 300), metadata=metadata
    )
    assert read_image(tmp_path / "a.tif").geometry.unit == "px"


def test_plain_resolution_tags_are_no_spacing(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", GREY, resolution=(300, 300), resolutionunit="CENTIMETER")
    assert read_image(tmp_path / "a.tif").geometry.unit == "px"


def test_a_stack_whose_slices_have_no_known_distance_is_in_pixels(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.zeros((4, 5, 7), np.uint8),
        imagej=True,
        resolution=(4, 4),
        metadata={"axes": "ZYX", "unit": "um"},
    )
    geometry = read_image(tmp_path / "a.tif").geometry
    assert (geometry.unit, geometry.spacing, geometry.dimensions) == ("px", (1.0, 1.0, 1.0), 3)


def test_an_ome_series_states_time_channels_and_spacing(tmp_path):
    series = RNG.integers(0, 999, (3, 2, 5, 7)).astype(np.uint16)
    tifffile.imwrite(
        tmp_path / "a.ome.tif",
        series,
        ome=True,
        photometric="minisblack",
        metadata={
            "axes": "TCYX",
            "PhysicalSizeX": 250.0,
            "PhysicalSizeXUnit": "nm",
            "PhysicalSizeY": 0.5,
            "TimeIncrement": 2.0,
            "Channel": {"Name": ["DAPI", "GFP"]},
        },
    )
    image = read_image(tmp_path / "a.ome.tif")
    assert np.array_equal(image.array[..., 0], series.transpose(0, 1, 3, 2))
    assert image.channel_names == ("DAPI", "GFP")
    assert (image.has_time, image.frame_seconds) == (True, 2.0)
    assert image.geometry.spacing[:2] == pytest.approx((0.00025, 0.0005))
    assert (image.geometry.unit, image.geometry.dimensions) == ("mm", 2)


def test_a_mask_in_time_keeps_its_frames(tmp_path):
    frames = (RNG.integers(0, 3, (3, 5, 7))).astype(np.uint8)
    tifffile.imwrite(
        tmp_path / "a.tif", frames, imagej=True, metadata={"axes": "TYX", "finterval": 0.5}
    )
    mask = read_segmentation(tmp_path / "a.tif")
    assert np.array_equal(mask.labels[..., 0], frames.transpose(0, 2, 1))
    assert (mask.has_time, mask.frame_seconds) == (True, 0.5)


@pytest.mark.parametrize(
    ("pixels", "arguments", "message"),
    [
        (np.zeros((4, 5), np.complex64), {}, "complex64"),
        (np.eye(5, dtype=np.uint8), {"photometric": "miniswhite"}, "MINISWHITE"),
        (np.zeros((4, 5, 4), np.uint8), {"photometric": "separated"}, "SEPARATED"),
        (np.full((4, 5), np.nan, np.float32), {}, "20 of 20 voxels"),
    ],
)
def test_pixels_of_another_kind_are_refused(tmp_path, pixels, arguments, message):
    tifffile.imwrite(tmp_path / "a.tif", pixels, **arguments)
    with pytest.raises(DataError, match=message):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("share", [0.03, 0.3, 0.7, 0.97])
def test_cut_off_pictures_are_refused(tmp_path, compression, share):
    path = tmp_path / "a.tif"
    noise = RNG.integers(0, 256, (60, 60)).astype(np.uint8)
    tifffile.imwrite(path, noise, compression=compression)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DataError, match="copy or download the file again"):
        read_image(path)


@pytest.mark.parametrize("share", [0.2, 0.35, 0.5, 0.65, 0.8, 0.99])
def test_a_stack_that_lost_its_last_pages_is_never_read_as_a_picture(tmp_path, share):
    path = tmp_path / "a.tif"
    stack = np.ones((5, 2, 8, 9), np.uint16)
    tifffile.imwrite(path, stack, imagej=True, metadata={"axes": "ZCYX"})
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DataError):
        read_image(path)


def test_pages_that_lie_in_a_missing_file_are_refused(tmp_path):
    path = tmp_path / "a.ome.tif"
    stack = np.ones((2, 8, 9), np.uint8)
    tifffile.imwrite(path, stack, ome=True, photometric="minisblack", metadata={"axes": "ZYX"})
    first, _, rest = tifffile.tiffcomment(path).partition("<TiffData")
    here = '<TiffData IFD="0" PlaneCount="1"/>'
    elsewhere = (
        '<TiffData IFD="0" FirstZ="1" PlaneCount="1">'
        '<UUID FileName="gone.ome.tif">urn:uuid:5b0a-0</UUID></TiffData>'
    )
    tifffile.tiffcomment(path, (first + here + elsewhere + rest.partition("/>")[2]).encode())
    with pytest.raises(DataError, match="fewer pages than its headers announce"):
        read_image(path)


@pytest.mark.parametrize("name", ["a.ome.tif", "a.ome.tiff", "a.tif"])
@pytest.mark.parametrize("axes", ["TCZYX", "ZTCYX", "CZTYX"])
def test_ome_axes_in_any_order_are_the_ones_its_metadata_states(tmp_path, name, axes):
    lengths = {"T": 2, "C": 3, "Z": 4, "Y": 5, "X": 7}
    stack = RNG.integers(0, 999, [lengths[axis] for axis in axes]).astype(np.uint16)
    sizes = {f"PhysicalSize{axis}": size for axis, size in zip("XYZ", (0.5, 0.5, 2), strict=True)}
    tifffile.imwrite(
        tmp_path / name,
        stack,
        ome=True,
        photometric="minisblack",
        metadata={"axes": axes, **sizes, "PhysicalSizeZUnit": "mm"},
    )
    image = read_image(tmp_path / name)
    expected = stack.transpose([axes.index(axis) for axis in "TCXYZ"])
    assert np.array_equal(image.array, expected)
    assert image.geometry.spacing == pytest.approx((0.0005, 0.0005, 2.0))
    assert image.has_time
