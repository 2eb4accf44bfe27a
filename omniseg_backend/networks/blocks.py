"""Squeeze-and-excitation and the two residual blocks (paper, section 3.1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SqueezeExcite(nn.Module):
    """Re-weights channels by what the whole image shows (Hu et al. 2018, arXiv:1709.01507).

    Global average pooling, two fully connected layers (as 1 x 1 convolutions) and a sigmoid.
    The hidden width is a quarter of the channels, at least 8: with the customary sixteenth
    nearly every stage of Compact would have the minimum.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(8, channels // 4)
        self.reduce = nn.Conv2d(channels, hidden, 1)
        self.expand = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: (N, C, H, W) -> (N, C, H, W)."""
        weights = x.mean((2, 3), keepdim=True)
        weights = self.expand(torch.relu(self.reduce(weights)))
        return x * torch.sigmoid(weights)


class ResidualTransform(nn.Module):
    """Depthwise 3 x 3, batch norm, ReLU, pointwise; the input is added.

    Where channels differ the input goes through a 1 x 1 convolution first. A block that
    reads fewer channels than it writes (the first one, from the image) gives each input
    channel several depthwise filters, so that it extracts as many features as it writes.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        filters = -(-out_channels // in_channels) if in_channels < 4 else 1
        inner = in_channels * filters
        self.depthwise = nn.Conv2d(in_channels, inner, 3, padding=1, groups=in_channels)
        self.norm = nn.BatchNorm2d(inner)
        self.pointwise = nn.Conv2d(inner, out_channels, 1)
        self.project = (
            nn.Conv2d(in_channels, out_channels, 1) if in_channels != out_channels else None
        )

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: (N, C_in, H, W) -> (N, C_out, H, W)."""
        features = self.pointwise(torch.relu(self.norm(self.depthwise(x))))
        identity = x if self.project is None else self.project(x)
        return features + identity


class EncoderBlock(nn.Module):
    """Residual transform, then squeeze and excitation."""

    def __init__(self, in_channels: int, out_channels: int, *, se: bool) -> None:
        super().__init__()
        self.residual = ResidualTransform(in_channels, out_channels)
        self.se = SqueezeExcite(out_channels) if se else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: (N, C_in, H, W) -> (N, C_out, H, W)."""
        return self.se(self.residual(x))


class DecoderBlock(nn.Module):
    """Squeeze and excitation, then the residual transform.

    The order is the decoder's own (section 3.1): SE "selectively re-weights and prunes less
    informative channels before residual transformation".
    """

    def __init__(self, in_channels: int, out_channels: int, *, se: bool) -> None:
        super().__init__()
        self.se = SqueezeExcite(in_channels) if se else nn.Identity()
        self.residual = ResidualTransform(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: (N, C_in, H, W) -> (N, C_out, H, W)."""
        return self.residual(self.se(x))
