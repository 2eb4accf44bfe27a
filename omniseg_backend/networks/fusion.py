"""The modified skip: how the decoder takes in the encoder's features."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from omniseg_backend.networks.aspp import ConvNormAct


class SkipFusion(nn.Module):
    """Joins upsampled decoder features with the encoder's skip of the same width.

    Concatenation, a 3 x 3 group convolution, then two pointwise convolutions shaped as an
    inverted bottleneck (paper, section 3.1). The same words describe CMUNeXt's ``fusion_conv``
    (Tang et al. 2023, arXiv:2308.01239), which has one group per source and expands the joined
    channels by four. Here every channel is its own group and they grow by half, to three times
    the stage's width: what that saves buys stages twice as wide for the paper's parameters and
    FLOPs (``docs/method.md``).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        joined, expanded = 2 * channels, 3 * channels
        self.grouped = nn.Conv2d(joined, joined, 3, padding=1, groups=joined)
        self.norm = nn.BatchNorm2d(joined)
        self.expand = ConvNormAct(joined, expanded, 1, 1)
        self.project = ConvNormAct(expanded, channels, 1, 1)

    def forward(self, upsampled: Tensor, skip: Tensor) -> Tensor:
        """Shapes: two of (N, C, H, W) -> (N, C, H, W)."""
        joined = torch.cat([upsampled, skip], dim=1)
        separate = torch.relu(self.norm(self.grouped(joined)))
        return self.project(self.expand(separate))
