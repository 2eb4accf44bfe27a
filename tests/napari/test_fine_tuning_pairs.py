"""The Fine-tune panel: open layers as pairs, and what became of those that were added."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt

from omniseg_backend.datasets.site.document import read_document
from tests.napari.fine_tuning_makers import PATIENCE, toy_site
from tests.training.conftest import draw_case

pytestmark = pytest.mark.usefixtures("plugin_preferences")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Three patients, none of them reserved."""
    return toy_site(tmp_path / "Dataset302_Toy", 3).folder


def click(qtbot, control: object) -> None:
    qtbot.mouseClick(control, Qt.MouseButton.LeftButton)


def test_pairs_follow_the_viewer(qtbot, open_panel, viewer: ViewerModel, site: Path) -> None:
    panel = open_panel(site)
    assert "No open Labels layer" in panel.layers.pairs.nothing.text()
    assert not panel.layers.add.isEnabled()
    values, labels = draw_case(1)
    viewer.add_image(values, name="picture")
    mask = viewer.add_labels((labels > 0).astype("uint8"), name="mask")
    assert [row[0].labels for row in panel.layers.pairs.rows] == [mask]
    click(qtbot, panel.layers.add)
    assert "Tick at least one" in panel.message.text()
    panel.layers.pairs.rows[0][1].setChecked(True)
    panel.layers.pairs.rows[0][2].setText("=1+1")
    viewer.add_image(values, name="another")
    assert panel.layers.pairs.rows[0][2].text() == "=1+1"
    click(qtbot, panel.layers.add)
    qtbot.waitUntil(lambda: "a pseudonym" in panel.message.text(), timeout=PATIENCE)
    viewer.layers.clear()
    assert panel.layers.pairs.rows == []


def test_a_mask_that_lies_elsewhere_is_no_pair_until_it_is_moved(
    qtbot, open_panel, viewer: ViewerModel, site: Path
) -> None:
    panel = open_panel(site)
    values, labels = draw_case(1)
    viewer.add_image(values, name="picture")
    mask = viewer.add_labels((labels > 0).astype("uint8"), name="mask", translate=(60, 60))
    assert panel.layers.pairs.rows == []
    assert not panel.layers.add.isEnabled()
    assert "84.9 pixels away from picture" in panel.layers.left_out.text()
    assert "resample" in panel.layers.left_out.toolTip()
    mask.translate = (0, 0)
    assert [row[0].labels for row in panel.layers.pairs.rows] == [mask]
    assert not panel.layers.left_out.text()
    # What the list has not seen is looked at again when it is added.
    panel.layers.pairs.rows[0][1].setChecked(True)
    panel.layers.rest()
    mask.scale = (2, 2)
    click(qtbot, panel.layers.add)
    qtbot.waitUntil(lambda: "a spacing of 2 x 2" in panel.message.text(), timeout=PATIENCE)
    assert panel.data.summary is not None
    assert panel.data.summary.training_cases == 3


def test_what_became_of_the_pairs_stays_said_and_other_masks_are_asked_for_once(
    qtbot, open_panel, viewer: ViewerModel, site: Path
) -> None:
    panel = open_panel(site)
    masks = []
    for seed in (1, 2):
        values, labels = draw_case(seed)
        viewer.add_image(values, name=f"picture{seed}")
        drawn = (labels > 0).astype("uint8") + (labels == 5)
        masks.append(viewer.add_labels(drawn, name=f"mask{seed}"))

    def add() -> str:
        for row in panel.layers.pairs.rows:
            row[1].setChecked(True)
            row[2].setText(f"N{row[0].labels.name}")
        click(qtbot, panel.layers.add)
        return answered()

    def answered() -> str:
        qtbot.waitUntil(lambda: panel.layers.busy, timeout=PATIENCE)
        qtbot.waitUntil(lambda: not panel.looking, timeout=PATIENCE)
        return panel.message.text()

    def stored() -> set[str]:
        return {case.mask_hash for case in read_document(site).omniseg.cases.values()}

    assert add() == "2 pairs in the data set."
    assert panel.data.contents.text().startswith("4 cases to learn from and 1 reserved")
    before, question = stored(), panel.layers.question
    for mask in masks:
        mask.data_setitem((np.array([0]), np.array([0])), 2)
    assert "mask1: another mask of this image is there already; it was kept." in add()
    assert panel.message.kind == "warning"
    assert "mask1, mask2: the data set has other masks" in question.text.text()
    assert (question.yes.text(), question.no.text()) == ("Replace the masks", "No")
    click(qtbot, question.no)
    assert stored() == before
    add()
    click(qtbot, question.yes)
    assert answered() == "2 pairs in the data set."
    assert not question.isVisibleTo(panel)
    assert len(stored() - before) == 2
    masks[0].data_setitem((np.array([0]), np.array([0])), 9)
    panel.layers.pairs.rows[0][1].setChecked(True)
    click(qtbot, panel.layers.add)
    assert "the value 9 without a name" in answered()
    assert panel.message.kind == "error"
