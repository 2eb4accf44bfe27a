"""Parameters and FLOPs of an architecture, counted without building it. Torch-free.

Mirrors the network module by module; a test holds both counts to torch's own for every
variant and for random architectures.
"""

from __future__ import annotations

import dataclasses
import itertools

from omniseg_backend.networks.architecture import STRIDE, Architecture

_ASPP_BRANCHES = 4


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a network costs on one input.

    Attributes:
        parameters: Learnt numbers.
        flops: Two per multiply-add of convolutions and linear layers, for one input of one
            image; norms, activations and resizing are not counted.
    """

    parameters: int
    flops: int


def cost_of(architecture: Architecture, height: int, width: int) -> Cost:
    """Count an OmniSegNet.

    Args:
        architecture: Which network.
        height: Of the input, a multiple of 16.
        width: Of the input, a multiple of 16.
    """
    return _Counter(architecture, height, width).count()


class _Counter:
    """Walks the network in the order of its forward pass."""

    def __init__(self, architecture: Architecture, height: int, width: int) -> None:
        self._architecture = architecture
        self._pixels = height * width
        self._parameters = 0
        self._multiply_adds = 0

    def count(self) -> Cost:
        architecture = self._architecture
        widths = architecture.widths
        channels = architecture.in_channels
        for stage, (width, depth) in enumerate(
            zip(widths, architecture.encoder_depths, strict=True)
        ):
            pixels = self._pixels // 4**stage
            for _ in range(depth):
                self._residual(channels, width, pixels)
                self._squeeze(width)
                channels = width
        self._bottleneck(widths[-1], widths[-2], self._pixels // STRIDE**2)
        skips = widths[-2::-1]
        outputs = (*skips[1:], skips[-1])
        for step, (width, output, depth) in enumerate(
            zip(skips, outputs, architecture.decoder_depths, strict=True)
        ):
            pixels = self._pixels // 4 ** (len(skips) - 1 - step)
            self._fusion(width, pixels)
            for source, target in itertools.pairwise([width] * depth + [output]):
                self._squeeze(source)
                self._residual(source, target, pixels)
        self._conv(widths[0], architecture.out_channels, 1, self._pixels)
        return Cost(self._parameters, 2 * self._multiply_adds)

    def _conv(self, source: int, target: int, kernel: int, pixels: int, *, groups: int = 1) -> None:
        weights = target * (source // groups) * kernel**2
        self._parameters += weights + target
        self._multiply_adds += weights * pixels

    def _norm(self, channels: int) -> None:
        self._parameters += 2 * channels

    def _residual(self, source: int, target: int, pixels: int) -> None:
        inner = source * -(-target // source) if source < 4 else source
        self._conv(source, inner, 3, pixels, groups=source)
        self._norm(inner)
        self._conv(inner, target, 1, pixels)
        if source != target:
            self._conv(source, target, 1, pixels)

    def _squeeze(self, channels: int) -> None:
        if not self._architecture.se:
            return
        hidden = max(8, channels // 4)
        self._conv(channels, hidden, 1, 1)
        self._conv(hidden, channels, 1, 1)

    def _bottleneck(self, source: int, target: int, pixels: int) -> None:
        branch = self._architecture.aspp_width
        if not self._architecture.aspp:
            self._conv(source, target, 1, pixels)
            self._norm(target)
            return
        for _ in range(_ASPP_BRANCHES):
            self._conv(source, branch, 3, pixels)
            self._norm(branch)
        self._conv(source, branch, 1, 1)
        self._conv(branch * (_ASPP_BRANCHES + 1), target, 1, pixels)
        self._norm(target)

    def _fusion(self, channels: int, pixels: int) -> None:
        joined, expanded = 2 * channels, 3 * channels
        self._conv(joined, joined, 3, pixels, groups=joined)
        self._norm(joined)
        self._conv(joined, expanded, 1, pixels)
        self._norm(expanded)
        self._conv(expanded, channels, 1, pixels)
        self._norm(channels)
