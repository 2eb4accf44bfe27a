"""One file through the command line and through napari's layers: the same result, to the voxel."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pydicom
import pytest
from typer.testing import CliRunner

pytest.importorskip("napari", reason="the plugin needs the napari extra")

from napari.layers import Image as ImageLayer
from napari.layers import Labels

from napari_omniseg.bridge.labels_layer import result_layers
from napari_omniseg.bridge.layer_image import LayerSnapshot, image_of
from napari_omniseg.files import writer
from napari_omniseg.files.reader import get_reader
from omniseg_backend.bundles.models import model
from omniseg_backend.bundles.store import Bundle, load_bundle
from omniseg_backend.cli.main import app
from omniseg_backend.images.modality import Modality
from omniseg_backend.images.reading import read_image, read_segmentation
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.inference.segment import segment
from omniseg_backend.networks.architecture import Variant
from omniseg_sample_data.samples import samples_folder
from tests.images.dicom_writing import oblique, write_ct
from tests.inference import conftest as inference_fixtures

make_bundle = inference_fixtures.make_bundle

#: A volume at an angle with slices of another spacing, one in another order of axes, a volume of
#: three sequences, a grey picture and a colour one.
CASES = [
    ("abdominal_mri.nii.gz", "demo-abdominal-mri", "mask.nii.gz"),
    ("abdominal_mri.nii.gz", "demo-abdominal-mri", "mask.seg.nrrd"),
    ("abdominal_ct.nii.gz", "demo-abdominal-ct", "mask.nii.gz"),
    ("brain_mri.nii.gz", "demo-brain-mri", "mask.nii.gz"),
    ("retinal_oct.png", "demo-retinal-oct", "mask.png"),
    ("surgical_instruments.png", "demo-surgical-instruments", "mask.png"),
]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNISEG_HOME", str(tmp_path / "home"))


def by_command(path: Path, output: Path, bundle: Bundle) -> Segmentation:
    """What ``omniseg segment`` writes."""
    arguments = ["segment", str(path), "-o", str(output), "--model", str(bundle.path)]
    result = CliRunner().invoke(app, [*arguments, "--arithmetic", "fp32"])
    assert result.exit_code == 0, result.stderr
    return read_segmentation(output)


def by_layers(path: Path, output: Path, bundle: Bundle, suffix: str) -> Segmentation:
    """What is saved of the layer that the plugin would add."""
    reader = get_reader(str(path))
    assert reader is not None
    ((array, attributes, kind),) = reader(str(path))
    assert kind == "image"
    snapshot = LayerSnapshot.of(ImageLayer(array, **attributes))
    axes = snapshot.readings()[0]
    result = segment(image_of(snapshot, axes), bundle)
    (made,) = result_layers(result, snapshot, axes, name="result")
    layer = Labels(made.array, **made.attributes)
    writers = {
        ".nii.gz": writer.labels_as_nifti,
        ".seg.nrrd": writer.labels_as_slicer,
        ".png": writer.labels_as_png,
        ".dcm": writer.labels_as_dicom,
    }
    writers[suffix](str(output), *layer.as_layer_data_tuple()[:2])
    return read_segmentation(output)


def assert_same(one: Segmentation, other: Segmentation) -> None:
    assert one.labels.any()
    assert one.labels.dtype == other.labels.dtype
    assert np.array_equal(one.labels, other.labels)
    assert one.geometry.unit == other.geometry.unit
    np.testing.assert_allclose(one.geometry.affine, other.geometry.affine, rtol=0, atol=1e-6)
    assert one.classes == other.classes
    assert one.provenance is not None
    assert other.provenance is not None
    then = one.provenance.time
    assert dataclasses.replace(other.provenance, time=then) == one.provenance


@pytest.mark.parametrize(("sample", "task", "name"), CASES)
def test_both_ways_give_one_result(sample: str, task: str, name: str, tmp_path: Path) -> None:
    path, bundle = samples_folder() / sample, model(task, Variant.COMPACT)
    suffix = name.removeprefix("mask")
    commanded = by_command(path, tmp_path / f"command{suffix}", bundle)
    layered = by_layers(path, tmp_path / f"layers{suffix}", bundle, suffix)
    assert_same(commanded, layered)
    # Exactly, where the format holds the numbers: both went one way.
    assert np.array_equal(commanded.geometry.affine, layered.geometry.affine)


def test_other_programs_find_the_same_in_both_files(tmp_path: Path) -> None:
    """Read by nibabel, header and all."""
    import nibabel

    path, bundle = samples_folder() / "abdominal_mri.nii.gz", model("demo-abdominal-mri")
    by_command(path, tmp_path / "command.nii.gz", bundle)
    by_layers(path, tmp_path / "layers.nii.gz", bundle, ".nii.gz")
    one, other = (nibabel.load(tmp_path / f"{way}.nii.gz") for way in ("command", "layers"))
    assert np.array_equal(np.asarray(one.dataobj), np.asarray(other.dataobj))
    for field in ("sform_code", "qform_code", "pixdim", "srow_x", "srow_y", "srow_z", "datatype"):
        assert np.array_equal(one.header[field], other.header[field]), field


def test_a_dicom_series_gives_one_dicom_segmentation(make_bundle, tmp_path: Path) -> None:
    volume = np.zeros((3, 32, 32), np.int16)
    volume[1, 16:24, 4:12] = 255
    folder = write_ct(tmp_path / "ct", volume, orientation=oblique(), StudyInstanceUID="1.2.3")
    bundle = load_bundle(make_bundle(preprocessing={"modality": Modality.CT}).path)
    commanded = by_command(folder, tmp_path / "command.dcm", bundle)
    layered = by_layers(folder, tmp_path / "layers.dcm", bundle, ".dcm")
    assert_same(commanded, layered)
    assert layered.geometry.is_close(read_image(folder).geometry)
    one, other = (pydicom.dcmread(tmp_path / f"{way}.dcm") for way in ("command", "layers"))
    assert one.ReferencedSeriesSequence == other.ReferencedSeriesSequence
    assert one.PixelData == other.PixelData
    assert one.PatientID == other.PatientID
