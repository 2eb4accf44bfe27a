"""Stages add up."""

from __future__ import annotations

from omniseg_backend.inference.clock import StageClock


def test_stages_are_named_in_order_and_do_not_exceed_the_total() -> None:
    clock = StageClock()
    for _ in range(3):
        with clock.stage("prepare"):
            sum(range(1000))
        with clock.stage("network"):
            sum(range(1000))
    seconds = clock.seconds()
    assert list(seconds) == ["prepare", "network", "total"]
    assert 0 < seconds["prepare"] + seconds["network"] <= seconds["total"]


def test_a_stage_that_fails_is_counted() -> None:
    clock = StageClock()
    try:
        with clock.stage("network"):
            raise KeyError
    except KeyError:
        pass
    assert clock.seconds()["network"] >= 0
