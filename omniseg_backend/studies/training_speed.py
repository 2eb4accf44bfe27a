"""Training steps per minute of our variants beside a U-Net: same step, same batch, in turns."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from omniseg_backend.common.errors import UsageError
from omniseg_backend.common.platform import keep_freed_memory
from omniseg_backend.common.progress import Cancel, Progress, check_cancel, no_progress
from omniseg_backend.inference.latency import WARM_UPS
from omniseg_backend.studies.networks import IN_CHANNELS, OUT_CHANNELS, studied_network
from omniseg_backend.studies.settings import NetworkName, TrainingSpeedSettings
from omniseg_backend.training.losses import SegmentationLoss
from omniseg_backend.training.trainer import channels_last, parameter_groups

#: As the trainer's defaults; speed does not depend on them.
_LEARNING_RATE, _WEIGHT_DECAY, _CLIP = 3e-4, 1e-2, 12.0
_SEED = 0


@dataclasses.dataclass(frozen=True)
class TrainingSpeed:
    """How long a training step of one network takes.

    Attributes:
        model: Its name.
        parameters: Learnt numbers.
        median_s: Median of the timed steps, in seconds.
        min_s: The fastest of them.
    """

    model: str
    parameters: int
    median_s: float
    min_s: float

    @property
    def steps_per_minute(self) -> float:
        """By the median step."""
        return 60 / self.median_s


def measure_training(
    settings: TrainingSpeedSettings,
    *,
    progress: Progress = no_progress,
    cancel: Cancel | None = None,
) -> tuple[TrainingSpeed, ...]:
    """Time whole optimiser steps on random crops, each round one step of each network.

    A step is the trainer's in float32: forward, cross-entropy and Dice, backward, clipping,
    AdamW; kernels lie channels last. Reading and augmenting crops is left out, being the same
    for all. Freed memory is kept, as in every training run, for all networks alike.

    Args:
        settings: Networks, crops, rounds, threads.
        progress: Told about every round.
        cancel: Looked at before every step.

    Raises:
        UsageError: A network does not take the size.
        CancelledError: The user cancelled.
    """
    keep_freed_memory()
    threads = torch.get_num_threads()
    torch.set_num_threads(settings.threads)
    try:
        trainees = [_Trainee(name, settings) for name in settings.networks]
        inputs, labels = _batch(settings)
        for turn in _turns(settings.rounds, progress):
            for trainee in trainees:
                check_cancel(cancel, "the benchmark")
                trainee.step(inputs, labels, timed=turn >= WARM_UPS)
    finally:
        torch.set_num_threads(threads)
    return tuple(trainee.speed() for trainee in trainees)


def _turns(rounds: int, progress: Progress) -> Iterator[int]:
    for turn in range(WARM_UPS + rounds):
        progress("measuring training steps", turn / (WARM_UPS + rounds))
        yield turn


def _batch(settings: TrainingSpeedSettings) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(_SEED)
    shape = (settings.batch_size, settings.size, settings.size)
    inputs = torch.randn((shape[0], IN_CHANNELS, *shape[1:]), generator=generator)
    labels = torch.randint(0, OUT_CHANNELS, shape, generator=generator)
    return inputs.contiguous(memory_format=torch.channels_last), labels


class _Trainee:
    """A network with its optimiser and the times of its steps."""

    def __init__(self, name: NetworkName, settings: TrainingSpeedSettings) -> None:
        network = studied_network(name)
        if settings.size % network.stride:
            raise UsageError(
                "--size",
                found=f"{settings.size} for {name}",
                expected=f"a multiple of {network.stride}",
                remedy=f"choose another size, or leave {name} out",
            )
        self._name = name
        self._module: nn.Module = network.module.train()
        channels_last(self._module)
        self._optimiser = torch.optim.AdamW(
            parameter_groups(self._module, _WEIGHT_DECAY), lr=_LEARNING_RATE
        )
        self._loss = SegmentationLoss()
        self._seconds: list[float] = []

    def step(self, inputs: Tensor, labels: Tensor, *, timed: bool) -> None:
        """Learn from the batch once."""
        started = time.perf_counter()
        self._optimiser.zero_grad(set_to_none=True)
        self._loss(self._module(inputs), labels).backward()
        nn.utils.clip_grad_norm_(self._module.parameters(), _CLIP)
        self._optimiser.step()
        if timed:
            self._seconds.append(time.perf_counter() - started)

    def speed(self) -> TrainingSpeed:
        """What the timed steps amount to."""
        return TrainingSpeed(
            model=self._name,
            parameters=sum(value.numel() for value in self._module.parameters()),
            median_s=statistics.median(self._seconds),
            min_s=min(self._seconds),
        )
