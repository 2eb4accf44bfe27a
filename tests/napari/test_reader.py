"""What opens as which layer, where it lies, and what is said where nothing opens."""

from __future__ import annotations

from pathlib import Path

import npe2
import numpy as np
import pytest
import yaml
from napari.components import ViewerModel
from napari.layers import Image as ImageLayer
from napari.layers import Labels
from napari.utils.notifications import notification_manager

from napari_omniseg.bridge.layer_image import LayerSnapshot, image_of
from napari_omniseg.bridge.layer_labels import segmentation_of_layer
from napari_omniseg.bridge.origin import METADATA_KEY
from napari_omniseg.files.reader import get_reader
from omniseg_backend.common.errors import DataError
from omniseg_backend.images.classes import ClassEntry, ClassTable
from omniseg_backend.images.formats import readable_suffixes
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.images.writing import write_image, write_segmentation
from tests.images.ct_series import write_series
from tests.images.dicom_writing import write_ct, write_video

PLUGIN = "napari-omniseg"
CLASSES = ClassTable((ClassEntry(2, "liver", (10, 200, 30)), ClassEntry(7, "spleen", (1, 2, 3))))
VOLUME = Geometry(
    (6, 5, 4), np.array([[0.0, -0.7, 0, 3], [0.9, 0, 0, -4], [0, 0, 2.5, 9], [0, 0, 0, 1]]), "mm", 3
)


def _labels(geometry: Geometry) -> Segmentation:
    labels = np.zeros((1, *geometry.shape), np.uint8)
    labels[0, 1:3, 2], labels[0, 4, 1] = 2, 7
    return Segmentation(labels, geometry, CLASSES)


@pytest.fixture
def viewer(plugins: None) -> ViewerModel:
    return ViewerModel()


@pytest.fixture
def told() -> list[str]:
    """What napari's notifications say from here on; filled when asked for."""
    notification_manager.records.clear()
    return notification_manager.records


def test_the_manifest_names_what_can_be_read(repository: Path) -> None:
    manifest = yaml.safe_load((repository / "napari_omniseg" / "napari.yaml").read_text("utf-8"))
    (reader,) = manifest["contributions"]["readers"]
    # Of JPEG and BMP napari's own reader gives the same pixels.
    expected = {f"*{suffix}" for suffix in readable_suffixes()} - {"*.jpg", "*.jpeg", "*.bmp"}
    assert set(reader["filename_patterns"]) == expected
    assert reader["accepts_directories"]


@pytest.mark.parametrize("name", ["scan.nii.gz", "SCAN.NII.GZ", "scan.seg.nrrd", "a.b.ome.tif"])
def test_npe2_finds_the_reader_by_the_whole_suffix(name: str, plugins: None) -> None:
    found = npe2.PluginManager.instance().iter_compatible_readers(name)
    assert PLUGIN in {reader.plugin_name for reader in found}


@pytest.mark.parametrize("name", ["notes.gz", "page.html", "photo.jpg", "a.csv", "nii.gz.txt"])
def test_other_names_are_left_alone(name: str, plugins: None) -> None:
    found = npe2.PluginManager.instance().iter_compatible_readers(name)
    assert PLUGIN not in {reader.plugin_name for reader in found}


def test_an_image_keeps_affine_units_and_labels_of_axes(
    viewer: ViewerModel, tmp_path: Path
) -> None:
    array = np.arange(120, dtype=np.int16).reshape(1, 1, 6, 5, 4)
    path = tmp_path / "scan.nii.gz"
    write_image(Image(array, VOLUME), path)
    (layer,) = viewer.open(str(path), plugin=PLUGIN)
    assert isinstance(layer, ImageLayer)
    assert layer.name == "scan.nii.gz"
    assert [str(unit) for unit in layer.units] == ["millimeter"] * 3
    assert layer.axis_labels == ("S", "P", "L")
    left, posterior, superior = np.diag([-1, -1, 1]) @ (VOLUME.affine @ [1, 2, 3, 1])[:3]
    np.testing.assert_allclose(layer.data_to_world((3, 2, 1)), (superior, posterior, left))
    back = image_of(LayerSnapshot.of(layer), "zyx")
    assert np.array_equal(back.geometry.affine, VOLUME.affine)
    assert np.array_equal(back.array, array)
    assert layer.metadata[METADATA_KEY].path == str(path)


@pytest.mark.parametrize("name", ["m.nii.gz", "m.seg.nrrd", "m.nrrd", "m.mha", "m.ome.tif"])
def test_a_label_file_is_a_labels_layer_with_names_and_colours(
    name: str, viewer: ViewerModel, tmp_path: Path
) -> None:
    write_segmentation(_labels(VOLUME), tmp_path / name)
    (layer,) = viewer.open(str(tmp_path / name), plugin=PLUGIN)
    assert isinstance(layer, Labels)
    np.testing.assert_allclose(layer.colormap.map(2), np.array([10, 200, 30, 255]) / 255, atol=1e-6)
    assert list(layer.features["name"]) == ["liver", "spleen"]
    back = segmentation_of_layer(layer)
    assert back.classes == CLASSES
    assert np.array_equal(back.labels, _labels(VOLUME).labels)
    np.testing.assert_allclose(back.geometry.affine, VOLUME.affine, atol=1e-6)


def test_a_picture_and_its_labels(viewer: ViewerModel, tmp_path: Path) -> None:
    picture = Image.from_picture(np.zeros((5, 6, 3), np.uint8))
    write_image(picture, tmp_path / "picture.png")
    write_segmentation(_labels(Geometry.of_picture(6, 5)), tmp_path / "mask.png")
    paths = [str(tmp_path / name) for name in ("picture.png", "mask.png")]
    image, labels = viewer.open(paths, plugin=PLUGIN)
    assert image.rgb
    assert isinstance(labels, Labels)
    assert labels.data.shape == (5, 6)


def test_a_video_has_a_time_axis(viewer: ViewerModel, tmp_path: Path) -> None:
    path = write_video(tmp_path / "film.avi", np.zeros((3, 16, 16, 3), np.uint8), fps=20)
    (layer,) = viewer.open(str(path), plugin=PLUGIN)
    assert layer.axis_labels == ("t", "y", "x")
    assert str(layer.units[0]) == "second"
    assert layer.scale[0] == 1.0
    assert layer.affine.affine_matrix[0, 0] == pytest.approx(0.05)


def test_a_series_folder_is_one_volume(viewer: ViewerModel, tmp_path: Path) -> None:
    series = write_series(tmp_path / "ct")
    (layer,) = viewer.open(str(series.folder), plugin=PLUGIN)
    assert layer.name == "ct"
    back = image_of(LayerSnapshot.of(layer), "zyx")
    assert back.source == series.source
    assert back.modality.value is Modality.CT
    np.testing.assert_allclose(back.geometry.affine, series.geometry.affine)


def test_slices_opened_as_a_stack_are_their_volume(viewer: ViewerModel, tmp_path: Path) -> None:
    series = write_series(tmp_path / "ct")
    chosen = [str(plane.path) for plane in series.source.planes]
    (layer,) = viewer.open(chosen, stack=True, plugin=PLUGIN)
    assert layer.data.shape == tuple(reversed(series.geometry.shape))


def test_several_series_are_layers_of_which_the_largest_is_seen(
    viewer: ViewerModel, tmp_path: Path
) -> None:
    write_ct(tmp_path / "study" / "a", np.zeros((2, 8, 8), np.int16))
    write_ct(tmp_path / "study" / "b", np.zeros((5, 8, 8), np.int16))
    layers = viewer.open(str(tmp_path / "study"), plugin=PLUGIN)
    assert [layer.name for layer in layers] == ["study, series 1", "study, series 2"]
    assert [layer.visible for layer in layers] == [False, True]


def test_a_series_that_forms_no_volume_is_left_out_and_named(
    viewer: ViewerModel, tmp_path: Path, told: list
) -> None:
    write_ct(tmp_path / "study" / "a", np.zeros((3, 8, 8), np.int16))
    gap = write_ct(tmp_path / "study" / "b", np.zeros((5, 8, 8), np.int16))
    (gap / "0002.dcm").unlink()
    (layer,) = viewer.open(str(tmp_path / "study"), plugin=PLUGIN)
    assert layer.visible
    assert any(record.message.startswith("Left out: ") for record in told)


def test_a_folder_without_dicom_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    assert get_reader(str(tmp_path)) is None
    assert get_reader(str(tmp_path / "empty")) is None
    assert get_reader([]) is None


def test_a_chunked_folder_is_not_looked_into(tmp_path: Path) -> None:
    write_ct(tmp_path / "cells.zarr", np.zeros((2, 8, 8), np.int16))
    assert get_reader(str(tmp_path / "cells.zarr")) is None


@pytest.mark.parametrize("path", ["", "nowhere.nii", "a\0b.nii", "https://x.org/a.nii.gz", "x.exe"])
def test_asking_for_a_reader_never_raises(path: str) -> None:
    reader = get_reader(path)
    assert (reader is None) == (not path.endswith((".nii", ".nii.gz")))


def test_damage_is_raised_where_nobody_watches(tmp_path: Path) -> None:
    path = tmp_path / "scan.nii.gz"
    path.write_bytes(b"not a NIfTI")
    reader = get_reader(str(path))
    assert reader is not None
    with pytest.raises(DataError, match="found content of no known image format"):
        reader(str(path))


def test_damage_is_one_sentence_in_the_window(gui, tmp_path: Path, told: list) -> None:
    path = tmp_path / "scan.nii.gz"
    path.write_bytes(b"not a NIfTI")
    viewer = gui()
    assert viewer.open(str(path), plugin=PLUGIN) == []
    (record,) = [record for record in told if record.severity == "error"]
    assert record.message.endswith("get it anew if it was damaged.")
    assert not record.actions  # no button that shows a traceback


def test_what_the_reader_assumed_is_told(viewer: ViewerModel, tmp_path: Path, told: list) -> None:
    import nibabel

    unplaced = nibabel.Nifti1Image(np.zeros((4, 4, 4), np.int16), None)
    unplaced.header["qform_code"] = unplaced.header["sform_code"] = 0
    nibabel.save(unplaced, tmp_path / "scan.nii")
    (layer,) = viewer.open(str(tmp_path / "scan.nii"), plugin=PLUGIN)
    notes = layer.metadata[METADATA_KEY].notes
    assert [note.code for note in notes] == ["orientation_unstated"]
    assert [record.message for record in told] == [f"scan.nii: {notes[0]}"]
