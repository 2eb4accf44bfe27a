"""Validation Dice during training: per class and case, on the network's grid."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from omniseg_backend.networks.architecture import STRIDE
from omniseg_backend.training.augmentation import pad_to
from omniseg_backend.training.samples import Plane


@dataclasses.dataclass(frozen=True)
class ValidationDice:
    """Mean Dice over the cases, per class and over all classes."""

    mean: float
    classes: tuple[float | None, ...]


@torch.no_grad()
def validation_dice(
    network: nn.Module, planes: Sequence[Plane], classes: int, device: torch.device
) -> ValidationDice:
    """Measure Dice of every case: planes of a case are stacked before it is computed.

    A class absent from truth and prediction of a case is left out there; in one of the two,
    its Dice is 0.

    Args:
        network: In evaluation mode.
        planes: Validation planes.
        classes: Number of classes, background included.
        device: Where the network is.
    """
    cases = max(plane.case for plane in planes) + 1
    overlap = np.zeros((cases, classes))
    sizes = np.zeros((cases, classes))
    for plane in planes:
        predicted = predicted_labels(network, plane, device)
        for index in range(1, classes):
            truth, found = plane.labels == index, predicted == index
            overlap[plane.case, index] += np.count_nonzero(truth & found)
            sizes[plane.case, index] += np.count_nonzero(truth) + np.count_nonzero(found)
    means: list[float | None] = []
    for index in range(1, classes):
        present = sizes[:, index] > 0
        dice = 2 * overlap[present, index] / sizes[present, index]
        means.append(float(dice.mean()) if present.any() else None)
    known = [mean for mean in means if mean is not None]
    return ValidationDice(float(np.mean(known)) if known else 0.0, tuple(means))


@torch.no_grad()
def predicted_labels(
    network: nn.Module, plane: Plane, device: torch.device
) -> NDArray[np.signedinteger]:
    """Class indices (row, column) that a network in evaluation mode gives a plane."""
    rows, columns = plane.labels.shape
    padded = pad_to(plane.inputs, _up(rows), _up(columns))
    inputs = torch.from_numpy(padded[np.newaxis]).to(device, memory_format=torch.channels_last)
    labels: NDArray[np.signedinteger] = network(inputs).argmax(1)[0, :rows, :columns].cpu().numpy()
    return labels


def _up(length: int) -> int:
    return -(-length // STRIDE) * STRIDE
