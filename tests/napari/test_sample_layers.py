"""File > Open Sample: every sample of the index, with its truth hidden."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from napari.components import ViewerModel
from napari.layers import Image as ImageLayer
from napari.layers import Labels

from napari_omniseg.bridge.layer_image import LayerSnapshot, image_of
from napari_omniseg.models.tasks import Question, list_tasks
from omniseg_sample_data.samples import Sample, samples


def test_the_manifest_lists_the_index(repository: Path) -> None:
    manifest = yaml.safe_load((repository / "napari_omniseg" / "napari.yaml").read_text("utf-8"))
    commands = {command["id"]: command for command in manifest["contributions"]["commands"]}
    listed = manifest["contributions"]["sample_data"]
    assert [entry["key"] for entry in listed] == [sample.id for sample in samples()]
    for entry, sample in zip(listed, samples(), strict=True):
        assert entry["display_name"].lower() == f"{sample.title} (phantom)".lower()
        python_name = commands[entry["command"]]["python_name"]
        assert python_name == f"napari_omniseg.files.samples:{sample.id}"


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.id)
def test_a_sample_is_an_image_with_its_truth_hidden(sample: Sample, plugins: None) -> None:
    viewer = ViewerModel()
    image, truth = viewer.open_sample("napari-omniseg", sample.id)
    assert isinstance(image, ImageLayer)
    assert isinstance(truth, Labels)
    assert (image.visible, truth.visible) == (True, False)
    assert list(truth.features["name"]) == [entry.name for entry in sample.classes]
    read = image_of(LayerSnapshot.of(image), LayerSnapshot.of(image).readings()[0])
    assert read.modality.value is sample.modality
    assert read.modality.is_known
    question = Question(LayerSnapshot.of(image), LayerSnapshot.of(image).readings()[0])
    tasks = list_tasks(question)
    task = tasks.catalogue.task(tasks.suggested(None))
    if task is not None:
        looked_for = {entry.name for entry in task.models[0].entry.manifest.classes}
        assert looked_for & {entry.name for entry in sample.classes}
    of_pixels = image.data.shape[:-1] if image.rgb else image.data.shape
    assert truth.data.shape == of_pixels[-truth.ndim :]
