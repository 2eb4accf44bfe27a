"""One oblique, anisotropic phantom in every format: the same labels, world, classes, history."""

from __future__ import annotations

import json

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 (the name that SimpleITK's manual uses)
import tifffile
from scipy.spatial.transform import Rotation

from omniseg_backend.common.errors import DataError, GeometryError
from omniseg_backend.common.provenance import Provenance
from omniseg_backend.images.classes import ClassEntry, ClassTable
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality, ModalityStatement
from omniseg_backend.images.reading import read_image, read_segmentation
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.images.writers import WRITERS
from omniseg_backend.images.writing import (
    check_map_target,
    check_target,
    write_image,
    write_segmentation,
)

SHAPE = (5, 6, 7)
CLASSES = ClassTable(
    (
        ClassEntry(2, "links \u2014 Niere\\n", (10, 20, 30), "64033007"),
        ClassEntry(5, "spleen", (200, 100, 0)),
        ClassEntry(9, "absent", (1, 2, 3)),
    )
)
PROVENANCE = Provenance(
    "abdomen-compact", "1.2", "f" * 64, "napari-omniseg 0.1.0", "2026-11-23T06:00:00+00:00",
    True, "ct (stated by the user)",
)  # fmt: skip
VOLUMES = [".nii", ".nii.gz", ".nrrd", ".seg.nrrd", ".mha", ".tif", ".ome.tiff"]
IMAGES = [suffix for suffix in VOLUMES if suffix != ".seg.nrrd"]
#: Formats whose own fields hold the whole affine in double precision.
EXACT = [".nrrd", ".seg.nrrd", ".mha"]


def oblique(shear: float = 0.0) -> Geometry:
    affine = np.eye(4)
    rotation = Rotation.from_euler("xyz", (20.0, -35.0, 50.0), degrees=True).as_matrix()
    affine[:3, :3] = rotation @ np.diag((0.7, 1.3, -5.1))
    affine[:3, 1] += shear * affine[:3, 0]
    affine[:3, 3] = (-123.456789, 87.654321, 499.99)
    return Geometry(SHAPE, affine, "mm", 3)


def labels_on(grid: Geometry, frames: int = 1) -> np.ndarray:
    values = np.array([0, 2, 5], np.uint8)
    return values[np.random.default_rng(1).integers(0, 3, (frames, *grid.shape))]


def mask(grid: Geometry | None = None, frames: int = 1, **fields) -> Segmentation:
    grid = grid or oblique()
    return Segmentation(labels_on(grid, frames), grid, CLASSES, PROVENANCE, **fields)


def world_of(grid: Geometry) -> np.ndarray:
    corners = [(0, 0, 0), (4, 5, 6), (4, 0, 6), (0, 5, 0)]
    return np.array([(grid.affine @ [*corner, 1])[:3] for corner in corners])


def world_by_itk(picture: sitk.Image) -> np.ndarray:
    corners = [(0, 0, 0), (4, 5, 6), (4, 0, 6), (0, 5, 0)]
    points = [picture.TransformIndexToPhysicalPoint(corner) for corner in corners]
    return np.array(points) * (-1, -1, 1)


@pytest.mark.parametrize("suffix", VOLUMES)
def test_the_phantom_comes_back_from_every_format(tmp_path, suffix):
    original = mask()
    path = write_segmentation(original, tmp_path / f"mask{suffix}")[0]
    read = read_segmentation(path)
    assert np.array_equal(read.labels, original.labels)
    assert read.geometry.is_close(original.geometry, 1e-12)
    assert read.geometry.dimensions == 3
    assert read.classes == CLASSES
    assert read.provenance == PROVENANCE


@pytest.mark.parametrize("suffix", EXACT)
def test_itk_sees_the_same_world_to_a_millionth(tmp_path, suffix):
    original = mask()
    path = write_segmentation(original, tmp_path / f"mask{suffix}")[0]
    by_itk = sitk.ReadImage(str(path))
    assert np.array_equal(sitk.GetArrayFromImage(by_itk).T, original.labels[0])
    assert np.allclose(world_by_itk(by_itk), world_of(original.geometry), rtol=0, atol=1e-6)
    # ITK hands our record on; without it the world is the same and the names are gone.
    sitk.WriteImage(by_itk, tmp_path / "copy.mha")
    assert read_segmentation(tmp_path / "copy.mha").classes == CLASSES
    by_itk.EraseMetaData("omniseg")
    sitk.WriteImage(by_itk, tmp_path / "bare.mha")
    bare = read_segmentation(tmp_path / "bare.mha")
    assert bare.geometry.is_close(original.geometry, 1e-9)
    assert bare.classes.names == ("class 2", "class 5")


def test_itk_nibabel_and_we_agree_over_formats(tmp_path):
    image = Image(np.random.default_rng(2).normal(size=(1, 1, *SHAPE)), oblique())
    worlds = []
    for suffix in (".nii.gz", ".nrrd", ".mha"):
        (path,) = write_image(image, tmp_path / f"image{suffix}")
        by_itk = sitk.ReadImage(str(path))
        assert np.array_equal(sitk.GetArrayFromImage(by_itk).T, image.array[0, 0])
        worlds.append(world_by_itk(by_itk))
    assert np.allclose(worlds[1], worlds[2], rtol=0, atol=1e-9)
    assert np.allclose(worlds[0], worlds[1], rtol=0, atol=1e-4)  # NIfTI is in single precision
    sitk.WriteImage(sitk.ReadImage(str(tmp_path / "image.nrrd")), tmp_path / "again.nii")
    affine = nibabel.load(tmp_path / "again.nii").affine
    assert np.allclose(affine, image.geometry.affine, rtol=0, atol=1e-4)


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".tif"])
def test_a_shear_is_kept_where_the_format_holds_it(tmp_path, suffix):
    original = mask(oblique(shear=0.3))
    path = write_segmentation(original, tmp_path / f"mask{suffix}")[0]
    assert read_segmentation(path).geometry.is_close(original.geometry, 1e-12)


@pytest.mark.parametrize("suffix", [".mha", ".seg.nrrd"])
def test_a_shear_is_refused_where_it_would_be_bent(tmp_path, suffix):
    grid = oblique(shear=0.01)
    image = Image(np.zeros((1, 1, *SHAPE), np.uint8), grid)
    target = tmp_path / f"a{suffix}"
    with pytest.raises(GeometryError, match=r"a\.(mha|seg\.nrrd): found a sheared grid"):
        check_target(target, image, CLASSES, overwrite=False)
    with pytest.raises(GeometryError, match="sheared"):
        write_segmentation(mask(grid), target)
    with pytest.raises(DataError, match=r"sheared|expected a format for images"):
        write_image(image, target)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha", ".tif"])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_time_is_kept(tmp_path, suffix, dimensions):
    grid = oblique() if dimensions == 3 else Geometry.of_picture(5, 6, (0.5, 0.25))
    original = mask(grid, 4, has_time=True, frame_seconds=0.04)
    path = write_segmentation(original, tmp_path / f"cine{suffix}")[0]
    read = read_segmentation(path)
    assert np.array_equal(read.labels, original.labels)
    assert read.has_time
    assert read.geometry.is_close(grid, 1e-12)
    assert read.geometry.dimensions == dimensions
    if suffix != ".mha":  # which does not state what its fourth spacing is
        assert read.frame_seconds == pytest.approx(0.04)


def test_a_series_is_refused_as_segments(tmp_path):
    with pytest.raises(DataError, match="found a series of 4 points in time"):
        write_segmentation(mask(frames=4), tmp_path / "a.seg.nrrd")


@pytest.mark.parametrize("suffix", [*VOLUMES, ".png"])
@pytest.mark.parametrize("spacing", [None, (0.5, 0.25), (1.0, 1.0)])
def test_pictures_stay_pictures_and_their_unit_honest(tmp_path, suffix, spacing):
    original = mask(Geometry.of_picture(5, 6, spacing))
    path = write_segmentation(original, tmp_path / f"mask{suffix}")[0]
    read = read_segmentation(path)
    assert np.array_equal(read.labels, original.labels)
    assert read.geometry.is_close(original.geometry, 0.0)
    assert read.geometry.dimensions == 2


@pytest.mark.parametrize("suffix", VOLUMES)
def test_volumes_without_a_spacing_stay_without(tmp_path, suffix):
    original = mask(Geometry(SHAPE, np.eye(4), "px", 3))
    path = write_segmentation(original, tmp_path / f"mask{suffix}")[0]
    assert read_segmentation(path).geometry.is_close(original.geometry, 0.0)


def test_without_our_record_pictures_are_in_pixels_only_where_nothing_is_stated(tmp_path):
    for suffix in (".nrrd", ".mha"):
        for spacing, unit in ((None, "px"), ((1.0, 1.0), "mm")):
            path = write_segmentation(
                mask(Geometry.of_picture(5, 6, spacing)), tmp_path / f"a{suffix}", overwrite=True
            )[0]
            content = path.read_bytes().replace(b"omniseg", b"another")
            (tmp_path / f"b{suffix}").write_bytes(content)
            assert read_image(tmp_path / f"b{suffix}").geometry.unit == unit


@pytest.mark.parametrize("suffix", IMAGES)
@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint32, np.float32, np.float64])
def test_images_keep_voxels_channels_and_modality(tmp_path, suffix, kind):
    rng = np.random.default_rng(4)
    voxels = rng.integers(0, 100, (1, 2, *SHAPE)).astype(kind)
    modality = ModalityStatement(Modality.MRI, "file")
    original = Image(voxels, oblique(), ("T1", "T2"), modality)
    (path,) = write_image(original, tmp_path / f"image{suffix}")
    read = read_image(path)
    assert read.array.dtype == kind
    assert np.array_equal(read.array, voxels)
    assert read.geometry.is_close(original.geometry, 1e-12)
    assert (read.channel_names, read.modality) == (("T1", "T2"), modality)
    assert read.notes == ()


@pytest.mark.parametrize("suffix", [".nrrd", ".mha", ".tif"])
def test_series_with_channels_and_colour_pictures(tmp_path, suffix):
    rng = np.random.default_rng(4)
    series = Image(
        rng.integers(0, 100, (3, 2, *SHAPE)).astype(np.int16), oblique(), ("a", "b"), has_time=True
    )
    read = read_image(write_image(series, tmp_path / f"series{suffix}")[0])
    assert np.array_equal(read.array, series.array)
    colours = Image.from_picture(rng.integers(0, 256, (6, 5, 3)).astype(np.uint8))
    read = read_image(write_image(colours, tmp_path / f"picture{suffix}")[0])
    assert np.array_equal(read.array, colours.array)
    assert read.channel_names == ("R", "G", "B")


@pytest.mark.parametrize("suffix", [".nrrd", ".mha", ".tif"])
def test_voxel_types_without_a_name_are_refused(tmp_path, suffix):
    image = Image(np.zeros((1, 1, *SHAPE), np.float16), oblique())
    with pytest.raises(DataError, match="voxels of the type float16"):
        write_image(image, tmp_path / f"a{suffix}")


def test_equal_segmentations_give_equal_bytes(tmp_path):
    for suffix in (".nrrd", ".seg.nrrd", ".mha"):
        first, second = (
            write_segmentation(mask(), tmp_path / f"{name}{suffix}")[0] for name in "ab"
        )
        assert first.read_bytes() == second.read_bytes()


def test_a_mask_of_metaimage_has_a_sidecar_of_its_own(tmp_path):
    write_segmentation(mask(), tmp_path / "mask.nii.gz")
    files = write_segmentation(mask(), tmp_path / "mask.mha")
    assert [path.name for path in files] == ["mask.mha", "mask.mha.json"]
    record = json.loads(files[1].read_text("utf-8"))
    assert record["description"].startswith("DEMO, research use, not reviewed")


def test_a_table_too_long_for_metaimage_stands_in_the_sidecar_alone(tmp_path):
    many = ClassTable.from_names([f"region number {n} of the atlas" for n in range(400)])
    labels = np.zeros((1, *SHAPE), np.uint16)
    labels[0, 0, 0, 0] = 400
    path = write_segmentation(Segmentation(labels, oblique(), many), tmp_path / "a.mha")[0]
    assert sitk.GetArrayFromImage(sitk.ReadImage(str(path)))[0, 0, 0] == 400
    assert read_segmentation(path).classes == many


def test_each_header_says_where_the_mask_came_from(tmp_path):
    for suffix in (".nrrd", ".seg.nrrd"):
        path = write_segmentation(mask(), tmp_path / f"mask{suffix}")[0]
        header = path.read_bytes().partition(b"\n\n")[0].decode()
        assert "content: DEMO, research use, not reviewed; abdomen-compact 1.2" in header
    path = write_segmentation(mask(), tmp_path / "mask.tif")[0]
    with tifffile.TiffFile(path) as file:
        assert "research use, not reviewed; abdomen-compact" in (file.ome_metadata or "")
        assert file.series[0].axes == "ZYX"
        assert [int(part) >> 8 for part in file.pages[0].colormap[:, 5]] == [200, 100, 0]


def test_a_tiff_that_another_program_rescaled_loses_our_geometry(tmp_path):
    path = write_segmentation(mask(), tmp_path / "mask.tif")[0]
    content = path.read_bytes()
    assert content.count(b'PhysicalSizeX="0.7"') == 1
    path.write_bytes(content.replace(b'PhysicalSizeX="0.7"', b'PhysicalSizeX="0.8"'))
    assert read_segmentation(path).geometry.spacing == pytest.approx((0.8, 1.3, 5.1))


def test_formats_for_segmentations_alone_refuse_images(tmp_path):
    image = Image(np.zeros((1, 1, *SHAPE), np.uint8), oblique())
    for refuse in (
        lambda path: write_image(image, path),
        lambda path: check_map_target(path, image, overwrite=False),
    ):
        with pytest.raises(DataError, match=r"found the suffix '\.seg\.nrrd', expected a format"):
            refuse(tmp_path / "a.seg.nrrd")
    check_map_target(tmp_path / "a.nrrd", image, overwrite=False)


@pytest.mark.parametrize("row", WRITERS, ids=lambda row: row.suffixes[0])
def test_every_row_names_a_module_with_what_it_promises(row):
    labels = row.for_labels()
    assert callable(labels.check_labels)
    assert callable(labels.save_labels)
    if row.images:
        images = row.for_images()
        assert callable(images.check_image)
        assert callable(images.save_image)
