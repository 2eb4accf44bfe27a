"""The Python that trains: whether there is one, and how one is named or built."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from omniseg_backend.common.progress import Cancel, Progress

if TYPE_CHECKING:
    from omniseg_backend.jobs.environment import EnvironmentPlan


@dataclasses.dataclass(frozen=True)
class TrainingPython:
    """What was found when a Python that trains was looked for.

    Attributes:
        problem: Why none trains, for people; None if one does.
    """

    problem: str | None

    @classmethod
    def look(cls) -> TrainingPython:
        """Ask the Python that is named, or this one; starts it, which takes a moment."""
        from omniseg_backend.jobs.interpreters import training_problem

        return cls(training_problem())


def plan(python: Path) -> EnvironmentPlan:
    """What building an environment from a Python would take; nothing is done.

    Raises:
        OmniSegError: It cannot be built.
    """
    from omniseg_backend.jobs.environment import plan_environment

    return plan_environment(python)


def plan_text(planned: EnvironmentPlan) -> str:
    """What is asked before an environment is built, with the commands for who types them."""
    commands = "\n".join(shlex.join(words) for words in planned.commands)
    return (
        f"This makes {planned.folder} (about {planned.bytes_needed / 1e9:.1f} GB; "
        f"{planned.bytes_free / 1e9:.1f} GB are free) and installs {planned.requirement} from "
        f"{' and '.join(planned.sources)}; the network is used for that alone. Build it?\n\n"
        f"By hand it would be:\n{commands}"
    )


def build(planned: EnvironmentPlan, progress: Progress, cancel: Cancel) -> TrainingPython:
    """Build what the user has confirmed, and look again.

    Raises:
        OmniSegError: A step failed, or the user cancelled; nothing is left of it.
    """
    from omniseg_backend.jobs.environment import build_environment

    build_environment(planned, progress=progress, cancel=cancel)
    return TrainingPython.look()


def name(python: Path) -> TrainingPython:
    """Let every front end train with a Python, and look again.

    Raises:
        OmniSegError: It cannot train.
    """
    from omniseg_backend.jobs.interpreters import name_training_interpreter

    name_training_interpreter(python)
    return TrainingPython.look()
