"""A batch: every image of a folder through one model, here or on a cluster."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

from omniseg_backend.bundles.store import load_bundle
from omniseg_backend.common.atomic import refuse_unwritable, write_text_atomic, writing_errors
from omniseg_backend.common.errors import (
    DataError,
    FullDiskError,
    OmniSegError,
    ResourceError,
)
from omniseg_backend.common.executor import Executor, ExecutorLostError, open_executor
from omniseg_backend.common.fan_out import Piece, fan_out
from omniseg_backend.common.platform import try_lock, usable_cpus
from omniseg_backend.common.progress import Cancel, Progress, check_cancel, no_progress
from omniseg_backend.common.task_message import TaskError
from omniseg_backend.common.wording import counted
from omniseg_backend.inference.batch.asked import (
    refuse_images_folder,
    settle_question,
    settled_arithmetic,
)
from omniseg_backend.inference.batch.items import Item, find_items, no_image
from omniseg_backend.inference.batch.layout import (
    PAGE_NAME,
    TABLE_NAME,
    lock_path,
)
from omniseg_backend.inference.batch.names import output_names
from omniseg_backend.inference.batch.outcome import BatchResult, Outcome
from omniseg_backend.inference.batch.page import page
from omniseg_backend.inference.batch.record import (
    ItemRecord,
    Question,
    read_records,
)
from omniseg_backend.inference.batch.settings import BatchSettings
from omniseg_backend.inference.batch.stamps import stamps
from omniseg_backend.inference.batch.table import table
from omniseg_backend.inference.batch.task import ItemAnswer, ItemTask, segment_item
from omniseg_backend.inference.batch.tidy import tidy
from omniseg_backend.inference.batch.weight import bytes_of_item

logger = logging.getLogger(__name__)

#: More memory than there is: what is said to need it runs while nothing else does.
_ALONE = 1 << 62


def run_batch(
    settings: BatchSettings,
    *,
    items: Sequence[Item] | None = None,
    overwrite: bool = False,
    executor: Executor | None = None,
    on_outcome: Callable[[Outcome], None] = lambda outcome: None,
    progress: Progress = no_progress,
    cancel: Cancel | None = None,
) -> BatchResult:
    """Segment every image of a folder, but those that an earlier run has done.

    A bad image is told and passed over; a full disk ends the run, and the same call goes on.
    Table and page are written whatever ends the run, so that they tell what is done; but those of
    an earlier run stay where this one has not come to tell anything.

    Args:
        settings: What to segment by which model, where to and where it runs.
        items: What ``find_items`` found, where that is known; searched for otherwise.
        overwrite: Whether files of the output may be replaced that the batch did not write,
            and the answers to another question.
        executor: Where it runs, instead of where the settings' options say.
        on_outcome: Told of every item as it ends, those done earlier first.
        progress: Told how many are done.
        cancel: Looked at several times a second; images under way are given up.

    Raises:
        UsageError: The output is the folder itself, or the scheduler's address is none.
        DataError: There is no image; the output holds the answers of another model or other
            settings, or images of the folder, or cannot be written.
        BundleError: There is no such model.
        ResourceError: Another batch works on the output, the scheduler cannot be reached, or
            the disk is full.
        CancelledError: The user cancelled.
    """
    started = time.perf_counter()
    folder, output = settings.folder.absolute(), settings.output.absolute()
    refuse_images_folder(folder, output)
    bundle = load_bundle(settings.model)
    question = Question(
        bundle=bundle.manifest.id,
        bundle_hash=bundle.manifest_hash,
        modality=settings.modality,
        override_modality=settings.override_modality,
        arithmetic=settled_arithmetic(bundle, settings.arithmetic, output, overwrite=overwrite),
        mask_suffix=settings.options.mask_suffix,
    )
    if items is None:
        items = find_items(folder, leave_out=[output], cancel=cancel).items
    if not items:
        raise no_image(settings.folder)
    refuse_unwritable(output / TABLE_NAME)
    with _alone(output):
        settle_question(output, question, overwrite=overwrite)
        run = _Run(settings, folder, output, question, items, overwrite=overwrite)
        outcomes: list[Outcome] = []

        def take(outcome: Outcome) -> None:
            outcomes.append(outcome)
            on_outcome(outcome)
            progress(
                f"segmenting, {len(outcomes)} of {counted(len(items), 'image')} done",
                len(outcomes) / len(items),
            )

        try:
            for outcome in run.outcomes(executor, cancel):
                take(outcome)
        finally:
            ordered = tuple(sorted(outcomes, key=lambda outcome: outcome.label))
            if ordered:
                write_text_atomic(output / TABLE_NAME, table(ordered))
                write_text_atomic(output / PAGE_NAME, page(ordered, bundle.manifest, len(items)))
        tidy(output, (outcome.record for outcome in ordered if outcome.record is not None))
    return BatchResult(
        outcomes=ordered,
        question=question,
        table=settings.output / TABLE_NAME,
        page=settings.output / PAGE_NAME,
        seconds=time.perf_counter() - started,
    )


class _Run:
    """What one run knows of its items."""

    def __init__(
        self,
        settings: BatchSettings,
        folder: Path,
        output: Path,
        question: Question,
        items: Sequence[Item],
        *,
        overwrite: bool,
    ) -> None:
        self._settings, self._folder, self._output = settings, folder, output
        self._question, self._items, self._overwrite = question, items, overwrite
        records = {record.label: record for record in read_records(output)}
        self._records: Mapping[str, ItemRecord] = records
        self._names = output_names(items, {label: record.name for label, record in records.items()})

    def outcomes(self, given: Executor | None, cancel: Cancel | None) -> Iterator[Outcome]:
        """The outcome of every item, as it comes.

        What is done is told in one go, so that a run which is stopped tells all of it or nothing.
        """
        left, settled = [], []
        for item in self._items:
            check_cancel(cancel, self._folder)
            outcome = self._settled(item)
            if outcome is None:
                left.append(item)
            else:
                settled.append(outcome)
        yield from settled
        if not left:
            return
        needed = [bytes_of_item(item.decoded) for item in left]
        opened = open_executor(
            self._settings.options, tasks=len(left), bytes_each=int(statistics.median(needed))
        )
        with opened if given is None else contextlib.nullcontext(given) as executor:
            threads = self._threads(executor)
            pieces = (
                Piece(number, self._task(item, threads).model_dump_json(), size)
                for number, (item, size) in enumerate(zip(left, needed, strict=True))
            )
            starved = []
            for piece, future in fan_out(executor, segment_item, pieces, cancel=cancel):
                outcome = self._outcome(left[piece.number], future)
                if isinstance(outcome.error, ResourceError) and _crowded(executor):
                    starved.append(dataclasses.replace(piece, bytes=_ALONE))
                else:
                    yield outcome
            for piece, future in fan_out(executor, segment_item, starved, cancel=cancel):
                yield self._outcome(left[piece.number], future)

    def _outcome(self, item: Item, future: Future[str]) -> Outcome:
        outcome = _outcome(item, future)
        error = outcome.error
        if isinstance(error, FullDiskError) and self._output in Path(error.subject).parents:
            raise error  # there is no room for the masks of all others either
        return outcome

    def _settled(self, item: Item) -> Outcome | None:
        """The outcome of an item that needs no work; None for all others."""
        if item.problem is not None:
            return Outcome(item.label, error=item.problem)
        record = self._records.get(item.label)
        if record is None or not record.answers(self._question, item.label, self._output):
            return None
        try:
            same = record.files == stamps(self._folder, item.files)
        except DataError as error:
            return Outcome(item.label, error=error)
        return Outcome(item.label, record=record, before=True) if same else None

    def _task(self, item: Item, threads: int) -> ItemTask:
        return ItemTask(
            folder=self._folder,
            output=self._output,
            label=item.label,
            path=item.path,
            files=item.files,
            is_series=item.is_series,
            name=self._names[item.label],
            model=self._settings.model.absolute(),
            question=self._question,
            threads=threads,
            overwrite=self._overwrite,
        )

    def _threads(self, executor: Executor) -> int:
        """Of each network: the cores shared out; one on a cluster, whose workers have many."""
        if self._settings.threads is not None:
            return self._settings.threads
        if self._settings.options.scheduler is not None:
            return 1
        return max(1, usable_cpus() // executor.capacity)


def _crowded(executor: Executor) -> bool:
    """Whether an image that lacked memory may have lacked it because of others beside it."""
    return executor.memory is not None and executor.capacity > 1


def _outcome(item: Item, future: Future[str]) -> Outcome:
    try:
        answer = ItemAnswer.model_validate_json(future.result())
    except ExecutorLostError:
        raise
    except OmniSegError as error:
        return Outcome(item.label, error=error)
    except TaskError as error:
        # What it says may quote the file, and a patient's name with it: not in a table.
        logger.debug("%s: %s\n%s", item.label, error, error.trace)
        return Outcome(item.label, error=_unforeseen(item, error))
    return Outcome(item.label, record=answer.record, before=answer.before)


def _unforeseen(item: Item, error: TaskError) -> DataError:
    return DataError(
        item.path,
        found=f"something that nobody foresaw ({error.kind})",
        expected="an image that can be segmented",
        remedy="segment it alone with OMNISEG_DEBUG=1 to see where, and report it",
    )


@contextlib.contextmanager
def _alone(output: Path) -> Iterator[None]:
    """Hold the output's lock, which a process that dies lets go of."""
    place = lock_path(output)
    with writing_errors(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if not try_lock(descriptor):
            raise ResourceError(
                output,
                found="another batch at work there",
                expected="one at a time",
                remedy="wait until it is done, or choose another output",
            )
        yield
    finally:
        os.close(descriptor)
