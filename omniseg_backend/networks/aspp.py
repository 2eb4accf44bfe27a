"""Atrous spatial pyramid pooling, the bottleneck."""

from __future__ import annotations

import torch
from torch import Tensor, nn

DILATIONS = (1, 6, 12, 18)


class ConvNormAct(nn.Sequential):
    """Convolution with bias, batch norm, ReLU; ONNX Runtime folds the norm into the bias."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, dilation: int) -> None:
        padding = dilation * (kernel // 2)
        super().__init__()
        self.add_module(
            "conv",
            nn.Conv2d(in_channels, out_channels, kernel, padding=padding, dilation=dilation),
        )
        self.add_module("norm", nn.BatchNorm2d(out_channels))
        self.add_module("act", nn.ReLU())


class ASPP(nn.Module):
    """Parallel views of the bottleneck at several reaches (Chen et al. 2017, arXiv:1706.05587).

    Four atrous 3 x 3 convolutions with dilation 1, 6, 12 and 18 and a globally pooled branch,
    concatenated and fused by a 1 x 1 convolution. The pooled branch has no batch norm: its
    single value per image would be normalised to zero in a batch of one. On a bottleneck of
    16 x 16 (an input of 256) the outer taps of dilation 18 see padding only.
    """

    def __init__(self, in_channels: int, branch_channels: int, out_channels: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            ConvNormAct(in_channels, branch_channels, 3, dilation) for dilation in DILATIONS
        )
        self.pooled = nn.Conv2d(in_channels, branch_channels, 1)
        self.fuse = ConvNormAct(branch_channels * (len(DILATIONS) + 1), out_channels, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: (N, C_in, H, W) -> (N, C_out, H, W)."""
        views = [branch(x) for branch in self.branches]
        pooled = torch.relu(self.pooled(x.mean((2, 3), keepdim=True)))
        views.append(pooled.expand(-1, -1, x.shape[2], x.shape[3]))
        return self.fuse(torch.cat(views, dim=1))
