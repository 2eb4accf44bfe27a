"""What a run decided before its first step, stored so that nothing later depends on a clock."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, ValidationError

from omniseg_backend.common.atomic import write_text_atomic
from omniseg_backend.common.errors import DataError
from omniseg_backend.networks.architecture import Architecture
from omniseg_backend.preprocessing.settings import PreprocessingSettings
from omniseg_backend.training.settings import TrainingSettings

Precision = Literal["fp32", "bf16"]


class RunPlan(BaseModel):
    """The fixed part of a run, written to ``run.json``.

    Attributes:
        settings: What was asked.
        data_hash: SHA-256 over the voxels and labels of the training and validation part.
        steps: Optimiser steps to take at most.
        validate_every: Steps between validations (and checkpoints).
        precision: Of the arithmetic.
        threads: Of torch; sums depend on their number.
        device: ``cpu`` or the GPU's name.
        expected_seconds: What the probe foretold.
        architecture: The network.
        preprocessing: With what training saw.
        class_names: In the network's order.
        class_values: Their values in files.
        started: When, ISO 8601 in UTC.
        commit: The source's commit where it is known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    settings: TrainingSettings
    data_hash: str
    steps: int
    validate_every: int
    precision: Precision
    threads: int
    device: str
    expected_seconds: float
    architecture: Architecture
    preprocessing: PreprocessingSettings
    class_names: tuple[str, ...]
    class_values: tuple[int, ...]
    started: str
    commit: str | None

    def save(self, path: Path) -> None:
        """Write the plan."""
        write_text_atomic(path, self.model_dump_json(indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> RunPlan:
        """Read a plan.

        Raises:
            DataError: The file is damaged or of another version.
        """
        try:
            return cls.model_validate_json(path.read_text("utf-8"))
        except (ValidationError, UnicodeDecodeError) as error:
            raise DataError(
                path,
                found="a damaged plan or one of another version",
                expected="the plan of a training run",
                remedy="remove the run's folder and train again",
            ) from error


def check_same_run(
    plan: RunPlan, settings: TrainingSettings, data_hash: str | None, path: Path
) -> None:
    """Refuse to go on with a run that was started with other settings or data.

    Args:
        plan: Of the unfinished run.
        settings: What is asked for now.
        data_hash: Of the data now; None before they were read.
        path: The plan's file.

    Raises:
        DataError: Settings or data differ; the differing settings are named.
    """
    # The data are compared by their voxels: their folder may have moved.
    before = plan.settings.model_dump(mode="json", exclude={"dataset"})
    now = settings.model_dump(mode="json", exclude={"dataset"})
    changed = [f"{name} was {before[name]}" for name in before if before[name] != now[name]]
    if data_hash not in (None, plan.data_hash):
        changed.append("the images or masks were others")
    if changed:
        raise DataError(
            path,
            found=f"an unfinished run of another kind ({'; '.join(changed)})",
            expected="the same command and data as before",
            remedy="repeat the same command, choose another output, or remove that folder",
        )


def steps_of(settings: TrainingSettings, foreground_planes: int, step_seconds: float) -> int:
    """Turn the budget into optimiser steps.

    Args:
        settings: Its budget.
        foreground_planes: Planes that make an epoch.
        step_seconds: What a step (with its share of validation) takes, as probed.
    """
    budget = settings.budget
    if budget.steps is not None:
        return budget.steps
    if budget.epochs is not None:
        return max(1, math.ceil(foreground_planes / settings.batch_size) * budget.epochs)
    assert budget.minutes is not None  # Budget's validator holds exactly one of three
    return max(settings.validations, int(budget.minutes * 60 / step_seconds))


def choose_precision(settings: TrainingSettings, device: torch.device) -> Precision:
    """bf16 where the device gains by it, unless the settings say otherwise.

    On processors without bf16 instructions (before AVX-512 BF16) it would be emulated.
    """
    if settings.precision != "auto":
        return settings.precision
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    return "bf16" if torch.ops.mkldnn._is_mkldnn_bf16_supported() else "fp32"


def learning_rate_at(step: int, steps: int, settings: TrainingSettings) -> float:
    """Linear warm-up, then a cosine to zero.

    Args:
        step: 0 for the first.
        steps: Of the whole run.
        settings: Peak and warm-up share.
    """
    warmup = round(steps * settings.warmup)
    if step < warmup:
        return settings.learning_rate * (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return settings.learning_rate * 0.5 * (1.0 + math.cos(math.pi * progress))
