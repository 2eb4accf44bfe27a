"""What an OmniSegNet is made of, as data: widths, depths, variants. Torch-free.

The paper (section 3.1, table 1) gives two multipliers, alpha for depth and beta for width,
and three chosen pairs. ``docs/method.md`` says how the rest was fixed.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

ALPHA_RANGE = (0.6, 1.5)
BETA_RANGE = (0.5, 2.0)

#: Network inputs must be a multiple of this: four 2 x 2 poolings.
STRIDE = 16

_BLOCKS_AT_ALPHA_ONE = 10
_WIDTH_MULTIPLE = 8


class Variant(enum.StrEnum):
    """The three networks that the paper's search chose, and any other."""

    COMPACT = "compact"
    BALANCED = "balanced"
    ACCURATE = "accurate"
    CUSTOM = "custom"


class Architecture(BaseModel):
    """Everything needed to build a network again.

    Attributes:
        family: ``omnisegnet``, or a baseline's name.
        alpha: Depth multiplier.
        beta: Width multiplier.
        in_channels: Channels of the input, neighbouring slices included.
        out_channels: Classes, background included.
        se: Whether blocks re-weight their channels (squeeze and excitation).
        aspp: Whether the bottleneck is an ASPP; a 1 x 1 convolution otherwise.
        base_widths: Channels of the five stages at beta = 1.
        aspp_width: Channels of each ASPP branch; does not scale with beta.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    family: Literal["omnisegnet"] = "omnisegnet"
    alpha: Annotated[float, Field(ge=ALPHA_RANGE[0], le=ALPHA_RANGE[1])]
    beta: Annotated[float, Field(ge=BETA_RANGE[0], le=BETA_RANGE[1])]
    in_channels: Annotated[int, Field(ge=1, le=64)] = 3
    out_channels: Annotated[int, Field(ge=2, le=256)] = 2
    se: bool = True
    aspp: bool = True
    base_widths: tuple[int, int, int, int, int] = (12, 24, 56, 128, 288)
    aspp_width: Annotated[int, Field(ge=8)] = 224

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of the five stages: multiples of 8, growing with beta."""
        return tuple(_round_width(base * self.beta) for base in self.base_widths)

    @property
    def blocks(self) -> int:
        """Residual blocks on each side: round(10 alpha)."""
        return round(_BLOCKS_AT_ALPHA_ONE * self.alpha)

    @property
    def encoder_depths(self) -> tuple[int, ...]:
        """Blocks of each encoder stage, finest first."""
        return share_blocks(self.blocks, len(self.base_widths))

    @property
    def decoder_depths(self) -> tuple[int, ...]:
        """Blocks of each decoder stage, coarsest first."""
        return share_blocks(self.blocks, len(self.base_widths) - 1)[::-1]


def share_blocks(blocks: int, stages: int) -> tuple[int, ...]:
    """Share blocks among stages, finest first, as evenly as whole numbers allow.

    What is left over goes to the coarser stages, where a block costs the same parameters and
    latency buys more context (timm's ``_scale_stage_depth`` allocates backwards likewise).
    """
    each, rest = divmod(blocks, stages)
    return tuple(each + (1 if index >= stages - rest else 0) for index in range(stages))


def _round_width(width: float) -> int:
    return max(_WIDTH_MULTIPLE, _WIDTH_MULTIPLE * round(width / _WIDTH_MULTIPLE))


_PAPER_SCALING: Mapping[Variant, tuple[float, float]] = MappingProxyType(
    {
        Variant.COMPACT: (0.62, 0.54),
        Variant.BALANCED: (1.00, 1.00),
        Variant.ACCURATE: (1.38, 1.60),
    }
)

#: The variants a user can pick, cheapest first.
NAMED_VARIANTS: tuple[Variant, ...] = tuple(_PAPER_SCALING)


def architecture_of(variant: Variant, in_channels: int = 3, out_channels: int = 2) -> Architecture:
    """The paper's architecture (table 1) of a named variant.

    Args:
        variant: Compact, Balanced or Accurate.
        in_channels: Channels of the input.
        out_channels: Classes, background included.
    """
    alpha, beta = _PAPER_SCALING[variant]
    return Architecture(alpha=alpha, beta=beta, in_channels=in_channels, out_channels=out_channels)


def variant_of(architecture: Architecture) -> Variant:
    """The variant whose scaling ``architecture`` has, or ``custom``."""
    for variant, scaling in _PAPER_SCALING.items():
        named = architecture_of(variant, architecture.in_channels, architecture.out_channels)
        if (architecture.alpha, architecture.beta) == scaling and architecture == named:
            return variant
    return Variant.CUSTOM
