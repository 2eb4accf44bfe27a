"""Accepting a correction: the site data set holds the image and the labels as they were."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from napari_omniseg.models.layer_pairs import LayerPair, add_pairs
from napari_omniseg.models.preferences import Preferences
from napari_omniseg.panels.results import ResultsPanel
from omniseg_backend.common.errors import DataError
from omniseg_backend.common.progress import no_progress
from omniseg_backend.datasets.site.dataset import SiteDataset
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.modality import Modality
from omniseg_backend.images.reading import read_image, read_segmentation
from tests.napari.results_makers import MODEL, NAMES, NeverCancelled, show_drawn, two_balls

pytestmark = pytest.mark.usefixtures("plugin_preferences")


@pytest.fixture
def site(tmp_path: Path) -> SiteDataset:
    return SiteDataset.create(
        tmp_path / "Dataset501_Heart", ClassTable.from_names(NAMES), modality=Modality.MRI
    )


def accepted(qtbot, panel: ResultsPanel, folder: Path, patient: str = "") -> str:
    panel.acceptance.folder.setText(str(folder))
    panel.acceptance.patient.setText(patient)
    panel.acceptance.accept_button.click()
    qtbot.waitUntil(lambda: not panel.busy)
    return panel.message.text()


def agree(qtbot, panel: ResultsPanel) -> str:
    panel.acceptance.question.yes.click()
    qtbot.waitUntil(lambda: not panel.busy)
    return panel.message.text()


def test_what_was_corrected_is_stored_with_its_image(qtbot, viewer, open_results, site) -> None:
    made = show_drawn(viewer)
    panel = open_results()
    made.labels.data_setitem((np.array([0]), np.array([3]), np.array([4])), 3)
    said = accepted(qtbot, panel, site.folder, "P07")
    (name, case), *others = site.document().omniseg.cases.items()
    assert not others
    assert said == f"Added as {name} in {site.folder}, patient P07, for training."
    assert (case.bundle.id, case.bundle.version) == ("cardiac-mri-compact", "1.2.0")
    image = read_image(site.folder / "imagesTr" / f"{name}_0000.nii.gz")
    mask = read_segmentation(site.folder / "labelsTr" / f"{name}.nii.gz")
    assert np.array_equal(image.array[0, 0].transpose(2, 1, 0), made.image.data)
    assert np.array_equal(mask.labels[0].transpose(2, 1, 0), made.labels.data)
    np.testing.assert_allclose(mask.geometry.affine, image.geometry.affine, atol=1e-6)
    assert Preferences().site_folder == str(site.folder)


def test_what_is_painted_after_the_click_is_not_stored(qtbot, viewer, open_results, site) -> None:
    made = show_drawn(viewer)
    panel = open_results()
    panel.acceptance.folder.setText(str(site.folder))
    panel.acceptance.accept_button.click()
    made.labels.data[...] = 3
    qtbot.waitUntil(lambda: not panel.busy)
    (name,) = site.document().omniseg.cases
    mask = read_segmentation(site.folder / "labelsTr" / f"{name}.nii.gz")
    assert np.array_equal(mask.labels[0].transpose(2, 1, 0), two_balls())


def test_the_same_again_is_said_and_another_mask_asks(qtbot, viewer, open_results, site) -> None:
    made = show_drawn(viewer)
    panel = open_results()
    assert "counts as a patient of its own" in accepted(qtbot, panel, site.folder)
    assert panel.message.kind == "warning"
    assert accepted(qtbot, panel, site.folder).startswith("It is there already")
    made.labels.data_setitem((np.array([0]), np.array([3]), np.array([4])), 3)
    before = next(iter(site.document().omniseg.cases.values())).mask_hash
    assert accepted(qtbot, panel, site.folder) == ""
    assert panel.acceptance.question.isVisibleTo(panel)
    assert next(iter(site.document().omniseg.cases.values())).mask_hash == before
    assert "was replaced" in agree(qtbot, panel)
    assert next(iter(site.document().omniseg.cases.values())).mask_hash != before


def test_a_data_set_is_made_only_after_the_question(qtbot, viewer, open_results, tmp_path) -> None:
    show_drawn(viewer)
    panel = open_results()
    (tmp_path / "place").mkdir()
    accepted(qtbot, panel, tmp_path / "place", "P01")
    question = panel.acceptance.question
    assert "left ventricle, myocardium, scar" in question.text.text()
    assert list((tmp_path / "place").iterdir()) == []
    assert agree(qtbot, panel).endswith("patient P01, for training.")
    made = SiteDataset.open(tmp_path / "place" / "Dataset501_CardiacMri").document()
    assert made.classes.names == NAMES
    assert made.omniseg.modality == Modality.MRI
    assert panel.acceptance.folder.text().endswith("Dataset501_CardiacMri")


def test_the_fifth_patient_is_reserved_and_it_is_said(qtbot, viewer, open_results, site) -> None:
    panel = open_results()
    for number in range(5):
        labels = two_balls()
        labels[0, 0, number] = 2  # another image each time
        viewer.layers.clear()
        show_drawn(viewer, labels)
        qtbot.waitUntil(lambda: not panel.busy)
        said = accepted(qtbot, panel, site.folder, f"P{number}")
    assert said.endswith("patient P4, reserved: never trained on.")


def test_of_a_series_the_time_point_that_is_shown_is_taken(
    qtbot, viewer, open_results, site
) -> None:
    made = show_drawn(viewer, np.stack([two_balls(), two_balls()[::-1].copy()]), time=True)
    viewer.dims.set_current_step(0, 1)
    panel = open_results()
    assert "time point 1" in accepted(qtbot, panel, site.folder, "P01")
    (name,) = site.document().omniseg.cases
    mask = read_segmentation(site.folder / "labelsTr" / f"{name}.nii.gz")
    assert np.array_equal(mask.labels[0].transpose(2, 1, 0), made.labels.data[1])


def test_what_does_not_fit_is_refused_with_the_remedy(
    qtbot, viewer, open_results, site, tmp_path
) -> None:
    made = show_drawn(viewer)
    panel = open_results()
    made.image.translate = (3.0, 0.0, 0.0)
    assert "resample one of them" in accepted(qtbot, panel, site.folder)
    assert panel.message.kind == "error"
    made.image.translate = (0.0, 0.0, 0.0)
    assert "a pseudonym" in accepted(qtbot, panel, site.folder, "Doe, John")
    made.labels.data_setitem((np.array([0]), np.array([3]), np.array([4])), 9)
    assert "the value 9 without a name" in accepted(qtbot, panel, site.folder)
    blocked = tmp_path / "a file"
    blocked.write_text("")
    accepted(qtbot, panel, blocked / "site")
    agree(qtbot, panel)
    assert panel.message.kind == "error"
    assert "choose another output" in panel.message.text()
    assert site.document().omniseg.cases == {}


def test_without_its_image_it_says_which_one_is_missing(qtbot, viewer, open_results, site) -> None:
    made = show_drawn(viewer)
    panel = open_results()
    viewer.layers.remove(made.image)
    said = accepted(qtbot, panel, site.folder)
    assert said == (
        "✖ The image heart.nii.gz, which found belongs to, is not open under that name: open it "
        "again, or choose it."
    )


def test_a_renamed_image_stays_the_chosen_one(qtbot, viewer, open_results, site) -> None:
    made = show_drawn(viewer)
    panel = open_results()
    made.image.name = "renamed"
    viewer.add_image(np.zeros((4, 4)))
    assert accepted(qtbot, panel, site.folder, "P01").endswith("for training.")


def test_labels_of_another_plugin_belong_to_the_image_of_their_size(
    qtbot, viewer, open_results, site
) -> None:
    made = show_drawn(viewer)
    viewer.layers.remove(made.labels)
    own = viewer.add_labels(two_balls(), affine=made.image.affine, units=made.image.units)
    viewer.layers.selection.active = own
    panel = open_results()
    assert panel.acceptance.image.currentText() == "heart.nii.gz"
    accepted(qtbot, panel, site.folder, "P01")
    (case,) = site.document().omniseg.cases.values()
    assert case.bundle is None


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        ({"translate": (0, 60)}, "up to 60 pixels away from photo"),
        ({"scale": (2, 2)}, "a spacing of 2 x 2, expected 1 x 1"),
    ],
)
def test_labels_that_lie_elsewhere_are_not_stored(
    qtbot, viewer, open_results, tmp_path, moved, said
) -> None:
    site = SiteDataset.create(tmp_path / "Dataset502_Photos", ClassTable.from_names(["lesion"]))
    viewer.add_image(np.random.default_rng(0).random((64, 64)), name="photo")
    own = viewer.add_labels(np.eye(64, dtype=np.uint8), name="drawn", **moved)
    viewer.layers.selection.active = own
    panel = open_results()
    assert said in accepted(qtbot, panel, site.folder, "P01")
    assert panel.message.kind == "error"
    assert site.document().omniseg.cases == {}
    own.scale, own.translate = (1, 1), (0, 0)
    assert accepted(qtbot, panel, site.folder, "P01").endswith("for training.")


def test_sizes_are_named_where_labels_do_not_have_the_image_s(
    qtbot, viewer, open_results, site
) -> None:
    viewer.add_image(np.zeros((64, 48)), name="photo")
    viewer.layers.selection.active = viewer.add_labels(np.ones((50, 48), np.uint8), name="wrong")
    panel = open_results()
    both = "wrong: found labels of 50 x 48 pixels, expected 64 x 48, the size of photo"
    assert both in accepted(qtbot, panel, site.folder)
    viewer.add_image(np.zeros((9, 9)), name="another")
    assert "Nobody said which image wrong belongs to" in accepted(qtbot, panel, site.folder)
    panel.acceptance.image.setCurrentText("photo")
    assert both in accepted(qtbot, panel, site.folder)


def test_labels_of_a_part_are_stored_only_after_the_question(
    qtbot, viewer, open_results, site
) -> None:
    made = show_drawn(viewer)
    origin = made.labels.metadata["omniseg"]
    part = dataclasses.replace(MODEL, region="0:48,0:40,5:6")
    made.labels.metadata["omniseg"] = dataclasses.replace(origin, provenance=part)
    panel = open_results()
    assert panel.provenance.text().endswith(
        "Only a part of the image was segmented: voxels 0:48,0:40,5:6."
    )
    accepted(qtbot, panel, site.folder, "P07")
    question = panel.acceptance.question.text.text()
    assert question.startswith("found was segmented in a part of heart.nii.gz only: outside")
    assert site.document().omniseg.cases == {}
    assert agree(qtbot, panel).endswith("for training.")
    assert len(site.document().omniseg.cases) == 1


def test_labels_of_a_part_are_no_pair(viewer, site) -> None:
    made = show_drawn(viewer)
    origin = made.labels.metadata["omniseg"]
    part = dataclasses.replace(MODEL, region="0:48,0:40,5:6")
    made.labels.metadata["omniseg"] = dataclasses.replace(origin, provenance=part)
    pair = LayerPair(made.image, made.labels).request(viewer.dims, site.folder, "P07")
    with pytest.raises(DataError, match=r"in a part of heart.nii.gz only"):
        add_pairs([pair], no_progress, NeverCancelled())
    assert site.document().omniseg.cases == {}


def test_a_folder_that_was_typed_as_a_part_of_a_path_is_said_in_full(
    qtbot, viewer, open_results, site, monkeypatch
) -> None:
    monkeypatch.chdir(site.folder.parent)
    show_drawn(viewer)
    panel = open_results()
    said = accepted(qtbot, panel, Path(site.folder.name), "P07")
    assert f" in {site.folder}, patient P07" in said
    assert panel.acceptance.folder.text() == str(site.folder)
