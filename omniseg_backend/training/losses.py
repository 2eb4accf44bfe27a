"""The supervised loss: cross-entropy and Dice."""

from __future__ import annotations

from monai.losses import DiceCELoss
from torch import Tensor, nn


class SegmentationLoss(nn.Module):
    """Cross-entropy plus soft Dice over the foreground classes, summed over the batch.

    Dice over the batch rather than per image stays defined for crops without the structure;
    cross-entropy beside it makes false positives on them cost (Dice alone hardly would).
    """

    def __init__(self) -> None:
        super().__init__()
        self._loss = DiceCELoss(
            include_background=False,
            to_onehot_y=True,
            softmax=True,
            batch=True,
            smooth_nr=1.0,
            smooth_dr=1.0,
        )

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Shapes: (N, classes, H, W) and (N, H, W) integers -> scalar, 0 or more."""
        return self._loss(logits.float(), labels[:, None].float())
