from __future__ import annotations

import numpy as np
import pytest
import torch

from omniseg_backend.training.samples import Plane
from omniseg_backend.training.validation import validation_dice


class SaysWhatItSees(torch.nn.Module):
    """Reads the class of each pixel off its value."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.stack([(x[:, 0] - index).abs().neg() for index in range(3)], dim=1)


def plane(seen: np.ndarray, truth: np.ndarray, case: int) -> Plane:
    return Plane(seen[np.newaxis].astype(np.float32), truth.astype(np.uint8), case)


def test_planes_of_a_case_are_stacked_and_absent_classes_left_out():
    full, none = np.ones((16, 16)), np.zeros((16, 16))
    half = none.copy()
    half[:8] = 1
    planes = [
        plane(half, full, 0),  # 128 of 256 found
        plane(full, full, 0),
        plane(none, none, 1),  # class 1 in neither
        plane(2 * full, 2 * full, 1),
        plane(2 * full, none, 2),  # class 2 invented
    ]
    dice = validation_dice(SaysWhatItSees(), planes, 3, torch.device("cpu"))
    assert dice.classes[0] == pytest.approx(2 * 384 / (384 + 512))
    assert dice.classes[1] == pytest.approx((1.0 + 0.0) / 2)
    assert dice.mean == pytest.approx(np.mean(dice.classes))


def test_sizes_that_are_no_multiple_of_the_stride_are_padded_for_the_network():
    seen = np.ones((20, 17))
    dice = validation_dice(SaysWhatItSees(), [plane(seen, seen, 0)], 3, torch.device("cpu"))
    assert dice.classes == (1.0, None)
