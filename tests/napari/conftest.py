"""A screen for the tests of windows, viewers, and a home of OmniSeg that is no user's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.jobs.conftest import Jobs, end_all, install_counting

pytest.importorskip("napari", reason="the plugin needs the napari extra")
pytest.importorskip("pytestqt", reason="tests of widgets need pytest-qt")

from napari.components import ViewerModel

from napari_omniseg.benchmark.virtual_screen import can_make_screen, virtual_screen
from napari_omniseg.panels.fine_tuning import FineTuningPanel
from napari_omniseg.panels.results import ResultsPanel
from omniseg_backend.jobs.client import JobClient


@pytest.fixture(scope="session")
def screen() -> Iterator[bool]:
    """Whether windows with OpenGL can be opened; without a screen Qt draws into memory."""
    if not can_make_screen():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        yield False
        return
    with virtual_screen():
        yield True


@pytest.fixture(scope="session")
def qapp_args(screen: bool) -> list[str]:
    """Make sure that the screen is there before Qt is."""
    return ["omniseg-tests"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty OMNISEG_HOME."""
    folder = tmp_path / "omniseg-home"
    monkeypatch.setenv("OMNISEG_HOME", str(folder))
    return folder


@pytest.fixture
def plugins() -> None:
    """Make napari know the installed plugins without a window, which would find them itself."""
    import npe2

    npe2.PluginManager.instance().discover()


@pytest.fixture
def gui(screen: bool, make_napari_viewer_proxy):
    """A function that opens a real, visible viewer; skipped where there is no OpenGL."""
    if not screen:
        pytest.skip("a real viewer needs a screen with OpenGL (Xvfb and Mesa)")
    return lambda **options: make_napari_viewer_proxy(show=True, **options)


@pytest.fixture
def plugin_preferences(
    plugins: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The plugin's settings in a folder that is no user's; gives the folder."""
    import napari.settings

    monkeypatch.setattr(napari.settings, "_CFG_PATH", str(tmp_path / "settings.yaml"))
    napari.settings._clear_plugin_settings_cache()
    yield tmp_path
    napari.settings._clear_plugin_settings_cache()


@pytest.fixture
def jobs(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    """Counting jobs, a kind that another distribution brings; what still runs is ended."""
    install_counting(tmp_path, monkeypatch)
    made = Jobs(tmp_path)
    yield made
    end_all(made.client)


@pytest.fixture
def viewer() -> ViewerModel:
    """A viewer without a window."""
    return ViewerModel()


@pytest.fixture
def open_results(qtbot, viewer: ViewerModel) -> Callable[[], ResultsPanel]:
    """A function that opens a Results panel of ``viewer`` and waits until it has looked around."""

    def open_it() -> ResultsPanel:
        panel = ResultsPanel(viewer)
        qtbot.addWidget(panel)
        qtbot.waitUntil(lambda: not panel.busy)
        return panel

    return open_it


@pytest.fixture
def open_panel(qtbot, viewer: ViewerModel) -> Callable[..., FineTuningPanel]:
    """A function that shows the panel and waits until it has looked around."""

    def open_it(folder: Path | None = None) -> FineTuningPanel:
        panel = FineTuningPanel(viewer)
        qtbot.addWidget(panel)
        if folder is not None:
            panel.data.folder.setText(str(folder))
            panel.data.read()
        panel.show()
        qtbot.waitUntil(lambda: panel.python.found is not None, timeout=120_000)
        qtbot.waitUntil(lambda: not panel.looking, timeout=120_000)
        return panel

    return open_it


@pytest.fixture
def wait(qtbot) -> Callable[[Callable[[], object]], None]:
    """A function that waits until something holds, on a machine that may be busy."""
    return lambda holds: qtbot.waitUntil(lambda: bool(holds()), timeout=60_000)


@pytest.fixture
def no_job_stays(home: Path) -> Iterator[None]:
    """End what still runs for the test's user when it is over."""
    yield
    end_all(JobClient())
