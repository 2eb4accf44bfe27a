"""Takes the pictures of ``docs/images``: real napari, real models, the samples that ship.

``python docs/make_screenshots.py [FOLDER]``; where there is no screen, on a virtual one (Xvfb).
Settings, models and jobs are those of a new user, in a folder that is removed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from napari_omniseg.benchmark.private_user import private_user
from napari_omniseg.benchmark.virtual_screen import virtual_screen

if TYPE_CHECKING:
    import napari
    from qtpy.QtWidgets import QWidget

_THEMES = ("dark", "light")
_WIDTH, _HEIGHT = 1500, 950
_PATIENCE_S = 300.0


def main(folder: Path) -> None:
    """Write every picture into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as private,
        private_user(Path(private)),
        virtual_screen(),
    ):
        for name, scene in SCENES.items():  # the trainings last: they add models to choose from
            for theme in _THEMES:
                _take(theme, scene, folder / f"{name}-{theme}.png", Path(private))


def _take(
    theme: str, scene: Callable[[napari.Viewer, Path], None], target: Path, private: Path
) -> None:
    import napari

    viewer = napari.Viewer()
    viewer.theme = theme
    viewer.window.resize(_WIDTH, _HEIGHT)
    try:
        scene(viewer, private)
        _live(0.5)
        viewer.screenshot(str(target), canvas_only=False, flash=False)
    finally:
        viewer.close()


def segment(viewer: napari.Viewer, _: Path) -> None:
    """A heart, ready to be segmented."""
    _open_sample(viewer, "cardiac_mri")
    panel = _open(viewer, "Segment")
    _wait(lambda: panel.form.chosen_task is not None and not panel.expectations.waiting)


def results(viewer: napari.Viewer, _: Path) -> None:
    """An abdomen, segmented, with its table."""
    _open_sample(viewer, "abdominal_ct")
    panel = _open(viewer, "Segment")
    _wait(lambda: panel.form.chosen_task is not None and not panel.expectations.waiting)
    before = len(viewer.layers)
    panel.segment()
    _wait(lambda: len(viewer.layers) > before and not panel.run.busy)
    viewer.dims.set_current_step(0, 12)
    _open(viewer, "Results")
    _live(2.0)


def fine_tune(viewer: napari.Viewer, private: Path) -> None:
    """A training on phantoms, some minutes old."""
    _with_training(viewer, private, "Fine-tune")


def jobs(viewer: napari.Viewer, private: Path) -> None:
    """The same training among all jobs."""
    _with_training(viewer, private, "Jobs")


SCENES: dict[str, Callable[[napari.Viewer, Path], None]] = {
    "segment": segment,
    "results": results,
    "fine-tune": fine_tune,
    "jobs": jobs,
}


def _with_training(viewer: napari.Viewer, private: Path, name: str) -> None:
    from napari_omniseg.benchmark.training_job import SITE, site_of_phantoms, start_training
    from napari_omniseg.models.preferences import Preferences
    from omniseg_backend.jobs.states import State

    site = private / SITE
    if not site.exists():
        client, job = start_training(site_of_phantoms(private), steps=60)
        _wait(lambda: client.job(job).record.known.state is State.FINISHED)
    Preferences().site_folder = str(site)
    _open_sample(viewer, "cardiac_mri")
    _open(viewer, name)
    _live(3.0)


def _open_sample(viewer: napari.Viewer, key: str) -> None:
    viewer.open_sample("napari-omniseg", key)


def _open(viewer: napari.Viewer, name: str) -> QWidget:
    from napari_omniseg.benchmark.scenes import opened

    return opened(viewer, name)[0]


def _live(seconds: float) -> None:
    from napari_omniseg.benchmark.scenes import live

    live(seconds)


def _wait(until: Callable[[], bool]) -> None:
    from napari_omniseg.benchmark.scenes import wait

    wait(until, _PATIENCE_S)


if __name__ == "__main__":
    start = time.monotonic()
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images")
    sys.stdout.write(f"done in {time.monotonic() - start:.0f} s\n")
