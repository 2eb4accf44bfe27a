"""All jobs of this user on this machine: folders under ``OMNISEG_HOME/jobs``."""

from __future__ import annotations

import dataclasses
import datetime
import re
import secrets
import shutil
import tempfile
from pathlib import Path

from omniseg_backend.common.atomic import refuse_existing, writing_errors
from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.common.home import omniseg_home
from omniseg_backend.common.reading import reading_errors
from omniseg_backend.jobs.events import Queued, now
from omniseg_backend.jobs.folder import JobFolder
from omniseg_backend.jobs.hopeless import refuse_homeless
from omniseg_backend.jobs.lock import held
from omniseg_backend.jobs.spec import JobSpec, settled
from omniseg_backend.jobs.spec_file import save_spec
from omniseg_backend.jobs.state_file import JobState, NewerJobError, load_state
from omniseg_backend.jobs.states import ENDED, RESUMABLE, State

_ID = re.compile(r"[a-z][a-z0-9-]*")
#: Seconds to wait for a runner that is about to leave.
_PATIENCE = 2.0
#: Folders that are being made or taken away; a crash may leave them behind.
_HIDDEN = ".omniseg-"


@dataclasses.dataclass(frozen=True)
class JobRecord:
    """A job's folder and what could be read of it.

    Attributes:
        folder: Where it lies.
        state: Where it stands; None where this version cannot read it.
        problem: Why it cannot.
    """

    folder: JobFolder
    state: JobState | None
    problem: DataError | None = None

    @property
    def id(self) -> str:
        """The job's name."""
        return self.folder.id

    @property
    def known(self) -> JobState:
        """Its state.

        Raises:
            DataError: It cannot be read: the folder is damaged, or a later version's.
        """
        if self.state is None:
            assert self.problem is not None  # one of the two is there
            raise self.problem
        return self.state


class JobStore:
    """The folder of all jobs.

    Args:
        root: Where they lie; ``OMNISEG_HOME/jobs`` if nothing is said.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = (omniseg_home() / "jobs" if root is None else Path(root)).absolute()

    @property
    def queue_lock(self) -> Path:
        """Held by whoever starts jobs."""
        return self.root / ".queue-lock"

    def create(self, spec: JobSpec) -> JobRecord:
        """Put a job into the store, queued; nobody ever sees half of its folder.

        Raises:
            UsageError: A bundle that the spec names does not exist, or no model is named.
            DataError: An input does not exist, an output exists or cannot be written, or the
                store cannot.
            ResourceError: The disk is full.
        """
        asked = settled(spec)
        for output in asked.outputs:
            refuse_existing(output, overwrite=asked.overwrite)
            refuse_homeless(output)
        asked.refuse_hopeless()
        self.make_root()
        created = now()
        state = JobState(
            id=_new_id(asked.kind),
            kind=asked.kind,
            title=asked.shown_title,
            state=State.QUEUED,
            heavy=asked.is_heavy,
            created=created,
            changed=created,
        )
        with writing_errors(self.root):
            # mkdtemp's folders are readable by their owner alone.
            making = JobFolder(Path(tempfile.mkdtemp(prefix=_HIDDEN, dir=self.root)))
            try:
                making.checkpoints.mkdir()
                save_spec(asked, making.spec)
                state.save(making.state)
                making.log_events().append(Queued(time=created))
                folder = JobFolder(making.path.rename(self.root / state.id))
            finally:
                shutil.rmtree(making.path, ignore_errors=True)
        return JobRecord(folder, state)

    def records(self) -> tuple[JobRecord, ...]:
        """Every job, oldest first; those that cannot be read come last.

        Raises:
            DataError: The store cannot be listed.
        """
        with reading_errors(self.root, expected="the folder of all jobs"):
            try:
                found = [path for path in self.root.iterdir() if _ID.fullmatch(path.name)]
            except FileNotFoundError:
                return ()
        records = [_read(JobFolder(path)) for path in found if path.is_dir()]
        return tuple(
            sorted(records, key=lambda r: (r.state is None, r.state.created if r.state else r.id))
        )

    def record(self, job: str) -> JobRecord:
        """One job.

        Raises:
            UsageError: There is no such job.
            DataError: The store cannot be read.
        """
        folder = JobFolder(self.root / job)
        with reading_errors(self.root, expected="the folder of all jobs"):
            exists = folder.path.is_dir()
        if not _ID.fullmatch(job) or not exists:
            raise UsageError(
                f"job {job}",
                found="no such job",
                expected="the id of a job",
                remedy="see `omniseg jobs list`",
            )
        return _read(folder)

    def remove(self, job: str) -> None:
        """Take a job and all its files away; outputs that were put elsewhere stay.

        Raises:
            UsageError: There is no such job, or it is running.
            NewerJobError: A later version made it, and may be running it.
            DataError: The folder cannot be removed.
        """
        record = self.record(job)
        if isinstance(record.problem, NewerJobError):
            raise record.problem
        folder = record.folder
        # A runner holds the lock for a moment longer than its job runs.
        stopped = record.state is not None and record.state.state in ENDED | RESUMABLE
        with held(folder.lock, patience=_PATIENCE if stopped else 0.0) as ours:
            if not ours:
                raise UsageError(
                    f"job {job}",
                    found="a running job",
                    expected="one that is not running",
                    remedy="cancel it first",
                )
            with writing_errors(folder.path):
                # In one step: a kill in the middle leaves a hidden folder, not half a job.
                gone = folder.path.rename(self.root / f"{_HIDDEN}gone-{secrets.token_hex(4)}")
        shutil.rmtree(gone, ignore_errors=True)

    def purge(self, older_than: datetime.timedelta) -> tuple[str, ...]:
        """Remove jobs that ended so long ago; paused and interrupted ones stay.

        Also clears what crashes left half-made or half-removed in the store.

        Returns:
            The removed jobs.
        """
        before = datetime.datetime.now(datetime.UTC) - older_than
        removed = []
        for record in self.records():
            state = record.state
            if state is None or state.state not in ENDED:
                continue
            if datetime.datetime.fromisoformat(state.changed) <= before:
                self.remove(record.id)
                removed.append(record.id)
        for left in self.root.glob(f"{_HIDDEN}*"):
            changed = datetime.datetime.fromtimestamp(left.stat().st_mtime, datetime.UTC)
            if changed <= before:
                shutil.rmtree(left, ignore_errors=True)
        return tuple(removed)

    def make_root(self) -> None:
        """Make the store's folder, readable by its owner alone.

        Raises:
            DataError: It cannot be made.
        """
        with writing_errors(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            self.root.chmod(0o700)


def _read(folder: JobFolder) -> JobRecord:
    try:
        return JobRecord(folder, load_state(folder.state))
    except DataError as problem:
        return JobRecord(folder, None, problem)


def _new_id(kind: str) -> str:
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M%S")
    return f"{kind}-{stamp}-{secrets.token_hex(3)}"
