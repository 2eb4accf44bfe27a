"""How long a step takes on this machine, measured on throw-away copies."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence

import numpy as np
import torch

from omniseg_backend.networks.omnisegnet import OmniSegNet
from omniseg_backend.training.losses import SegmentationLoss
from omniseg_backend.training.samples import Plane, StepSamples
from omniseg_backend.training.settings import TrainingSettings
from omniseg_backend.training.validation import validation_dice

_STEPS = 4


def probe_seconds(
    network: OmniSegNet,
    samples: StepSamples,
    validation: Sequence[Plane],
    settings: TrainingSettings,
    precision: str,
    device: torch.device,
) -> float:
    """Seconds of a step, a share of validation included.

    The first step, which allocates, is not counted; of the others the mean is taken, since
    it is the mean that adds up.

    Args:
        network: Copied; the original stays as it is.
        samples: Real crops, so that reading and augmentation count.
        validation: A few of these are timed.
        settings: Batch size and number of validations.
        precision: ``fp32`` or ``bf16``.
        device: Where training will run.
    """
    probe = copy.deepcopy(network).to(device)
    probe.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(probe.parameters())
    loss_function = SegmentationLoss()
    seconds = []
    for step in range(_STEPS):
        started = time.perf_counter()
        crops = [samples[step * settings.batch_size + slot] for slot in range(settings.batch_size)]
        inputs = torch.from_numpy(np.stack([crop[0] for crop in crops]))
        labels = torch.from_numpy(np.stack([crop[1] for crop in crops])).to(device)
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
            logits = probe(inputs.to(device, memory_format=torch.channels_last))
        loss_function(logits, labels).backward()
        optimiser.step()
        seconds.append(time.perf_counter() - started)
    step_seconds = float(np.mean(seconds[1:]))
    if settings.budget.minutes is None:
        return step_seconds
    probe.eval()
    few = list(validation)[:4]
    started = time.perf_counter()
    validation_dice(probe, few, network.architecture.out_channels, device)
    validating = (time.perf_counter() - started) / len(few) * len(validation)
    # The minutes hold all validations too: what they leave is spread over the steps.
    left = settings.budget.minutes * 60 - settings.validations * validating
    steps = max(1.0, left / step_seconds)
    return settings.budget.minutes * 60 / steps
