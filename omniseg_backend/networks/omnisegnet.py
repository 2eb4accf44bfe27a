"""OmniSegNet: the whole network (paper, section 3.1 and figure 1)."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from omniseg_backend.common.errors import DataError
from omniseg_backend.networks.architecture import STRIDE, Architecture
from omniseg_backend.networks.aspp import ASPP, ConvNormAct
from omniseg_backend.networks.blocks import DecoderBlock, EncoderBlock
from omniseg_backend.networks.fusion import SkipFusion


class Features(NamedTuple):
    """What the network computes on the way, for distillation.

    Attributes:
        logits: (N, classes, H, W).
        encoder: One tensor per encoder stage, finest first, at strides 1, 2, 4, 8, 16.
        bottleneck: The ASPP's output, at stride 16.
        decoder: One tensor per decoder stage, coarsest first, at strides 8, 4, 2, 1.
    """

    logits: Tensor
    encoder: tuple[Tensor, ...]
    bottleneck: Tensor
    decoder: tuple[Tensor, ...]


class OmniSegNet(nn.Module):
    """Encoder of SE residual blocks, ASPP, decoder with modified skips.

    Args:
        architecture: Depth, width and switches; see ``Architecture``.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        widths, se = architecture.widths, architecture.se
        inputs = (architecture.in_channels, *widths[:-1])
        self.encoder = nn.ModuleList(
            _stage(EncoderBlock, [source] + [width] * depth, se)
            for source, width, depth in zip(
                inputs, widths, architecture.encoder_depths, strict=True
            )
        )
        self.aspp = (
            ASPP(widths[-1], architecture.aspp_width, widths[-2])
            if architecture.aspp
            else ConvNormAct(widths[-1], widths[-2], 1, 1)
        )
        skips = widths[-2::-1]
        outputs = (*skips[1:], skips[-1])
        self.fusion = nn.ModuleList(SkipFusion(width) for width in skips)
        # The last block of a stage brings the channels to the next skip's width, so that
        # upsampling works on the fewest channels.
        self.decoder = nn.ModuleList(
            _stage(DecoderBlock, [width] * depth + [output], se)
            for width, output, depth in zip(
                skips, outputs, architecture.decoder_depths, strict=True
            )
        )
        self.head = nn.Conv2d(widths[0], architecture.out_channels, 1)
        _initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of every pixel.

        Shapes: (N, C, H, W) -> (N, classes, H, W); H and W are multiples of 16.
        """
        return self.features(x).logits

    def features(self, x: Tensor) -> Features:
        """Logits together with the features of every stage.

        Raises:
            DataError: H or W is not a positive multiple of 16.
        """
        if not torch.compiler.is_compiling():
            check_input_size(x.shape[2], x.shape[3])
        skips: list[Tensor] = []
        for index, stage in enumerate(self.encoder):
            x = stage(x if index == 0 else F.max_pool2d(x, 2))
            skips.append(x)
        bottleneck = x = self.aspp(x)
        decoded: list[Tensor] = []
        for fusion, stage, skip in zip(self.fusion, self.decoder, skips[-2::-1], strict=True):
            x = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
            x = stage(fusion(x, skip))
            decoded.append(x)
        return Features(self.head(x), tuple(skips), bottleneck, tuple(decoded))


def check_input_size(height: int, width: int) -> None:
    """Refuse a network input that the four poolings cannot halve.

    Raises:
        DataError: A side is not a positive multiple of 16.
    """
    if height < STRIDE or width < STRIDE or height % STRIDE or width % STRIDE:
        raise DataError(
            "network input",
            found=f"{height} x {width} pixels",
            expected=f"sides that are multiples of {STRIDE}",
            remedy="pad or resize the input",
        )


def build_network(architecture: Architecture, seed: int) -> OmniSegNet:
    """A freshly initialised network whose weights depend on ``seed`` alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return OmniSegNet(architecture)


def _stage(
    block: type[EncoderBlock] | type[DecoderBlock], widths: list[int], se: bool
) -> nn.Sequential:
    return nn.Sequential(
        *(block(source, target, se=se) for source, target in itertools.pairwise(widths))
    )


def _initialise(network: OmniSegNet) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    # Logits of about one: with the gain of the other layers those of an untrained Accurate have a
    # standard deviation of 3.2 and its loss (five classes) is 4.7 instead of 2.5. Much smaller is
    # no better: at 0.01 next to no gradient passes the head, and no class is found for the first
    # 150 steps (abdominal MRI phantoms: liver 0.77 at step 150 from here, 0.00 from 0.01).
    nn.init.normal_(network.head.weight, std=network.head.in_channels**-0.5)
