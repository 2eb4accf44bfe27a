"""The training loop: resumable at any validation, equal to the uninterrupted run."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import lightning_fabric
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader

from omniseg_backend.common.errors import CancelledError, DataError
from omniseg_backend.common.progress import Cancel, Progress
from omniseg_backend.networks.omnisegnet import OmniSegNet
from omniseg_backend.training.checkpoint import (
    Checkpoint,
    RunState,
    Validation,
    copy_of,
    optimiser_tensors,
    restore_optimiser,
)
from omniseg_backend.training.losses import SegmentationLoss
from omniseg_backend.training.plan import RunPlan, learning_rate_at
from omniseg_backend.training.samples import Plane, StepSamples
from omniseg_backend.training.validation import validation_dice

_CLIP = 12.0
#: Names of the parameters that see the image first and adapt to new anatomy last.
TRUNK = ("encoder.", "aspp.")


@dataclasses.dataclass(frozen=True, eq=False)
class TrainingData:
    """What a run learns from and is judged by."""

    samples: StepSamples
    validation: Sequence[Plane]


def fit(
    fabric: lightning_fabric.Fabric,
    network: OmniSegNet,
    data: TrainingData,
    plan: RunPlan,
    checkpoint: Path,
    *,
    progress: Progress,
    cancel: Cancel | None,
    on_validation: Callable[[RunState, nn.Module], None],
) -> Checkpoint:
    """Train to the plan's end, or go on from ``checkpoint`` if it exists.

    Args:
        fabric: Device, precision and processes; launched.
        network: Freshly initialised.
        data: Crops by position, and validation planes.
        plan: Steps, schedule, precision.
        checkpoint: Where the state is kept.
        progress: Told after every step.
        cancel: Looked at before every step; the state is kept first, so that no step is lost.
        on_validation: Called with the new state and the validated network after every validation.

    Returns:
        The finished state; its ``best`` is what a bundle is made of.

    Raises:
        CancelledError: The user cancelled.
        DataError: The loss stopped being a number.
    """
    optimiser = torch.optim.AdamW(
        parameter_groups(network, plan.settings.weight_decay, plan.settings.trunk_rate),
        lr=plan.settings.learning_rate,
        betas=(0.9, 0.999),
    )
    channels_last(network)
    best: dict[str, Tensor] = copy_of(network.state_dict())
    state = RunState()
    resumed = Checkpoint.load(checkpoint) if checkpoint.exists() else None
    if resumed is not None:
        state, best = resumed.state, resumed.best
        network.load_state_dict(resumed.model)
        torch.set_rng_state(resumed.random)
    average = running_average(network, plan.settings.averaging).to(fabric.device)
    if resumed is not None:
        average.load_state_dict(resumed.average)
    wrapped, wrapped_optimiser = fabric.setup(network, optimiser)
    if resumed is not None:
        restore_optimiser(optimiser, resumed.optimiser)
        if state.finished:
            return resumed
    loss_function = SegmentationLoss()
    losses = list(state.losses)
    started, done_before = time.monotonic(), state.step
    for step, inputs, labels in _batches(fabric, data.samples, plan, state.step):
        if cancel is not None and cancel.is_set():
            if fabric.is_global_zero and state.step > done_before:
                state = state.model_copy(update={"losses": tuple(losses)})
                _checkpoint(state, network, average, optimiser, best).save(checkpoint)
            raise CancelledError("training")
        loss = _step(fabric, wrapped, wrapped_optimiser, loss_function, plan, step, inputs, labels)
        average.update_parameters(network)
        losses.append(loss)
        own = (labels.flatten(1).amax(1) == 0).sum()
        empty = int(torch.as_tensor(fabric.all_reduce(own, reduce_op="sum")))
        state = state.model_copy(
            update={
                "step": step + 1,
                "crops": state.crops + plan.settings.batch_size,
                "empty_crops": state.empty_crops + empty,
            }
        )
        left = (time.monotonic() - started) / (state.step - done_before) * (plan.steps - state.step)
        progress(
            f"training, step {state.step} of {plan.steps}, loss {loss:.3f}, "
            f"{_best_so_far(state)}{_clock(left)} left",
            state.step / plan.steps,
        )
        if state.step % plan.validate_every and state.step != plan.steps:
            continue
        state, best = _validate(fabric, average.module, data.validation, plan, state, best, losses)
        losses = []
        kept = _checkpoint(state, network, average, optimiser, best)
        if fabric.is_global_zero:
            kept.save(checkpoint)
            on_validation(state, average.module)
        fabric.barrier()
        if state.finished:
            return kept
    raise AssertionError("the last step validates and finishes")


def _checkpoint(
    state: RunState,
    network: OmniSegNet,
    average: AveragedModel,
    optimiser: torch.optim.Optimizer,
    best: dict[str, Tensor],
) -> Checkpoint:
    return Checkpoint(
        state,
        copy_of(network.state_dict()),
        copy_of(average.state_dict()),
        optimiser_tensors(optimiser),
        best,
        torch.get_rng_state(),
    )


def parameter_groups(
    network: nn.Module, weight_decay: float, trunk_rate: float = 1.0
) -> list[dict[str, object]]:
    """What AdamW treats alike, each group with its ``share`` of the learning rate.

    Weight decay for kernels; none for biases and norms, which it would only shrink. Encoder and
    ASPP (the trunk) may learn more slowly than the rest.

    Args:
        network: Whose parameters.
        weight_decay: Of kernels.
        trunk_rate: Share of the learning rate for the trunk.
    """
    parted: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, value in network.named_parameters():
        parted.setdefault((name.startswith(TRUNK), value.ndim > 1), []).append(value)
    return [
        {
            "params": values,
            "weight_decay": weight_decay if kernel else 0.0,
            "share": trunk_rate if trunk else 1.0,
        }
        for (trunk, kernel), values in parted.items()
    ]


def running_average(network: nn.Module, decay: float) -> AveragedModel:
    """An exponential average of weights and norm statistics over the steps.

    It is what is validated and exported: single steps of a short run at a high learning rate
    scatter round it. Early on it forgets faster, so that the random start leaves no trace.

    Args:
        network: What is averaged.
        decay: Share of the average that a step keeps, late in the run; 0 follows the network.
    """

    def blend(averaged: Tensor, current: Tensor, count: Tensor | int) -> Tensor:
        kept = min(decay, (1.0 + float(count)) / (10.0 + float(count)))
        if not averaged.is_floating_point():
            return current
        return averaged.lerp(current, 1.0 - kept)

    return AveragedModel(network, avg_fn=blend, use_buffers=True)


def channels_last(network: nn.Module) -> None:
    """Store kernels channel by channel last: training on a CPU runs twice as fast."""
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _batches(
    fabric: lightning_fabric.Fabric, samples: StepSamples, plan: RunPlan, first: int
) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Step number, inputs and labels, from step ``first`` on; each process its own slots."""
    batch = plan.settings.batch_size
    positions = [
        [step * batch + slot for slot in range(fabric.global_rank, batch, fabric.world_size)]
        for step in range(first, plan.steps)
    ]
    workers = 8 if fabric.device.type == "cuda" else 0
    loader = DataLoader(
        samples,
        batch_sampler=positions,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=workers > 0,
    )
    for step, (inputs, labels) in enumerate(loader, start=first):
        moved = inputs.to(fabric.device, memory_format=torch.channels_last, non_blocking=True)
        yield step, moved, labels.to(fabric.device, non_blocking=True)


def _step(
    fabric: lightning_fabric.Fabric,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    loss_function: nn.Module,
    plan: RunPlan,
    step: int,
    inputs: Tensor,
    labels: Tensor,
) -> float:
    network.train()
    if plan.settings.keep_statistics:
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
    rate = learning_rate_at(step, plan.steps, plan.settings)
    for group in optimiser.param_groups:
        group["lr"] = rate * group["share"]
    optimiser.zero_grad(set_to_none=True)
    loss = loss_function(network(inputs), labels)
    fabric.backward(loss)
    fabric.clip_gradients(network, optimiser, max_norm=_CLIP, error_if_nonfinite=False)
    optimiser.step()
    value = float(loss.detach())
    if value != value:
        raise DataError(
            "training",
            found=f"a loss that is not a number at step {step}",
            expected="a finite loss",
            remedy="lower the learning rate (--learning-rate), or compute "
            "in 32 bits (--precision fp32)",
        )
    return value


def _validate(
    fabric: lightning_fabric.Fabric,
    network: nn.Module,
    planes: Sequence[Plane],
    plan: RunPlan,
    state: RunState,
    best: dict[str, Tensor],
    losses: list[float],
) -> tuple[RunState, dict[str, Tensor]]:
    network.eval()
    dice = validation_dice(network, planes, len(plan.class_names) + 1, fabric.device)
    improved = dice.mean > state.best_dice
    since = 0 if improved else state.since_best + 1
    measured = Validation(
        step=state.step,
        loss=sum(losses) / len(losses),
        dice=dice.mean,
        class_dice=dice.classes,
        learning_rate=learning_rate_at(state.step - 1, plan.steps, plan.settings),
    )
    update: dict[str, object] = {
        "history": (*state.history, measured),
        "since_best": since,
        "losses": (),
        "finished": state.step >= plan.steps or since >= plan.settings.patience,
    }
    if improved:
        update |= {"best_dice": dice.mean, "best_step": state.step}
        best = copy_of(network.state_dict())
    return state.model_copy(update=update), best


def _best_so_far(state: RunState) -> str:
    """The best validation, for a sentence; nothing before the first one."""
    return f"best validation Dice {state.best_dice:.3f}, " if state.history else ""


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"
