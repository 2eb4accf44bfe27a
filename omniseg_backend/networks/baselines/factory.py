"""The peers by name, built as their papers and packages describe them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType

from torch import nn

from omniseg_backend.common.errors import UsageError
from omniseg_backend.networks.architecture import STRIDE
from omniseg_backend.networks.baselines.cmunext import CMUNEXT_SCALES, CMUNeXt

#: Channels of MONAI's BasicUNet by level, and of its last; 7.8 M parameters.
_UNET_CHANNELS = (32, 64, 128, 256, 512, 32)

#: nnU-Net's 2D plan for patches of 256 x 256 (Isensee et al. 2021, doi:10.1038/s41592-020-01008-z):
#: channels double up to 512 until 4 x 4 is left.
_DYNUNET_CHANNELS = (32, 64, 128, 256, 512, 512, 512)


@dataclasses.dataclass(frozen=True)
class Baseline:
    """A peer that can be built.

    Attributes:
        stride: Sides of its input must be multiples of this.
        build: Makes it from the channels of its input and its output.
    """

    stride: int
    build: Callable[[int, int], nn.Module]


def _cmunext(name: str) -> Baseline:
    scale = CMUNEXT_SCALES[name]
    return Baseline(STRIDE, lambda inputs, outputs: CMUNeXt(scale, inputs, outputs))


def _unet(in_channels: int, out_channels: int) -> nn.Module:
    from monai.networks.nets import BasicUNet

    return BasicUNet(2, in_channels, out_channels, features=_UNET_CHANNELS)


def _dynunet(in_channels: int, out_channels: int) -> nn.Module:
    from monai.networks.nets import DynUNet

    levels = len(_DYNUNET_CHANNELS)
    strides = [1] + [2] * (levels - 1)
    return DynUNet(
        2,
        in_channels,
        out_channels,
        kernel_size=[3] * levels,
        strides=strides,
        upsample_kernel_size=strides[1:],
        filters=_DYNUNET_CHANNELS,
    )


#: Every peer, in the order of tables.
BASELINES: Mapping[str, Baseline] = MappingProxyType(
    {
        **{name: _cmunext(name) for name in CMUNEXT_SCALES},
        "unet": Baseline(STRIDE, _unet),
        "dynunet": Baseline(2 ** (len(_DYNUNET_CHANNELS) - 1), _dynunet),
    }
)


def build_baseline(name: str, in_channels: int, out_channels: int) -> nn.Module:
    """A freshly initialised peer.

    ``cmunext-s``, ``cmunext`` and ``cmunext-l`` follow their paper's table of scales, ``unet``
    is MONAI's BasicUNet with 7.8 M parameters, ``dynunet`` MONAI's DynUNet as nnU-Net plans it.

    Args:
        name: Which peer.
        in_channels: Channels of the image.
        out_channels: Classes, background included.

    Raises:
        UsageError: There is no such peer.
    """
    if name not in BASELINES:
        raise UsageError(
            "baseline",
            found=name,
            expected=f"one of {', '.join(BASELINES)}",
            remedy="choose one of these",
        )
    return BASELINES[name].build(in_channels, out_channels)
