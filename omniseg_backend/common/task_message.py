"""What travels between a command and its workers: one function of ours, and JSON.

``perform`` is the only function that is ever sent. What it is to do is a JSON string (the name
of a module-level function and that function's own JSON spec), what it gives back is one, and
so is an error: no object of either side is rebuilt on the other.
"""

from __future__ import annotations

import importlib
import json
import traceback
from collections.abc import Callable
from typing import Any

from omniseg_backend.common import errors
from omniseg_backend.common.errors import CancelledError, OmniSegError, ResourceError
from omniseg_backend.common.provenance import software_version

#: A module-level function from a JSON spec to a JSON result.
Task = Callable[[str], str]

_PARTS = ("subject", "found", "expected", "remedy")


class TaskError(Exception):
    """A task failed in a way that nobody foresaw: a defect, not bad data.

    Attributes:
        kind: The type of what was raised there.
        trace: The traceback there.
    """

    def __init__(self, kind: str, text: str, trace: str) -> None:
        self.kind = kind
        self.trace = trace
        super().__init__(f"an unexpected {kind} ({text})")


def request(task: Task, spec: str) -> str:
    """The message that asks for ``task(spec)``.

    Raises:
        ValueError: ``task`` is not a function that another process finds under its name.
    """
    name = f"{task.__module__}:{task.__qualname__}"
    if task.__module__ == "__main__" or "." in task.__qualname__ or _find(name) is not task:
        raise ValueError(f"{name} is no module-level function of an importable module")
    return json.dumps({"task": name, "spec": spec, "software": software_version()})


def perform(message: str) -> str:
    """Do what a request asks for; errors are part of the answer.

    Args:
        message: Of ``request``.

    Returns:
        For ``result_of``.
    """
    asked = json.loads(message)
    try:
        _refuse_other_version(asked["software"])
        return json.dumps({"result": _find(asked["task"])(asked["spec"])})
    except OmniSegError as error:
        parts = {part: getattr(error, part) for part in _PARTS}
        return json.dumps({"error": {"kind": type(error).__name__, **parts}})
    except MemoryError:
        return json.dumps({"error": {"kind": "ResourceError", **_no_memory(asked["task"])}})
    except Exception as error:  # noqa: BLE001 - whoever asked is told, as by a local call
        unforeseen = {
            "kind": type(error).__name__,
            "text": str(error),
            "trace": traceback.format_exc(),
        }
        return json.dumps({"unforeseen": unforeseen})


def result_of(answer: str) -> str:
    """The result in an answer of ``perform``.

    Raises:
        OmniSegError: The task raised it there.
        TaskError: The task raised anything else.
    """
    content: dict[str, Any] = json.loads(answer)
    if "error" in content:
        raise _error(**content["error"])
    if "unforeseen" in content:
        raise TaskError(**content["unforeseen"])
    result: str = content["result"]
    return result


def _find(name: str) -> Task:
    module, _, function = name.partition(":")
    found: Task = getattr(importlib.import_module(module), function)
    return found


def _error(kind: str, subject: str, **parts: str) -> OmniSegError:
    if kind == CancelledError.__name__:
        return CancelledError(subject)
    family: type[OmniSegError] = getattr(errors, kind, errors.DataError)
    return family(subject, **parts)


def _no_memory(task: str) -> dict[str, str]:
    return {
        "subject": "memory",
        "found": f"too little for {task.rpartition(':')[2]}",
        "expected": "room for the whole of it",
        "remedy": "close other programs, or let fewer workers run at once",
    }


def _refuse_other_version(asked: str) -> None:
    here = software_version()
    if asked != here:
        raise ResourceError(
            "a worker",
            found=f"OmniSeg {here} there and {asked} here",
            expected="one version, since others may compute other results",
            remedy="install the same version on every machine",
        )
