"""Requests and answers: strings both, errors included."""

from __future__ import annotations

import json

import pytest

from omniseg_backend.common import task_message
from omniseg_backend.common.errors import CancelledError, DataError, ResourceError
from omniseg_backend.common.executor import InProcess
from omniseg_backend.common.task_message import TaskError, perform, request, result_of
from tests.common import executor_tasks as tasks


def test_a_result_comes_back() -> None:
    assert result_of(perform(request(tasks.double, "21"))) == "42"


def test_an_error_of_ours_comes_back_whole() -> None:
    with pytest.raises(DataError) as told:
        result_of(perform(request(tasks.refuse, "a barrel")))
    assert str(told.value) == "a barrel: found grapes, expected wine; press them."


def test_a_request_to_stop_stays_one() -> None:
    with pytest.raises(CancelledError) as told:
        result_of(perform(request(tasks.cancel, "the case")))
    assert told.value.subject == "the case"


def test_a_defect_comes_with_its_trace() -> None:
    with pytest.raises(TaskError, match="ZeroDivisionError") as told:
        result_of(perform(request(tasks.divide, "0")))
    assert "in divide" in told.value.trace


def test_too_little_memory_is_a_sentence() -> None:
    with pytest.raises(ResourceError, match="too little for exhaust"):
        result_of(perform(request(tasks.exhaust, "")))


def test_only_what_another_process_finds_is_sent() -> None:
    def inner(spec: str) -> str:
        return spec

    for task in (inner, lambda spec: spec):
        with pytest.raises(ValueError, match="no module-level function"):
            request(task, "")


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = json.loads(request(tasks.double, "1"))
    monkeypatch.setattr(task_message, "software_version", lambda: "0.0.1")
    with pytest.raises(ResourceError, match=r"OmniSeg 0\.0\.1 there"):
        result_of(perform(json.dumps(asked)))


def test_without_a_pool_it_is_done_here() -> None:
    executor = InProcess()
    assert executor.submit(tasks.double, "2").result() == "4"
    assert isinstance(executor.submit(tasks.refuse, "x").exception(), DataError)
