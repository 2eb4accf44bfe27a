"""Submitting, finding again and steering the jobs of a fine-tuning. All of it reads files."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from napari_omniseg.models.fine_tuning_request import FineTuningRequest
from napari_omniseg.models.job_watch import ALIVE, Followed
from omniseg_backend.common.errors import DataError, OmniSegError
from omniseg_backend.jobs.client import JobClient, JobView
from omniseg_backend.jobs.folder import JobFolder
from omniseg_backend.jobs.spec import JobSpec


@dataclasses.dataclass(frozen=True, eq=False)
class FoundJobs:
    """The jobs of a data set that the panel shows.

    Attributes:
        training: The one that runs or waits, or else the last; None if there was none.
        comparison: The last of that training's bundle; None if there was none.
    """

    training: Followed | None
    comparison: Followed | None


def submit(request: FineTuningRequest) -> Followed:
    """Put a training into the queue and follow it.

    Raises:
        OmniSegError: It is refused; see ``JobClient.submit``.
    """
    return submit_spec(request.spec())


def submit_spec(spec: JobSpec) -> Followed:
    """Put a job into the queue and follow it."""
    return Followed.begin(JobClient().submit(spec).id)


def find_again(dataset: Path) -> FoundJobs:
    """The training of a data set that runs, waits or ran last, and its comparison.

    Also starts what is due, as every look at the jobs does.
    """
    views = JobClient().jobs()
    trainings = [view for view in views if _is_training_on(view, dataset)]
    if not trainings:
        return FoundJobs(None, None)
    alive = [view for view in trainings if view.record.known.state in ALIVE]
    chosen = (alive or trainings)[-1]
    compared = [view for view in views if _compares(view, chosen.record.folder)]
    return FoundJobs(_followed(chosen.id), _followed(compared[-1].id) if compared else None)


@dataclasses.dataclass(frozen=True)
class Look:
    """Where a job stands.

    Attributes:
        view: The job.
        before: How many heavy jobs run, or wait in front of it.
    """

    view: JobView
    before: int


def look(job: str) -> Look:
    """Look at a job; a crash is noted and what is due is started.

    Raises:
        DataError: Its folder is gone or damaged.
    """
    views = JobClient().jobs()
    view = next((view for view in views if view.id == job), None)
    if view is None:
        raise DataError(
            f"the job {job}",
            found="that its folder is gone",
            expected="the job as it was",
            remedy="start it again; models that it had listed are still there",
        )
    own = view.record.known  # raises where the state is damaged
    heavy = [v.record.state for v in views if v.record.state is not None and v.record.state.heavy]
    return Look(view, sum(s.state in ALIVE and s.created < own.created for s in heavy))


def request_of(folder: JobFolder) -> JobSpec:
    """What a job was asked.

    Raises:
        OmniSegError: Its spec is damaged, or of a kind that is not installed.
    """
    from omniseg_backend.jobs.spec_file import load_spec

    return load_spec(folder.spec)


def _followed(job: str) -> Followed | None:
    try:
        return Followed.begin(job)
    except OmniSegError:
        return None  # removed by somebody since it was listed


def _is_training_on(view: JobView, dataset: Path) -> bool:
    from omniseg_backend.jobs.kinds.train import TrainSpec

    if view.record.state is None or view.record.state.kind != "train":
        return False
    spec = _spec_or_none(view.record.folder)
    return isinstance(spec, TrainSpec) and _same(spec.settings.dataset, dataset)


def _compares(view: JobView, training: JobFolder) -> bool:
    """Whether a job compares the bundle that a training made."""
    from omniseg_backend.jobs.kinds.compare import CompareSpec

    if view.record.state is None or view.record.state.kind != "compare":
        return False
    spec = _spec_or_none(view.record.folder)
    return isinstance(spec, CompareSpec) and _same(Path(spec.settings.new).parent, training.result)


def _spec_or_none(folder: JobFolder) -> JobSpec | None:
    try:
        return request_of(folder)
    except OmniSegError:
        return None


def _same(one: Path, other: Path) -> bool:
    return one.expanduser().resolve() == other.expanduser().resolve()
