"""Reading PNG and JPEG: modes, masks, transparency, damage."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import PIL.Image
import PIL.ImageFile
import pytest

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.reading import read_image, read_segmentation

RNG = np.random.default_rng(3)
GREY = RNG.integers(0, 256, (5, 7)).astype(np.uint8)
COLOUR = RNG.integers(0, 256, (5, 7, 3)).astype(np.uint8)


def chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def png(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    """A PNG by hand, for depths that Pillow does not write."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def test_i_runs_along_columns_and_j_down_rows(tmp_path):
    PIL.Image.fromarray(GREY).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    assert image.array.shape == (1, 1, 7, 5, 1)
    for row, column in np.ndindex(GREY.shape):
        assert image.array[0, 0, column, row, 0] == GREY[row, column]
    assert (image.geometry.unit, image.geometry.dimensions) == ("px", 2)


def test_colours_are_channels(tmp_path):
    PIL.Image.fromarray(COLOUR).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    assert image.channel_names == ("R", "G", "B")
    assert np.array_equal(image.array[0, :, :, :, 0], COLOUR.transpose(2, 1, 0))
    assert image.modality.value is None


def test_sixteen_bit_grey_keeps_its_bits(tmp_path):
    deep = RNG.integers(0, 65536, (5, 7)).astype(np.uint16)
    PIL.Image.fromarray(deep).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    assert image.array.dtype == np.uint16
    assert np.array_equal(image.array[0, 0, :, :, 0], deep.T)
    assert np.array_equal(read_segmentation(tmp_path / "a.png").labels[0, :, :, 0], deep.T)


def test_sixteen_bit_colour_is_refused_rather_than_halved(tmp_path):
    rows = b"".join(b"\0" + bytes(2 * 3 * 2) for _ in range(2))
    (tmp_path / "a.png").write_bytes(png(2, 2, 16, 2, rows))
    with pytest.raises(DataError, match="16-bit picture in the colour space RGB"):
        read_image(tmp_path / "a.png")


def test_a_palette_gives_colours_to_images_and_indices_to_masks(tmp_path):
    indices = (GREY % 3).astype(np.uint8)
    picture = PIL.Image.fromarray(indices)
    picture.putpalette([0, 0, 0, 200, 10, 20, 30, 220, 40])
    picture.save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    colours = np.array([[0, 0, 0], [200, 10, 20], [30, 220, 40]], np.uint8)[indices]
    assert np.array_equal(image.array[0, :, :, :, 0], colours.transpose(2, 1, 0))
    labels = read_segmentation(tmp_path / "a.png")
    assert np.array_equal(labels.labels[0, :, :, 0], indices.T)
    assert labels.classes.names == ("class 1", "class 2")


def test_one_bit_pictures_are_black_and_white_and_one_bit_masks_are_labels(tmp_path):
    PIL.Image.fromarray(GREY > 127).save(tmp_path / "a.png")
    assert set(np.unique(read_image(tmp_path / "a.png").array)) == {0, 255}
    labels = read_segmentation(tmp_path / "a.png").labels
    assert np.array_equal(labels[0, :, :, 0], (GREY > 127).T.astype(np.uint8))


@pytest.mark.parametrize(("mode", "channels"), [("RGBA", 3), ("LA", 1)])
def test_opaque_alpha_is_dropped(tmp_path, mode, channels):
    PIL.Image.fromarray(COLOUR).convert(mode).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").channels == channels


def test_transparency_is_refused_with_a_count(tmp_path):
    picture = PIL.Image.fromarray(COLOUR).convert("RGBA")
    picture.putpixel((0, 0), (1, 2, 3, 254))
    picture.save(tmp_path / "a.png")
    with pytest.raises(DataError, match="1 transparent pixel"):
        read_image(tmp_path / "a.png")


def test_a_colour_declared_transparent_is_refused(tmp_path):
    PIL.Image.fromarray(GREY).save(tmp_path / "a.png", transparency=int(GREY[0, 0]))
    with pytest.raises(DataError, match="1 transparent pixel"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_colour_masks_are_refused(tmp_path, mode):
    PIL.Image.fromarray(COLOUR).convert(mode).save(tmp_path / "a.png")
    with pytest.raises(DataError, match="indexed PNG"):
        read_segmentation(tmp_path / "a.png")


def test_jpeg_is_an_image_and_no_mask(tmp_path):
    PIL.Image.fromarray(COLOUR).save(tmp_path / "a.JPG", format="JPEG")
    expected = np.array(PIL.Image.open(tmp_path / "a.JPG"))
    image = read_image(tmp_path / "a.JPG")
    assert np.array_equal(image.array[0, :, :, :, 0], expected.transpose(2, 1, 0))
    with pytest.raises(DataError, match="changes label values"):
        read_segmentation(tmp_path / "a.JPG")


def test_cmyk_is_refused(tmp_path):
    PIL.Image.new("CMYK", (4, 4)).save(tmp_path / "a.jpg")
    with pytest.raises(DataError, match="colour space CMYK"):
        read_image(tmp_path / "a.jpg")


def test_exif_orientation_is_noted_and_not_applied(tmp_path):
    picture = PIL.Image.fromarray(GREY)
    exif = picture.getexif()
    exif[274] = 6
    picture.save(tmp_path / "a.jpg", exif=exif)
    image = read_image(tmp_path / "a.jpg")
    assert image.geometry.shape == (7, 5, 1)
    assert [note.code for note in image.notes] == ["exif_orientation"]
    assert "EXIF orientation (6) is not applied" in image.notes[0].sentence


def test_dots_per_inch_are_no_spacing(tmp_path):
    PIL.Image.fromarray(GREY).save(tmp_path / "a.png", dpi=(300, 300))
    assert read_image(tmp_path / "a.png").geometry.unit == "px"


def test_an_animation_is_refused(tmp_path):
    frames = [PIL.Image.fromarray(GREY), PIL.Image.fromarray(255 - GREY)]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    with pytest.raises(DataError, match="animation of 2 pictures"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.8])
def test_cut_off_pictures_are_refused(tmp_path, suffix, share):
    noise = RNG.integers(0, 256, (60, 60)).astype(np.uint8)
    path = tmp_path / f"a{suffix}"
    PIL.Image.fromarray(noise).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DataError, match="copy or download the file again"):
        read_image(path)


def test_a_decompression_bomb_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(png(100_000, 100_000, 8, 0, b"\0"))
    with pytest.raises(DataError, match="enormous picture"):
        read_image(tmp_path / "a.png")


def test_a_header_that_its_file_cannot_fill_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(png(9_000, 9_000, 8, 0, b"\0"))
    with pytest.raises(DataError, match="that its header announces"):
        read_image(tmp_path / "a.png")


def test_real_masks_are_read_as_their_readers_know_them(shared_data):
    folder = shared_data / "Dataset105_LumbarSpineMRI" / "labelsTr"
    path = sorted(folder.glob("*.png"))[0]
    expected = np.array(PIL.Image.open(path))
    labels = read_segmentation(path)
    assert np.array_equal(labels.labels[0, :, :, 0], expected.T)
    assert set(labels.classes.values) == set(np.unique(expected)) - {0}


def test_real_dermoscopy_is_read_with_its_mask(shared_data):
    image_path = sorted((shared_data / "ISIC2017").rglob("ISIC_*.jpg"))[0]
    mask_path = next((shared_data / "ISIC2017").rglob(f"{image_path.stem}_segmentation.png"))
    image, mask = read_image(image_path), read_segmentation(mask_path)
    assert image.channel_names == ("R", "G", "B")
    assert mask.geometry.is_close(image.geometry)
    assert len(mask.classes) == 1


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_bmp_pictures_and_masks(tmp_path, mode):
    picture = PIL.Image.fromarray(GREY % 3).convert("P")
    picture.putpalette([0, 0, 0, 200, 100, 50, 9, 8, 7])
    if mode != "P":
        picture = PIL.Image.fromarray(GREY).convert(mode)
    picture.save(tmp_path / "a.bmp")
    image = read_image(tmp_path / "a.bmp")
    assert (image.geometry.unit, image.geometry.shape) == ("px", (7, 5, 1))
    expected = np.array(picture.convert("RGB" if mode in ("P", "RGB") else "L"))
    assert np.array_equal(image.array[0, ..., 0].transpose(2, 1, 0), np.atleast_3d(expected))
    if mode == "RGB":
        with pytest.raises(DataError, match="one label per pixel"):
            read_segmentation(tmp_path / "a.bmp")
        return
    labels = read_segmentation(tmp_path / "a.bmp").labels[0, :, :, 0]
    assert np.array_equal(labels.T, np.array(picture))


def test_a_bmp_that_is_cut_off_or_announces_too_much_is_refused(tmp_path):
    PIL.Image.fromarray(GREY).save(tmp_path / "a.bmp")
    content = (tmp_path / "a.bmp").read_bytes()
    (tmp_path / "a.bmp").write_bytes(content[:-9])
    with pytest.raises(DataError, match="cannot be decoded"):
        read_image(tmp_path / "a.bmp")
    (tmp_path / "a.bmp").write_bytes(content[:18] + (9000).to_bytes(4, "little") * 2 + content[26:])
    with pytest.raises(DataError, match="that its header announces"):
        read_image(tmp_path / "a.bmp")
