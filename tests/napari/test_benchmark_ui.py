"""The benchmark of the panels measures what it says it does."""

from __future__ import annotations

import time

import numpy as np
from napari.components import ViewerModel
from npe2 import PluginManager
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget
from typer.testing import CliRunner

from napari_omniseg.benchmark.main_thread import TICK_MS, MainThreadWatch
from napari_omniseg.benchmark.measure import _PANELS
from napari_omniseg.benchmark.scenes import (
    choose_task,
    click_to_mask,
    live,
    noise_picture,
    repeated,
    show,
)
from napari_omniseg.benchmark.scenes import opened as open_panel
from napari_omniseg.models.preferences import PLUGIN
from napari_omniseg.widgets.panel_area import PanelArea
from omniseg_backend.cli.benchmark import commands


def test_a_block_of_the_main_thread_is_seen_in_full(qtbot) -> None:
    took = []

    def block() -> None:
        start = time.perf_counter()
        while time.perf_counter() - start < 0.06:
            pass
        took.append((time.perf_counter() - start) * 1000)

    watch = MainThreadWatch()
    watch.start()
    QTimer.singleShot(20, block)
    live(0.12)
    assert watch.stop() >= took[0] - TICK_MS


def test_every_panel_of_the_manifest_is_opened(plugins: None) -> None:
    widgets = PluginManager.instance().get_manifest(PLUGIN).contributions.widgets
    assert {widget.display_name for widget in widgets} == set(_PANELS)


def test_a_click_is_timed_until_the_mask_is_drawn(gui, plugin_preferences) -> None:
    viewer = gui()
    show(viewer, noise_picture(64))
    panel, took = open_panel(viewer, "Segment")
    assert took > 0
    choose_task(panel, "demo-surgical-instruments")
    before = len(viewer.layers)
    assert click_to_mask(viewer, panel) > 0
    assert len(viewer.layers) == before + 1


def test_a_repeated_scene_finds_the_viewer_as_the_first_time(viewer: ViewerModel) -> None:
    viewer.add_image(np.zeros((4, 4)))
    found = []

    def scene() -> float:
        found.append(len(viewer.layers))
        viewer.add_labels(np.zeros((4, 4), np.uint8))
        return float(len(found))

    assert repeated(viewer, scene, 3) == [1.0, 2.0, 3.0]
    assert found == [1, 1, 1]
    assert len(viewer.layers) == 1


def test_the_command_is_there_without_loading_napari() -> None:
    told = CliRunner().invoke(commands, ["ui", "--help"])
    assert told.exit_code == 0
    assert "buttons of napari's panels" in told.output


def test_a_dock_is_never_narrower_than_its_controls(qtbot) -> None:
    inside = QWidget()
    column = QVBoxLayout(inside)
    area = PanelArea(inside)
    qtbot.addWidget(area)
    narrow = area.minimumSizeHint().width()
    label = QLabel("as wide as this sentence is")
    column.addWidget(label)
    assert area.minimumSizeHint().width() >= narrow + label.sizeHint().width()
