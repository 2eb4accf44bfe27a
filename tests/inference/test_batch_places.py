"""Where a batch reads and writes: relative folders, outputs inside the folder, a full disk."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from pathlib import Path

import pytest

from omniseg_backend.common.errors import CancelledError, DataError, FullDiskError
from omniseg_backend.common.executor import InProcess
from omniseg_backend.common.task_message import Task
from omniseg_backend.inference.batch import layout
from omniseg_backend.inference.batch.items import Item, find_items
from omniseg_backend.inference.batch.run import run_batch
from tests.inference.batch_makers import endings, run_here, settings_of, write_picture
from tests.inference.conftest import MakeBundle


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures."""
    write_picture(tmp_path / "in" / "a.png")
    write_picture(tmp_path / "in" / "deep" / "b.png")
    return tmp_path / "in"


@pytest.mark.parametrize(
    ("begin", "given", "output"),
    [
        (".", "in", "out"),
        (".", "./in/", "in/masks"),
        ("in", ".", "masks"),
        ("in", ".", "../out"),
        ("in/deep", "..", "../masks"),
        ("in/deep", "../../in", "../../out"),
    ],
)
def test_relative_folders_go_on_too(
    make_bundle: MakeBundle,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    begin: str,
    given: str,
    output: str,
) -> None:
    bundle = make_bundle()
    monkeypatch.chdir(folder.parent / begin)
    settings = settings_of(Path(given), Path(output), bundle)
    for ending in ("now", "before"):
        found = find_items(Path(given), leave_out=[Path(output)])
        result = run_batch(settings, items=found.items, executor=InProcess())
        assert endings(result) == {"a.png": ending, "deep/b.png": ending}
    # From elsewhere the same images are known again.
    monkeypatch.chdir(folder.parent)
    again = run_here(folder, folder.parent / begin / output, bundle)
    assert set(endings(again).values()) == {"before"}


def test_a_run_that_tells_nothing_leaves_table_and_page(
    make_bundle: MakeBundle, folder: Path, tmp_path: Path
) -> None:
    bundle, output, stop = make_bundle(), tmp_path / "out", threading.Event()
    run_here(folder, output, bundle)
    before = [(output / name).read_bytes() for name in (layout.TABLE_NAME, layout.PAGE_NAME)]
    settings = settings_of(folder, output, bundle)
    # No search finds a file outside of the folder: what nobody foresaw, after one that is done.
    stray = write_picture(tmp_path / "elsewhere" / "b.png")
    items = [find_items(folder).items[0], Item("deep/b.png", stray, (stray,))]
    with pytest.raises(ValueError, match="is not in the subpath"):
        run_batch(settings, items=items, executor=InProcess())
    stop.set()
    with pytest.raises(CancelledError):
        run_batch(settings, executor=InProcess(), cancel=stop)
    after = [(output / name).read_bytes() for name in (layout.TABLE_NAME, layout.PAGE_NAME)]
    assert after == before


def test_what_an_earlier_batch_wrote_below_the_folder_is_no_image(
    make_bundle: MakeBundle, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundle = make_bundle()
    for name in ("masks", "masks2", "deep/masks3"):
        result = run_here(folder, folder / name, bundle)
        assert endings(result) == {"a.png": "now", "deep/b.png": "now"}
    assert f"{folder / 'masks'}: passed over" in caplog.text
    assert f"{folder / 'masks2'}: passed over" in caplog.text
    assert "masks3: passed over" not in caplog.text
    # The masks themselves are images to whoever names them.
    assert [item.label for item in find_items(folder / "masks").items] == ["a.png", "deep/b.png"]


def test_images_where_the_masks_are_to_go_are_not_dropped(
    make_bundle: MakeBundle, folder: Path
) -> None:
    bundle = make_bundle()
    with pytest.raises(DataError, match=r"deep: found 1 image file where the masks are to go"):
        run_here(folder, folder / "deep", bundle)
    assert not list(folder.rglob(layout.PRIVATE_FOLDER))
    (folder / "notes").mkdir()
    (folder / "notes" / "a.txt").write_text("no image")
    assert run_here(folder, folder / "notes", bundle).segmented == 2


class Full(InProcess):
    """A disk that is full from the second image on."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.submitted = 0

    def submit(self, task: Task, spec: str) -> Future[str]:
        self.submitted += 1
        if self.submitted == 1:
            return super().submit(task, spec)
        refused: Future[str] = Future()
        refused.set_exception(FullDiskError(self.place, found="b", expected="c", remedy="d"))
        return refused


def test_a_full_disk_of_the_output_ends_the_batch(
    make_bundle: MakeBundle, folder: Path, tmp_path: Path
) -> None:
    for name in "xyz":
        write_picture(folder / f"{name}.png")
    output = tmp_path / "out"
    settings = settings_of(folder, output, make_bundle())
    executor = Full(output / "deep" / "b.png")
    with pytest.raises(FullDiskError):
        run_batch(settings, executor=executor)
    assert executor.submitted == 2
    assert "4 not reached" in (output / layout.PAGE_NAME).read_text(encoding="utf-8")
    # Another disk is no reason to end.
    elsewhere = run_batch(settings, executor=Full(tmp_path / "cache"))
    assert (elsewhere.before, elsewhere.segmented, elsewhere.failed) == (1, 1, 3)
