"""The state of a run on disk: tensors and JSON in one safetensors file, replaced in one step."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from omniseg_backend.common.atomic import write_bytes_atomic
from omniseg_backend.common.errors import DataError

_MODEL, _AVERAGE, _OPTIMISER, _BEST = "model.", "average.", "optimiser.", "best."
_RANDOM = "random"


class Validation(BaseModel):
    """What one validation measured.

    Attributes:
        step: Steps taken.
        loss: Mean training loss since the validation before.
        dice: Mean over classes of the mean Dice over cases.
        class_dice: Mean Dice over cases of each class; None where no case has it.
        learning_rate: At this step.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int
    loss: float
    dice: float
    class_dice: tuple[float | None, ...]
    learning_rate: float


class RunState(BaseModel):
    """The part of a run's state that is not tensors.

    Attributes:
        step: Steps taken.
        best_dice: Of the best validation so far.
        best_step: When that was.
        since_best: Validations since then.
        empty_crops: Crops without any labelled pixel that were trained on.
        crops: All crops that were trained on.
        losses: Of each step since the last validation; a run may stop between two.
        history: Every validation.
        finished: Whether the run has ended.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int = 0
    best_dice: float = -1.0
    best_step: int = 0
    since_best: int = 0
    empty_crops: int = 0
    crops: int = 0
    losses: tuple[float, ...] = ()
    history: tuple[Validation, ...] = ()
    finished: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class Checkpoint:
    """Everything needed to go on as if nothing had happened.

    Attributes:
        state: Counters and history.
        model: The network's state dict.
        average: State dict of the running average.
        optimiser: AdamW's moments, by parameter index and name.
        best: State dict of the best validation.
        random: torch's generator state.
    """

    state: RunState
    model: dict[str, Tensor]
    average: dict[str, Tensor]
    optimiser: dict[str, Tensor]
    best: dict[str, Tensor]
    random: Tensor

    def save(self, path: Path) -> None:
        """Write the checkpoint; a kill leaves the old one or the new one."""
        tensors = {
            **_prefixed(_MODEL, self.model),
            **_prefixed(_AVERAGE, self.average),
            **_prefixed(_OPTIMISER, self.optimiser),
            **_prefixed(_BEST, self.best),
            _RANDOM: self.random,
        }
        state = json.dumps(self.state.model_dump(mode="json"))
        write_bytes_atomic(path, save(tensors, metadata={"state": state}))

    @classmethod
    def load(cls, path: Path) -> Checkpoint:
        """Read a checkpoint.

        Raises:
            DataError: The file is damaged.
        """
        try:
            with safe_open(path, framework="pt") as file:
                state = RunState.model_validate_json(file.metadata()["state"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, ValidationError, KeyError, TypeError, OSError) as error:
            raise DataError(
                path,
                found="a damaged checkpoint",
                expected="the state of a training run",
                remedy="remove the run's folder and train again",
            ) from error
        return cls(
            state,
            _stripped(_MODEL, tensors),
            _stripped(_AVERAGE, tensors),
            _stripped(_OPTIMISER, tensors),
            _stripped(_BEST, tensors),
            tensors[_RANDOM],
        )


def copy_of(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A copy of a state dict on the CPU that later steps do not change."""
    return {name: value.detach().cpu().clone().contiguous() for name, value in state.items()}


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """AdamW's moments as a flat dict, ``INDEX.NAME`` to tensor."""
    return {
        f"{index}.{name}": value.detach().cpu().clone().contiguous()
        for index, moments in optimiser.state_dict()["state"].items()
        for name, value in moments.items()
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put moments saved by ``optimiser_tensors`` back."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})


def _prefixed(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: value for name, value in tensors.items()}


def _stripped(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }
