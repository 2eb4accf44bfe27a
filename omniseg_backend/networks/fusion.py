"""The modified skip: how the decoder takes in the encoder's features."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from omniseg_backend.networks.aspp import ConvNormAct


class SkipFusion(nn.Module):
    """Joins upsampled decoder features with the encoder's skip of the same width.

    Concatenation, a 3 x 3 convolution with one group per source, then two pointwise
    convolutions shaped as an inverted bottleneck (paper, section 3.1). The same words describe
    CMUNeXt's ``fusion_conv`` (Tang et al. 2023, arXiv:2308.01239), which expands the joined
    channels by four; here they grow by half, to three times the stage's width, which is what
    the paper's parameters and FLOPs leave room for.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        joined, expanded = 2 * channels, 3 * channels
        self.grouped = nn.Conv2d(joined, joined, 3, padding=1, groups=2)
        self.norm = nn.BatchNorm2d(joined)
        self.expand = ConvNormAct(joined, expanded, 1, 1)
        self.project = ConvNormAct(expanded, channels, 1, 1)

    def forward(self, upsampled: Tensor, skip: Tensor) -> Tensor:
        """Shapes: two of (N, C, H, W) -> (N, C, H, W)."""
        joined = torch.cat([upsampled, skip], dim=1)
        separate = torch.relu(self.norm(self.grouped(joined)))
        return self.project(self.expand(separate))
