"""``events.jsonl``: what is appended is read, whatever crashes and later versions leave."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniseg_backend.jobs.event_log import EventLog, EventTail, all_events, last_progress
from omniseg_backend.jobs.events import (
    EVENTS,
    Finished,
    Measured,
    Progressed,
    Queued,
    UnknownEvent,
    parse_event,
)

FIRST = Progressed(stage="reading", fraction=0.25, remaining_seconds=None)
SECOND = Measured(group="Dice", step=3, values={"mean": 0.5, "left": None})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


def test_what_is_appended_comes_back_once(path: Path) -> None:
    log, tail = EventLog(path), EventTail(path)
    assert tail.read(9) == []
    log.append(FIRST)
    assert tail.read(9) == [FIRST]
    log.append(SECOND)
    log.append(FIRST)
    assert tail.read(1) == [SECOND]
    assert tail.read(9) == [FIRST]
    assert tail.read(9) == []


@given(cut=st.integers(1, 60))
def test_a_torn_last_line_is_left_out_and_hurts_no_later_event(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("torn") / "events.jsonl"
    log = EventLog(path)
    log.append(FIRST)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:cut])
    tail = EventTail(path)
    assert tail.read(9) == [FIRST]
    log.append(SECOND)
    assert tail.read(9) == [SECOND]
    assert all_events(path) == [FIRST, SECOND]


def test_a_line_that_is_still_being_written_is_read_when_it_is_whole(path: Path) -> None:
    line = FIRST.model_dump_json().encode() + b"\n"
    tail = EventTail(path)
    path.write_bytes(line[:20])
    assert tail.read(9) == []
    path.write_bytes(line)
    assert tail.read(9) == [FIRST]


@pytest.mark.parametrize("line", [b"", b"\0\0\0", b"[1]", b'{"event": 3}', b'{"event":"progress"}'])
def test_what_is_no_event_is_passed_over(path: Path, line: bytes) -> None:
    EventLog(path).append(FIRST)
    path.write_bytes(path.read_bytes() + line + b"\n")
    EventLog(path).append(SECOND)
    assert all_events(path) == [FIRST, SECOND]


def test_a_later_versions_events_are_handed_on() -> None:
    told = parse_event(b'{"event": "hologram", "time": "2031", "depth": 3}')
    assert told == UnknownEvent(event="hologram", time="2031")
    richer = json.loads(FIRST.model_dump_json()) | {"energy_joule": 12}
    assert parse_event(json.dumps(richer).encode()) == FIRST


def test_the_table_holds_every_event_under_its_own_name() -> None:
    assert all(kind.model_fields["event"].default == name for name, kind in EVENTS.items())


def test_figures_that_are_not_numbers_become_null() -> None:
    measured = Measured(group="loss", step=1, values={"loss": float("nan"), "dice": float("inf")})
    assert measured.values == {"loss": None, "dice": None}


def test_the_last_progress_is_found_behind_many_figures(path: Path) -> None:
    assert last_progress(path) is None
    log = EventLog(path)
    log.append(Queued())
    log.append(FIRST)
    for _ in range(20):
        log.append(SECOND)
    log.append(Finished(results=()))
    assert last_progress(path) == FIRST


def test_a_long_file_is_read_in_pieces(path: Path) -> None:
    line = FIRST.model_dump_json().encode() + b"\n"
    path.write_bytes(line * 3000 + b"x" * 200_000 + b"\n" + line)
    assert len(all_events(path)) == 3001
