"""``omniseg benchmark ui``: how quickly the panels answer, and how long the window hangs."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_omniseg.benchmark.private_user import private_user
from napari_omniseg.benchmark.virtual_screen import virtual_screen
from omniseg_backend.common.errors import ResourceError
from omniseg_backend.common.figures import Figure
from omniseg_backend.common.progress import Cancel, Progress, check_cancel

if TYPE_CHECKING:
    import napari
    from qtpy.QtWidgets import QWidget

    from napari_omniseg.panels.segment import SegmentPanel

_PANELS = ("Segment", "Results", "Fine-tune", "Jobs")
_OPEN_LIMIT_MS = 300.0
_BLOCK_LIMIT_MS = 50.0
_MASK_LIMIT_MS = 150.0
_CLICKS = 15
_PICTURE_TASK = "demo-surgical-instruments"
_VOLUME_TASK = "demo-abdominal-ct"
_VOLUME = (512, 512, 100)
#: How long a training is watched.
_WATCHED_S = 20.0


def measure(*, progress: Progress, cancel: Cancel | None) -> tuple[Figure, ...]:
    """Measure in a viewer of this process's own, with settings and jobs that are nobody's.

    Raises:
        ResourceError: There is no screen, or napari is not installed.
        CancelledError: The user cancelled.
    """
    with tempfile.TemporaryDirectory() as folder, private_user(Path(folder)), virtual_screen():
        try:
            import napari
        except ImportError:
            raise _no_napari() from None
        figures: list[Figure] = []
        scenes = (_panels, _napari_alone, _pictures, _volume, _training)
        for done, scene in enumerate(scenes):
            check_cancel(cancel, "the benchmark of the panels")
            progress("measuring the panels", done / len(scenes))
            viewer = napari.Viewer()
            try:
                figures += scene(viewer, Path(folder))
            finally:
                viewer.close()
        return tuple(figures)


def _panels(viewer: napari.Viewer, _: Path) -> Sequence[Figure]:
    """The first of each kind in this process, imports and all."""
    from napari_omniseg.benchmark.scenes import opened

    start = time.perf_counter()
    figures = []
    for name in _PANELS:
        panel, took = opened(viewer, name)
        figures.append(Figure(f"opening {name}", took, took, 1, _OPEN_LIMIT_MS, "with its imports"))
        if name == _PANELS[0]:
            figures.append(_listed(panel, start))
    return figures


def _listed(panel: QWidget, start: float) -> Figure:
    """When the Segment panel, which was opened at ``start``, offers its tasks."""
    from napari_omniseg.benchmark.scenes import wait
    from napari_omniseg.panels.segment import SegmentPanel

    assert isinstance(panel, SegmentPanel)
    wait(lambda: not panel.listing.waiting)
    took = (time.perf_counter() - start) * 1000
    return Figure("until Segment has listed its tasks", took, took, 1, None, "from its opening")


def _napari_alone(viewer: napari.Viewer, _: Path) -> Sequence[Figure]:
    """What napari takes for a Labels layer as it makes one, beside which ours are to be seen."""
    from napari_omniseg.benchmark.scenes import empty_labels, noise_picture, repeated, show

    show(viewer, noise_picture(512))
    took = repeated(viewer, lambda: empty_labels(viewer), _CLICKS)
    return [
        Figure(
            "napari alone: adding and drawing an empty Labels layer",
            statistics.median(took),
            max(took),
            len(took),
            None,
            "in one block",
        )
    ]


def _pictures(viewer: napari.Viewer, _: Path) -> Sequence[Figure]:
    from napari_omniseg.benchmark.scenes import (
        choose_task,
        click_to_mask,
        noise_picture,
        repeated,
        show,
    )

    show(viewer, noise_picture(512))
    panel = _segment_panel(viewer)
    choose_task(panel, _PICTURE_TASK)
    took = repeated(viewer, lambda: click_to_mask(viewer, panel), _CLICKS)
    return [
        Figure(
            "click to visible mask, 512 x 512 in colour, Compact",
            statistics.median(took),
            max(took),
            len(took),
            _MASK_LIMIT_MS,
            "model loaded",
        )
    ]


def _volume(viewer: napari.Viewer, _: Path) -> Sequence[Figure]:
    from napari_omniseg.benchmark.main_thread import MainThreadWatch
    from napari_omniseg.benchmark.scenes import choose_task, click_to_mask, repeated, show
    from omniseg_backend.images.reading import read_image
    from omniseg_backend.studies.volume_phantom import stretched_scan
    from omniseg_sample_data.samples import samples

    sample = next(sample for sample in samples() if sample.id == "abdominal_ct")
    scan = read_image(sample.image_path, modality=sample.modality)
    show(viewer, stretched_scan(scan, _VOLUME))
    panel = _segment_panel(viewer)
    choose_task(panel, _VOLUME_TASK)
    watch = MainThreadWatch()

    def longest_block() -> float:
        watch.start()
        click_to_mask(viewer, panel)
        return watch.stop()

    blocks = repeated(viewer, longest_block, 3)
    shape = " x ".join(map(str, _VOLUME))
    return [
        Figure(
            f"longest block while {shape} is segmented and shown",
            statistics.median(blocks),
            max(blocks),
            len(blocks),
            _BLOCK_LIMIT_MS,
        )
    ]


def _training(viewer: napari.Viewer, folder: Path) -> Sequence[Figure]:
    from napari_omniseg.benchmark.main_thread import MainThreadWatch
    from napari_omniseg.benchmark.scenes import live, opened, wait
    from napari_omniseg.benchmark.training_job import site_of_phantoms, start_training
    from omniseg_backend.jobs.launch import is_alive
    from omniseg_backend.jobs.states import State

    name = "longest block while a training reports"
    try:
        client, job = start_training(site_of_phantoms(folder), steps=500)
    except ResourceError as error:
        return [Figure(name, None, None, 0, _BLOCK_LIMIT_MS, f"not measured: {error.found}")]
    opened(viewer, "Jobs")
    wait(lambda: client.job(job).record.known.state is not State.QUEUED)
    watch = MainThreadWatch()
    watch.start()
    live(_WATCHED_S)
    block = watch.stop()
    client.cancel(job)
    runner = client.job(job).record.known.runner
    # The folder of the private user goes next: nobody must write to it any more.
    wait(lambda: runner is None or not is_alive(runner))
    return [Figure(name, block, block, 1, _BLOCK_LIMIT_MS, f"watched for {_WATCHED_S:.0f} s")]


def _segment_panel(viewer: napari.Viewer) -> SegmentPanel:
    from napari_omniseg.benchmark.scenes import opened
    from napari_omniseg.panels.segment import SegmentPanel

    panel, _ = opened(viewer, "Segment")
    assert isinstance(panel, SegmentPanel)
    return panel


def _no_napari() -> ResourceError:
    return ResourceError(
        "the benchmark of the panels",
        found="no napari in this Python",
        expected="napari with a Qt binding",
        remedy='install it with pip install "napari-omniseg[napari]" "napari[pyqt6]"',
    )
