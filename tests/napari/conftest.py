"""A screen for the tests of windows, viewers, and a home of OmniSeg that is no user's."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jobs.conftest import Jobs, end_all, install_counting

pytest.importorskip("napari", reason="the plugin needs the napari extra")
pytest.importorskip("pytestqt", reason="tests of widgets need pytest-qt")

# No Qt window is opened while tests are collected, so the screen can still be chosen here.
_NEEDS_SCREEN = os.name == "posix" and "DISPLAY" not in os.environ and os.uname().sysname == "Linux"


def _start_screen() -> Iterator[None]:
    """A virtual screen with OpenGL of this process's own."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1200x24", "-nolisten", "tcp"],
        pass_fds=(writing,),
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as told:
        number = told.readline().strip()
    if not number:
        server.kill()
        pytest.skip("Xvfb did not start")
    os.environ["DISPLAY"] = f":{number}"
    try:
        yield
    finally:
        server.terminate()
        server.wait()
        del os.environ["DISPLAY"]


@pytest.fixture(scope="session")
def screen() -> Iterator[bool]:
    """Whether windows with OpenGL can be opened; without a screen Qt draws into memory."""
    if not _NEEDS_SCREEN:
        yield True
    elif shutil.which("Xvfb") is None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        yield False
    else:
        for _ in _start_screen():
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
def own_settings(plugins: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Preferences that are no user's: napari keeps them beside its own settings."""
    import napari.settings

    monkeypatch.setattr(napari.settings, "_CFG_PATH", str(tmp_path / "settings.yaml"))
    napari.settings._clear_plugin_settings_cache()
    yield
    napari.settings._clear_plugin_settings_cache()


@pytest.fixture
def gui(screen: bool, make_napari_viewer_proxy):
    """A function that opens a real, visible viewer; skipped where there is no OpenGL."""
    if not screen:
        pytest.skip("a real viewer needs a screen with OpenGL (Xvfb and Mesa)")
    return lambda **options: make_napari_viewer_proxy(show=True, **options)


@pytest.fixture
def plugin_preferences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
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
