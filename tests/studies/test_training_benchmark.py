"""Training steps of several networks on one batch."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="the benchmarks need the extra 'train'")

import torch

from omniseg_backend.common.errors import UsageError
from omniseg_backend.studies.settings import NetworkName, TrainingSpeedSettings
from omniseg_backend.studies.training_speed import measure_training


def test_every_network_is_timed_and_the_threads_are_given_back() -> None:
    before = torch.get_num_threads()
    settings = TrainingSpeedSettings(
        networks=(NetworkName.COMPACT, NetworkName.CMUNEXT_S),
        size=32,
        batch_size=2,
        rounds=2,
        threads=1,
    )
    speeds = measure_training(settings)
    assert [one.model for one in speeds] == ["compact", "cmunext-s"]
    for one in speeds:
        assert 0 < one.min_s <= one.median_s
        assert one.steps_per_minute == pytest.approx(60 / one.median_s)
    assert torch.get_num_threads() == before


def test_a_size_that_a_network_does_not_take_is_refused() -> None:
    settings = TrainingSpeedSettings(networks=(NetworkName.DYNUNET,), size=48, rounds=1, threads=1)
    with pytest.raises(UsageError, match="multiple of 64"):
        measure_training(settings)
