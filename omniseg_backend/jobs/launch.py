"""Starting a job's runner as a process that outlives whoever starts it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from omniseg_backend.common.atomic import writing_errors
from omniseg_backend.common.errors import ResourceError
from omniseg_backend.common.platform import detached_process, process_started
from omniseg_backend.jobs.folder import JobFolder
from omniseg_backend.jobs.interpreters import surroundings, training_interpreter
from omniseg_backend.jobs.kinds import kind
from omniseg_backend.jobs.state_file import JobState, Runner

RUNNER_MODULE = "omniseg_backend.jobs.runner"
#: A clock that was set between two looks moves the start that the system tells.
_SAME_START = 5.0


def interpreter_for(kind_name: str) -> Path:
    """The Python that runs a kind's jobs.

    Raises:
        ResourceError: The kind trains, and no Python that can is known.
        UsageError: There is no such kind.
    """
    return training_interpreter() if kind(kind_name).needs_training else Path(sys.executable)


def launch(folder: JobFolder, state: JobState) -> Runner:
    """Start the runner: own process group, no terminal, output into ``log.txt``.

    Raises:
        ResourceError: The interpreter is missing or does not start.
        DataError: The log cannot be written.
    """
    python = interpreter_for(state.kind)
    with writing_errors(folder.log), folder.log.open("ab") as log:
        try:
            process = subprocess.Popen(
                # -P: a file in the job's folder must not pass for a module.
                [python, "-P", "-m", RUNNER_MODULE, str(folder.path)],
                cwd=folder.path,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=surroundings(python),
                **detached_process(),
            )
        except OSError as error:
            raise ResourceError(
                python,
                found=f"a Python that does not start ({error.strerror})",
                expected="one that runs",
                remedy="name another with `omniseg jobs environment`",
            ) from error
    return Runner(process=process.pid, started=process_started(process.pid) or 0.0)


def is_alive(runner: Runner) -> bool:
    """Whether that very process still runs."""
    started = process_started(runner.process)
    return started is not None and abs(started - runner.started) < _SAME_START
