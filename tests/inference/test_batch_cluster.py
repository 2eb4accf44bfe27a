"""The same batch in processes and on a real scheduler, workers killed halfway: nothing lost,
nothing done twice, the same masks."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.executor import InProcess, open_executor
from omniseg_backend.common.hashing import sha256_bytes
from omniseg_backend.common.process_pool import ProcessPool
from omniseg_backend.images.reading import read_segmentation
from omniseg_backend.inference.batch.outcome import Outcome
from omniseg_backend.inference.batch.run import run_batch
from tests.cluster import Cluster
from tests.common.executor_tasks import wait_until
from tests.inference.batch_makers import endings, rows_of, run_here, settings_of, write_picture
from tests.inference.conftest import MakeBundle

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
IMAGES = 24


def mask_of(number: int) -> Path:
    """Where a picture lies in the folder, and its mask in the output."""
    return Path(f"{number % 3}", f"{number:02}.png")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    pytest.importorskip("distributed", reason="needs the extra 'cluster'")
    place = tmp_path / "cluster"
    place.mkdir()
    started = Cluster(place)
    yield started
    started.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures, each with its own mask, and one bad file."""
    for number in range(IMAGES):
        write_picture(tmp_path / "in" / mask_of(number), number + 1)
    (tmp_path / "in" / "bad.png").write_text("no picture")
    return tmp_path / "in"


class Halfway:
    """Kills a process when half of the images are done, and notes what was done by then."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self.victim: int | None = None
        self.seen: list[str] = []
        self.done_before: dict[Path, int] = {}

    def __call__(self, outcome: Outcome) -> None:
        self.seen.append(outcome.label)
        if len(self.seen) == IMAGES // 2 and self.victim is not None:
            self.done_before = self.times()
            os.kill(self.victim, signal.SIGKILL)

    def times(self) -> dict[Path, int]:
        """When the masks that are there were written.

        They are looked for under their names: a search would meet the folders of half-written
        files, which come and go while workers are at work.
        """
        found = {}
        for mask in (self.output / mask_of(number) for number in range(IMAGES)):
            with contextlib.suppress(FileNotFoundError):
                found[mask] = mask.stat().st_mtime_ns
        return found

    def assert_nothing_was_lost_or_done_twice(self) -> None:
        assert sorted(self.seen) == sorted(set(self.seen))
        assert len(self.seen) == IMAGES + 1
        # The killed worker's own image may have had its mask and not yet its record.
        now = self.times()
        changed = [path for path, time in self.done_before.items() if now[path] != time]
        assert len(self.done_before) >= IMAGES // 2 - 1
        assert len(changed) <= 1
        finished = {self.output / label for label in self.seen[: IMAGES // 2]}
        assert not finished & set(changed)


def labels_of(output: Path) -> dict[str, str]:
    """A hash of what each mask holds; files differ in the time of their making."""
    return {
        path.relative_to(output).as_posix(): sha256_bytes(read_segmentation(path).labels.tobytes())
        for path in sorted(output.rglob("[0-9]*.png"))
        if "omniseg-batch" not in path.parts
    }


def assert_equal_to_a_run_here(folder: Path, output: Path, bundle: Bundle, expected: Path) -> None:
    assert not list(output.rglob(".omniseg-*"))
    local = run_here(folder, expected, bundle)
    assert labels_of(output) == labels_of(expected)
    assert len(labels_of(output)) == IMAGES
    # And again: everything is there, nothing is left to do.
    again = run_here(folder, output, bundle)
    assert set(endings(again).values()) == {"before", "failed"}
    assert rows_of(again) == rows_of(local)


def test_a_killed_worker_of_a_cluster_costs_nothing(
    make_bundle: MakeBundle, folder: Path, cluster: Cluster, tmp_path: Path
) -> None:
    bundle, halfway = make_bundle(), Halfway(tmp_path / "out")
    cluster.add_worker()
    halfway.victim = cluster.add_worker()
    cluster.wait_for_workers()
    settings = settings_of(folder, halfway.output, bundle, scheduler=cluster.address)
    with open_executor(settings.options, tasks=IMAGES) as executor:
        wait_until(lambda: executor.capacity == 4, "both workers have come")
        result = run_batch(settings, executor=executor, on_outcome=halfway)
    assert (result.segmented + result.before, result.failed) == (IMAGES, 1)
    halfway.assert_nothing_was_lost_or_done_twice()
    assert_equal_to_a_run_here(folder, halfway.output, bundle, tmp_path / "expected")


def test_a_killed_process_of_the_pool_costs_nothing(
    make_bundle: MakeBundle, folder: Path, tmp_path: Path
) -> None:
    bundle, halfway = make_bundle(), Halfway(tmp_path / "out")
    pool = ProcessPool(2)

    def watch(outcome: Outcome) -> None:
        halfway.victim = pool.process_ids()[0]
        halfway(outcome)

    result = run_batch(settings_of(folder, halfway.output, bundle), executor=pool, on_outcome=watch)
    pool.close()
    assert (result.segmented + result.before, result.failed) == (IMAGES, 1)
    halfway.assert_nothing_was_lost_or_done_twice()
    assert_equal_to_a_run_here(folder, halfway.output, bundle, tmp_path / "expected")


def test_a_scheduler_that_goes_away_ends_the_batch_and_the_rest_is_done_later(
    make_bundle: MakeBundle, folder: Path, cluster: Cluster, tmp_path: Path
) -> None:
    from omniseg_backend.common.executor import ExecutorLostError

    bundle, output = make_bundle(), tmp_path / "out"
    cluster.add_worker()
    cluster.wait_for_workers()
    seen: list[Outcome] = []

    def stop_it(outcome: Outcome) -> None:
        seen.append(outcome)
        if len(seen) == 3:
            cluster.stop()

    with pytest.raises(ExecutorLostError, match="the scheduler went away"):
        run_batch(
            settings_of(folder, output, bundle, scheduler=cluster.address), on_outcome=stop_it
        )
    result = run_batch(settings_of(folder, output, bundle), executor=InProcess())
    assert result.before >= len(seen) - 1
    assert result.before + result.segmented == IMAGES
