"""A Python that trains, built from one that the user picks: said first, then done.

It lies in ``OMNISEG_HOME/training-environment``. The environment of the viewer that asks for it is
left as it is: nothing is installed there, and a torch that breaks breaks training alone.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from omniseg_backend.common.atomic import writing_errors
from omniseg_backend.common.errors import CancelledError, DataError, ResourceError
from omniseg_backend.common.home import omniseg_home
from omniseg_backend.common.progress import Cancel, Progress, no_progress
from omniseg_backend.common.provenance import DISTRIBUTION
from omniseg_backend.jobs.config import load_config
from omniseg_backend.jobs.interpreters import python_version, surroundings, what_hinders_training

#: The extra `train` and all that it needs with PyTorch's CPU build, on Linux and Python 3.11: the
#: files of 66 distributions are 1.58 GB, what Python compiles of them comes on top.
_BYTES = 1_800_000_000
_NEWEST_TESTED, _OLDEST = (3, 12), (3, 11)
_TORCH_CPU = "https://download.pytorch.org/whl/cpu"
_LOOK_EVERY = 0.1


@dataclasses.dataclass(frozen=True)
class EnvironmentPlan:
    """What will be done, to be shown before it is.

    Attributes:
        python: The Python that the user picked.
        folder: The new virtual environment; it does not exist yet.
        requirement: What is installed: this software with the extra ``train``.
        sources: Where it comes from: addresses, or a folder of wheels.
        bytes_needed: On disk, roughly.
        bytes_free: There now.
    """

    python: Path
    folder: Path
    requirement: str
    sources: tuple[str, ...]
    bytes_needed: int
    bytes_free: int

    @property
    def interpreter(self) -> Path:
        """The Python that will train."""
        return self.folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

    @property
    def log(self) -> Path:
        """What venv and pip say."""
        return self.folder.with_name(f"{self.folder.name}.log")

    @property
    def commands(self) -> tuple[tuple[str, ...], ...]:
        """What is run, also for users who would rather type it themselves."""
        offline = Path(self.sources[0]).is_dir()
        where = (
            ("--no-index", "--find-links", self.sources[0])
            if offline
            else ("--extra-index-url", _TORCH_CPU)
        )
        return (
            (str(self.python), "-m", "venv", str(self.folder)),
            (str(self.interpreter), "-m", "pip", "install", "--no-input", *where, self.requirement),
        )


def environment_folder() -> Path:
    """Where the environment lies that this software builds."""
    return omniseg_home() / "training-environment"


def plan_environment(python: Path, *, wheels: Path | None = None) -> EnvironmentPlan:
    """Look whether an environment could be built, and say what that would take. No network.

    Args:
        python: A Python 3.11 or 3.12 with `venv`; its own packages stay as they are.
        wheels: A folder of wheels to install from instead of the package index.

    Raises:
        ResourceError: The Python is not one of these, or the disk has too little room.
        DataError: There is an environment already, or the folder of wheels holds none.
    """
    picked = Path(python).expanduser().absolute()
    version = python_version(picked)
    if version is None or not _OLDEST <= version <= _NEWEST_TESTED:
        raise ResourceError(
            picked,
            found="no Python" if version is None else f"Python {version[0]}.{version[1]}",
            expected="Python 3.11 or 3.12 with the module venv",
            remedy="name another",
        )
    if wheels is not None and not any(Path(wheels).glob("*.whl")):
        raise DataError(
            wheels,
            found="no wheels",
            expected="a folder of wheels, filled as docs/install.md says",
            remedy="name another folder",
        )
    folder = environment_folder()
    _clear_unfinished(folder)
    if folder.exists():
        raise DataError(
            folder,
            found="an environment that is there already",
            expected="a new folder",
            remedy="train with its Python, or remove the folder to build anew",
        )
    with writing_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder.parent).free
    if free < _BYTES:
        raise ResourceError(
            folder.parent,
            found=f"{free / 1e9:.1f} GB free",
            expected=f"{_BYTES / 1e9:.1f} GB",
            remedy="make room, or set OMNISEG_HOME to a folder on another disk",
        )
    sources = (
        ("https://pypi.org", _TORCH_CPU)
        if wheels is None
        else (str(Path(wheels).expanduser().absolute()),)
    )
    return EnvironmentPlan(
        python=picked,
        folder=folder,
        requirement=_requirement(offline=wheels is not None),
        sources=sources,
        bytes_needed=_BYTES,
        bytes_free=free,
    )


def build_environment(
    plan: EnvironmentPlan, *, progress: Progress = no_progress, cancel: Cancel | None = None
) -> Path:
    """Build what the user has confirmed and let every front end train with it.

    Unless the plan installs from a folder, this connects to the plan's sources; nothing else of
    this software connects to anything.

    Args:
        plan: What was shown.
        progress: Told about every step.
        cancel: Looked at ten times a second.

    Returns:
        The interpreter that now trains.

    Raises:
        ResourceError: A step failed; what it said is in the plan's log.
        CancelledError: The user cancelled; nothing is left of the environment.
    """
    with writing_errors(plan.folder):
        plan.folder.mkdir(parents=True)
        _unfinished(plan.folder).touch()
    try:
        with plan.log.open("wb") as log:
            steps = zip(("making the environment", "installing"), plan.commands, strict=True)
            for done, (stage, command) in enumerate(steps):
                progress(f"{stage}; see {plan.log}", done / 2)
                _run(command, plan, log.fileno(), cancel)
        hindrance = what_hinders_training(plan.interpreter)
        if hindrance is not None:
            raise _failed(plan, hindrance)
    except BaseException:
        # Also on Ctrl-C: half an environment would be taken for a whole one.
        shutil.rmtree(plan.folder, ignore_errors=True)
        raise
    _unfinished(plan.folder).unlink()
    load_config().model_copy(update={"training_interpreter": plan.interpreter}).save()
    return plan.interpreter


def _run(command: tuple[str, ...], plan: EnvironmentPlan, log: int, cancel: Cancel | None) -> None:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd=plan.folder.parent,
        env=surroundings(Path(command[0])) | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    try:
        for code in _codes(process):
            if code is not None and code != 0:
                raise _failed(plan, f"a step that ended with {code}")
            if code is None and cancel is not None and cancel.is_set():
                raise CancelledError("building the training environment")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _codes(process: subprocess.Popen[bytes]) -> Iterator[int | None]:
    """None again and again while a process runs, then its exit code."""
    while True:
        try:
            yield process.wait(_LOOK_EVERY)
        except subprocess.TimeoutExpired:
            yield None
        else:
            return


def _failed(plan: EnvironmentPlan, found: str) -> ResourceError:
    return ResourceError(
        plan.folder,
        found=found,
        expected="an environment that can train",
        remedy=f"see what pip said in {plan.log}",
    )


def _requirement(*, offline: bool) -> str:
    """This very version; from the source tree where it was installed from one."""
    own = metadata.distribution(DISTRIBUTION)
    stated = own.read_text("direct_url.json")
    origin = {} if stated is None else json.loads(stated)
    if "dir_info" in origin and not offline:
        return f"{DISTRIBUTION}[train] @ {origin['url']}"
    return f"{DISTRIBUTION}[train]=={own.version}"


def _unfinished(folder: Path) -> Path:
    return folder / ".omniseg-unfinished"


def _clear_unfinished(folder: Path) -> None:
    """Remove what a kill left of an environment in the making."""
    if _unfinished(folder).exists():
        shutil.rmtree(folder, ignore_errors=True)
