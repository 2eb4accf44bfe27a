"""CMUNeXt: large depthwise kernels and fused skips (Tang et al. 2023, arXiv:2308.01239)."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn

_EXPANSION = 4


@dataclasses.dataclass(frozen=True)
class CMUNeXtScale:
    """One row of the paper's table of scales, finest stage first.

    Attributes:
        widths: Channels of the five stages.
        depths: Large-kernel units of each encoder stage.
        kernels: Sides of their depthwise kernels.
    """

    widths: tuple[int, int, int, int, int]
    depths: tuple[int, int, int, int, int]
    kernels: tuple[int, int, int, int, int]


CMUNEXT_SCALES: Mapping[str, CMUNeXtScale] = MappingProxyType(
    {
        "cmunext-s": CMUNeXtScale((8, 16, 32, 64, 128), (1, 1, 1, 1, 1), (3, 3, 7, 7, 9)),
        "cmunext": CMUNeXtScale((16, 32, 128, 160, 256), (1, 1, 1, 3, 1), (3, 3, 7, 7, 7)),
        "cmunext-l": CMUNeXtScale((32, 64, 128, 256, 512), (1, 1, 1, 6, 3), (3, 3, 7, 7, 7)),
    }
)


class CMUNeXt(nn.Module):
    """The five-stage U shape: convolutional stem, large-kernel encoder, fused skips.

    Args:
        scale: Widths, depths and kernels.
        in_channels: Channels of the image.
        out_channels: Classes, background included.
    """

    def __init__(self, scale: CMUNeXtScale, in_channels: int, out_channels: int) -> None:
        super().__init__()
        widths = scale.widths
        self.stem = _conv_norm_relu(in_channels, widths[0])
        self.encoder = nn.ModuleList(
            _encoder_stage(source, target, depth, kernel)
            for source, target, depth, kernel in zip(
                (widths[0], *widths[:-1]), widths, scale.depths, scale.kernels, strict=True
            )
        )
        self.pool = nn.MaxPool2d(2)
        steps = list(itertools.pairwise(widths[::-1]))
        self.up = nn.ModuleList(_up(source, target) for source, target in steps)
        self.fusion = nn.ModuleList(_skip_fusion(target) for _, target in steps)
        self.head = nn.Conv2d(widths[0], out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits; shapes (N, C, H, W) -> (N, classes, H, W), H and W multiples of 16."""
        x = self.stem(x)
        skips: list[Tensor] = []
        for index, stage in enumerate(self.encoder):
            x = stage(x if index == 0 else self.pool(x))
            skips.append(x)
        for up, fusion, skip in zip(self.up, self.fusion, skips[-2::-1], strict=True):
            x = fusion(torch.cat((skip, up(x)), dim=1))
        return self.head(x)


class _LargeKernelUnit(nn.Module):
    """Depthwise convolution with a residual, then an inverted bottleneck; GELU before norm."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.spatial = nn.Sequential(
            nn.Conv2d(channels, channels, kernel, padding=kernel // 2, groups=channels),
            nn.GELU(),
            nn.BatchNorm2d(channels),
        )
        self.mixing = _inverted_bottleneck(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.mixing(x + self.spatial(x))


def _encoder_stage(source: int, target: int, depth: int, kernel: int) -> nn.Sequential:
    units = [_LargeKernelUnit(source, kernel) for _ in range(depth)]
    return nn.Sequential(*units, _conv_norm_relu(source, target))


def _skip_fusion(channels: int) -> nn.Sequential:
    """Skip and upsampled features, each in a group of its own, then joined pointwise."""
    joined = 2 * channels
    return nn.Sequential(
        nn.Conv2d(joined, joined, 3, padding=1, groups=2),
        nn.GELU(),
        nn.BatchNorm2d(joined),
        *_inverted_bottleneck(joined, channels),
    )


def _inverted_bottleneck(source: int, target: int) -> nn.Sequential:
    hidden = _EXPANSION * target
    return nn.Sequential(
        nn.Conv2d(source, hidden, 1),
        nn.GELU(),
        nn.BatchNorm2d(hidden),
        nn.Conv2d(hidden, target, 1),
        nn.GELU(),
        nn.BatchNorm2d(target),
    )


def _up(source: int, target: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
        *_conv_norm_relu(source, target),
    )


def _conv_norm_relu(source: int, target: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(source, target, 3, padding=1), nn.BatchNorm2d(target), nn.ReLU())
