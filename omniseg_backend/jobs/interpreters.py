"""Which Python does the work of a job, and in which surroundings."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from omniseg_backend.common.errors import OmniSegError, ResourceError
from omniseg_backend.jobs.config import config_file, load_config

#: What training imports beyond the base install.
_NEEDED = ("torch", "lightning_fabric", "monai", "safetensors", "onnxscript", "matplotlib")
_VERSION = "import ensurepip, sys, venv; print(*sys.version_info[:2])"
_PROBE = (
    "import importlib.util, sys\n"
    "names = sys.argv[1:]\n"
    "print(*[name for name in names if importlib.util.find_spec(name) is None])\n"
)
#: Variables that would make another Python load this one's libraries: Slicer and napari's
#: bundles set them for themselves.
_OURS_ALONE = frozenset(
    {
        "CONDA_PREFIX", "DYLD_FALLBACK_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LD_LIBRARY_PATH",
        "LD_PRELOAD", "PYTHONEXECUTABLE", "PYTHONHOME", "PYTHONNOUSERSITE", "PYTHONPATH",
        "PYTHONSAFEPATH", "PYTHONSTARTUP", "QT_PLUGIN_PATH", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__",
    }
)  # fmt: skip
_PROBE_SECONDS = 60


def training_interpreter() -> Path:
    """The Python that trains: the one of ``config.json``, or this one where it can.

    Raises:
        ResourceError: Neither is there.
        DataError: ``config.json`` is damaged.
    """
    stated = load_config().training_interpreter
    if stated is not None:
        if stated.is_file():
            return stated
        raise ResourceError(
            config_file(),
            found=f"a training_interpreter that is gone, {stated}",
            expected="a Python that can train",
            remedy="name another with `omniseg jobs environment --use PYTHON`",
        )
    if importlib.util.find_spec("torch") is not None:
        return Path(sys.executable)
    raise ResourceError(
        "training",
        found="no torch in this Python, and no other Python named that trains",
        expected="a Python with the extra 'train'",
        remedy="build or name one with `omniseg jobs environment`",
    )


def name_training_interpreter(python: Path) -> Path:
    """Let every front end of this user train with a Python.

    Args:
        python: One that has this software with the extra ``train``.

    Returns:
        Its absolute path.

    Raises:
        ResourceError: It cannot train.
        DataError: ``config.json`` is damaged or cannot be written.
    """
    # Not resolved: a virtual environment is known by the link that its Python is.
    named = python.expanduser().absolute()
    hindrance = what_hinders_training(named)
    if hindrance is not None:
        raise ResourceError(
            named,
            found=hindrance,
            expected="a Python with this software and the extra 'train'",
            remedy="name another, or build one with `omniseg jobs environment --build`",
        )
    load_config().model_copy(update={"training_interpreter": named}).save()
    return named


def training_problem() -> str | None:
    """Why jobs that train cannot be run, in a sentence; None if they can.

    The interpreter is started and asked; see ``what_hinders_training``.
    """
    try:
        python = training_interpreter()
    except OmniSegError as error:
        return str(error)
    hindrance = what_hinders_training(python)
    return None if hindrance is None else f"{python}: {hindrance}."


def python_version(python: Path) -> tuple[int, int] | None:
    """Major and minor version of a Python that can make environments; None if it is none."""
    told = _ask(python, _VERSION)
    if told is None or told.returncode:
        return None
    major, minor = told.stdout.split()
    return int(major), int(minor)


def what_hinders_training(python: Path) -> str | None:
    """Ask a Python whether it can train: None if so, otherwise what it lacks, for people.

    Nothing heavy is imported; it takes the start of an interpreter.
    """
    if not python.is_file():
        return "no such file"
    told = _ask(python, _PROBE, "omniseg_backend", *_NEEDED)
    if told is None:
        return "a file that does not run as Python"
    if told.returncode:
        return "a file that does not run as Python 3.11 or later"
    return f"no {', '.join(told.stdout.split())} there" if told.stdout.strip() else None


def surroundings(
    python: Path, environment: Mapping[str, str] | None = None, own: str = sys.executable
) -> dict[str, str]:
    """The environment variables to start a Python with.

    Another Python than this one gets none of the variables that steer where this one looks for
    its libraries.

    Args:
        python: The interpreter.
        environment: Ours; that of this process by default.
        own: This interpreter.
    """
    inherited = dict(os.environ if environment is None else environment)
    # Not resolved: every virtual environment's Python is a link to the same file.
    if python.absolute() == Path(own).absolute():
        return inherited
    return {name: value for name, value in inherited.items() if name not in _OURS_ALONE}


def _ask(python: Path, program: str, *words: str) -> subprocess.CompletedProcess[str] | None:
    """Run a line of Python in an interpreter; None if it does not run."""
    try:
        return subprocess.run(
            [python, "-P", "-c", program, *words],
            capture_output=True,
            text=True,
            timeout=_PROBE_SECONDS,
            env=surroundings(python),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
