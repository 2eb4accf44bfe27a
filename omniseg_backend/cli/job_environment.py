"""``omniseg jobs environment``: which Python trains, and building one."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from omniseg_backend.cli.options import Json, path_option

if TYPE_CHECKING:
    from rich.console import RenderableType

    from omniseg_backend.cli.job_documents import JobEnvironmentDocument
    from omniseg_backend.cli.terminal import Terminal
    from omniseg_backend.jobs.environment import EnvironmentPlan


def environment(
    use: Annotated[
        Path | None, path_option("--use", text="Train with this Python, which has the extra train.")
    ] = None,
    build: Annotated[
        Path | None,
        path_option("--build", text="Build an environment that trains from this Python."),
    ] = None,
    wheels: Annotated[
        Path | None,
        path_option("--wheels", text="A folder of wheels to build from, without a network."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Build without asking; size and source are still said.")
    ] = False,
    json: Json = False,
) -> None:
    """Say which Python trains, name one, or build one.

    Building makes a new virtual environment in OMNISEG_HOME and leaves the Python that you name,
    and the environment of the viewer, as they are.
    """
    from omniseg_backend.cli.terminal import command, contradiction

    with command(json=json) as terminal:
        from omniseg_backend.jobs.config import load_config
        from omniseg_backend.jobs.environment import build_environment, plan_environment
        from omniseg_backend.jobs.interpreters import name_training_interpreter

        if use is not None and build is not None:
            raise contradiction("--use", "--build")
        if wheels is not None and build is None:
            raise _nothing_to_build(wheels)
        load_config()  # a damaged one is an error, not a reason why nothing trains
        plan = None
        built = False
        if use is not None:
            name_training_interpreter(use)
        elif build is not None:
            plan = plan_environment(build, wheels=wheels)
            built = _confirmed(plan, terminal, yes=yes)
            if built:
                build_environment(plan, progress=terminal.progress, cancel=terminal.cancel)
        terminal.answer(_document(plan, built=built), _tables)


def _nothing_to_build(wheels: Path) -> Exception:
    from omniseg_backend.common.errors import UsageError

    return UsageError(
        "--wheels",
        found=f"{wheels}, and no --build",
        expected="a Python to build from",
        remedy="name one with --build",
    )


def _confirmed(plan: EnvironmentPlan, terminal: Terminal, *, yes: bool) -> bool:
    """Say what it takes; ask, where there is somebody to answer."""
    terminal.say(
        f"This makes {plan.folder} (about {plan.bytes_needed / 1e9:.1f} GB; "
        f"{plan.bytes_free / 1e9:.1f} GB are free) and installs {plan.requirement} "
        f"from {' and '.join(plan.sources)}."
    )
    if yes:
        return True
    if terminal.json or not sys.stdin.isatty():
        return False
    return typer.confirm("Build it?", err=True)


def _document(plan: EnvironmentPlan | None, *, built: bool) -> JobEnvironmentDocument:
    from omniseg_backend.cli.job_documents import EnvironmentOffer, JobEnvironmentDocument
    from omniseg_backend.jobs.interpreters import training_interpreter, training_problem

    problem = training_problem()
    offer = None
    if plan is not None:
        offer = EnvironmentOffer(
            python=str(plan.python),
            folder=str(plan.folder),
            requirement=plan.requirement,
            sources=plan.sources,
            bytes_needed=plan.bytes_needed,
            bytes_free=plan.bytes_free,
            commands=tuple(shlex.join(words) for words in plan.commands),
            built=built,
        )
    return JobEnvironmentDocument(
        training_interpreter=None if problem else str(training_interpreter()),
        training_problem=problem,
        offer=offer,
    )


def _tables(document: JobEnvironmentDocument) -> Sequence[RenderableType]:
    if document.training_interpreter is not None:
        lines = [f"Jobs train with {document.training_interpreter}."]
    else:
        lines = [
            str(document.training_problem),
            "`omniseg jobs environment --build PYTHON` makes an environment from a Python 3.11 or "
            "3.12, `--use PYTHON` names one that has the extra `train`.",
        ]
    if document.offer is not None and not document.offer.built:
        lines += ["Nothing was built. With --yes, or by hand:", *document.offer.commands]
    return lines
