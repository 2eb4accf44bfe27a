"""A saved layer, read back by the project's own readers, is what was on the screen."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import npe2
import numpy as np
import pydicom
import pytest
import yaml
from napari.components import ViewerModel
from napari.layers import Image as ImageLayer
from napari.layers import Labels

from napari_omniseg.bridge.labels_layer import file_layer
from napari_omniseg.files import writer
from omniseg_backend.common.errors import DataError, GeometryError
from omniseg_backend.common.provenance import Provenance
from omniseg_backend.images.classes import ClassEntry, ClassTable
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.reading import read_image, read_segmentation
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.images.writers import WRITERS
from tests.images.ct_series import write_series
from tests.napari.test_layer_bridge import oblique

PLUGIN = "napari-omniseg"
CLASSES = ClassTable((ClassEntry(2, "liver", (10, 200, 30)), ClassEntry(7, "spleen", (1, 2, 3))))
MADE = Provenance("toy", "1.0", "0" * 64, "napari-omniseg 0.1.0", "2026-01-31", False, "ct")
VOLUMES = ("m.nii.gz", "m.nii", "m.seg.nrrd", "m.nrrd", "m.mha", "m.ome.tif")


def made(geometry: Geometry, **fields: object) -> Segmentation:
    labels = np.zeros((1, *geometry.shape), np.uint8)
    labels[0, 1:3, 2], labels[0, 4, 1] = 2, 7
    return Segmentation(labels, geometry, CLASSES, MADE, **fields)


def layer_of(segmentation: Segmentation) -> Labels:
    ready = file_layer(segmentation)
    return Labels(ready.array.copy(), **ready.attributes)


@pytest.fixture
def viewer(plugins: None) -> ViewerModel:
    return ViewerModel()


def test_the_manifest_names_every_format_that_can_be_written(repository: Path) -> None:
    manifest = yaml.safe_load((repository / "napari_omniseg" / "napari.yaml").read_text("utf-8"))
    commands = {row["id"]: row["python_name"] for row in manifest["contributions"]["commands"]}
    offered: dict[str, set[str]] = {"labels": set(), "image": set()}
    for row in manifest["contributions"]["writers"]:
        (layer_type,) = row["layer_types"]
        offered[layer_type] |= set(row["filename_extensions"])
        named = getattr(writer, commands[row["command"]].rpartition(":")[2])
        assert named.suffix == row["filename_extensions"][0]
    assert offered["labels"] == {suffix for row in WRITERS for suffix in row.suffixes}
    # napari's own writer does PNG and plain TIFF of images, and is asked first.
    images = {suffix for row in WRITERS if row.images for suffix in row.suffixes}
    assert offered["image"] == images - {".png", ".tif", ".tiff"}


@pytest.mark.parametrize("name", [*VOLUMES, "m.dcm", "m.png"])
def test_npe2_takes_our_writer_for_labels(name: str, plugins: None) -> None:
    found, _ = npe2.PluginManager.instance().get_writer(name, ["labels"])
    assert found is not None
    assert found.plugin_name == PLUGIN


@pytest.mark.parametrize("name", VOLUMES)
def test_labels_names_colours_place_and_origin_are_kept(
    name: str, viewer: ViewerModel, tmp_path: Path
) -> None:
    segmentation = made(oblique())
    viewer.add_layer(layer_of(segmentation))
    written = viewer.layers.save(str(tmp_path / name))
    assert written[0] == str(tmp_path / name)
    back = read_segmentation(tmp_path / name)
    assert np.array_equal(back.labels, segmentation.labels)
    assert back.geometry.is_close(segmentation.geometry)
    assert (back.classes, back.provenance) == (CLASSES, MADE)


def test_a_picture_is_kept_as_png(viewer: ViewerModel, tmp_path: Path) -> None:
    segmentation = made(Geometry.of_picture(6, 5))
    viewer.add_layer(layer_of(segmentation))
    viewer.layers.save(str(tmp_path / "m.png"))
    back = read_segmentation(tmp_path / "m.png")
    assert np.array_equal(back.labels, segmentation.labels)
    assert (back.classes, back.provenance) == (CLASSES, MADE)


def test_what_a_person_painted_is_said_to_be_edited(viewer: ViewerModel, tmp_path: Path) -> None:
    layer = viewer.add_layer(layer_of(made(oblique())))
    layer.paint((2, 2, 2), 7)
    viewer.layers.save(str(tmp_path / "m.nii.gz"))
    edited = read_segmentation(tmp_path / "m.nii.gz")
    assert edited.provenance == dataclasses.replace(MADE, edited=True)
    layer.undo()
    viewer.layers.save(str(tmp_path / "m.nii.gz"))
    assert read_segmentation(tmp_path / "m.nii.gz").provenance == MADE
    (again,) = viewer.open(str(tmp_path / "m.nii.gz"), plugin=PLUGIN)
    again.data = np.where(again.data == 2, 7, again.data)
    viewer.layers.selection = {again}
    viewer.layers.save(str(tmp_path / "n.nii.gz"), selected=True)
    provenance = read_segmentation(tmp_path / "n.nii.gz").provenance
    assert provenance is not None
    assert provenance.edited


def test_colours_are_those_on_the_screen_and_hiding_a_class_is_none(
    viewer: ViewerModel, tmp_path: Path
) -> None:
    layer = viewer.add_layer(layer_of(made(oblique())))
    colours = dict(layer.colormap.color_dict)
    colours[2], colours[7] = np.array([0.2, 0.4, 0.6, 1.0]), np.zeros(4)
    layer.colormap = type(layer.colormap)(color_dict=colours)
    viewer.layers.save(str(tmp_path / "m.seg.nrrd"))
    found = {
        entry.name: entry.colour for entry in read_segmentation(tmp_path / "m.seg.nrrd").classes
    }
    assert found == {"liver": (51, 102, 153), "spleen": (1, 2, 3)}


def test_a_dicom_series_gives_a_dicom_segmentation(viewer: ViewerModel, tmp_path: Path) -> None:
    series = write_series(tmp_path / "ct")
    segmentation = made(series.geometry, source=series.source)
    viewer.add_layer(layer_of(segmentation))
    viewer.layers.save(str(tmp_path / "m.dcm"))
    back = read_segmentation(tmp_path / "m.dcm")
    assert np.array_equal(back.labels, segmentation.labels)
    assert back.geometry.is_close(segmentation.geometry)
    assert (back.classes.names, back.provenance) == (CLASSES.names, MADE)
    dataset = pydicom.dcmread(tmp_path / "m.dcm")
    assert dataset.ReferencedSeriesSequence[0].SeriesInstanceUID == series.source.series_uid


def test_dicom_of_another_source_is_one_sentence(viewer: ViewerModel, tmp_path: Path) -> None:
    viewer.add_layer(layer_of(made(oblique())))
    with pytest.raises(DataError, match="refers to the images it was made from"):
        viewer.layers.save(str(tmp_path / "m.dcm"))
    assert not any(tmp_path.iterdir())


def test_labels_that_left_the_pixels_of_their_series_are_told_so(
    viewer: ViewerModel, tmp_path: Path
) -> None:
    series = write_series(tmp_path / "ct")
    layer = layer_of(made(series.geometry, source=series.source))
    viewer.add_layer(layer)
    layer.translate = layer.translate + 5.0
    with pytest.raises(GeometryError, match="moved or scaled in the viewer"):
        viewer.layers.save(str(tmp_path / "m.dcm"))
    assert not list(tmp_path.glob("m*"))


def test_the_images_themselves_are_never_replaced(viewer: ViewerModel, tmp_path: Path) -> None:
    series = write_series(tmp_path / "ct")
    slice_file = series.source.planes[1].path
    before = slice_file.read_bytes()
    viewer.add_layer(layer_of(made(series.geometry, source=series.source)))
    with pytest.raises(DataError, match="one of the images that were segmented"):
        viewer.layers.save(str(slice_file))
    assert slice_file.read_bytes() == before


def test_an_existing_file_is_replaced_since_the_dialog_asked(
    viewer: ViewerModel, tmp_path: Path
) -> None:
    viewer.add_layer(layer_of(made(oblique())))
    for _ in range(2):
        viewer.layers.save(str(tmp_path / "m.nii.gz"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.json", "m.nii.gz"]


def test_a_sidecar_of_another_origin_is_kept(viewer: ViewerModel, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text('{"RepetitionTime": 2.0}', encoding="utf-8")
    viewer.add_layer(layer_of(made(oblique())))
    with pytest.raises(DataError, match="a file of another origin"):
        viewer.layers.save(str(tmp_path / "m.nii.gz"))
    assert (tmp_path / "m.json").read_text("utf-8") == '{"RepetitionTime": 2.0}'
    assert not (tmp_path / "m.nii.gz").exists()


@pytest.mark.parametrize("name", ["liver", "abdominal CT (phantom)", "at 0.5 mm", "scan.2", "x."])
def test_a_name_without_a_suffix_gets_one_and_replaces_nothing(name: str, tmp_path: Path) -> None:
    data, attributes, _ = layer_of(made(oblique())).as_layer_data_tuple()
    written = writer.labels_as_slicer(str(tmp_path / name), data, attributes)
    assert written == [str(tmp_path / f"{name}.seg.nrrd")]
    with pytest.raises(DataError, match=r"end it in \.seg\.nrrd to replace the file"):
        writer.labels_as_slicer(str(tmp_path / name), data, attributes)


def test_a_suffix_of_no_format_is_refused_with_the_list(tmp_path: Path) -> None:
    data, attributes, _ = layer_of(made(oblique())).as_layer_data_tuple()
    with pytest.raises(DataError, match=r"a format for segmentations: one of \.nii, \.nii\.gz"):
        writer.labels_as_nifti(str(tmp_path / "m.jpg"), data, attributes)


def test_a_multiscale_layer_is_written_at_its_finest(tmp_path: Path) -> None:
    levels = [np.eye(8, dtype=np.uint8), np.eye(4, dtype=np.uint8)]
    data, attributes, _ = Labels(levels, multiscale=True).as_layer_data_tuple()
    writer.labels_as_png(str(tmp_path / "m.png"), data, attributes)
    assert np.array_equal(read_segmentation(tmp_path / "m.png").labels[0, :, :, 0], np.eye(8))


@pytest.mark.parametrize("name", ["i.nii.gz", "i.nrrd", "i.mha", "i.ome.tif"])
def test_an_image_layer_keeps_values_and_place(
    name: str, viewer: ViewerModel, tmp_path: Path
) -> None:
    array = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    units, labels = ("mm",) * 3, ("S", "P", "L")
    layer = ImageLayer(
        array, scale=(2.5, 0.5, 0.5), translate=(9, 8, 7), units=units, axis_labels=labels
    )
    viewer.add_layer(layer)
    viewer.layers.save(str(tmp_path / name))
    back = read_image(tmp_path / name)
    assert np.array_equal(back.array[0, 0].transpose(2, 1, 0), array)
    np.testing.assert_allclose(back.geometry.affine @ [0, 0, 0, 1], [-7, -8, 9, 1], atol=1e-6)
    np.testing.assert_allclose(back.geometry.spacing, (0.5, 0.5, 2.5))


def test_a_persons_labels_get_no_provenance(tmp_path: Path) -> None:
    data, attributes, _ = Labels(np.eye(8, dtype=np.int64)).as_layer_data_tuple()
    writer.labels_as_nifti(str(tmp_path / "m.nii.gz"), data, attributes)
    back = read_segmentation(tmp_path / "m.nii.gz")
    assert back.provenance is None
    assert back.classes.names == ("class 1",)
    assert back.geometry.unit == "px"
