"""``omniseg describe``: the three networks, counted, beside what the paper states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from omniseg_backend.cli.options import Json

if TYPE_CHECKING:
    from rich.console import RenderableType

    from omniseg_backend.cli.documents import DescribeDocument


class PaperFigures(NamedTuple):
    """A row of the paper's table 1.

    Attributes:
        blocks: Residual blocks on each side.
        parameters: Millions.
        flops: Billions; ``docs/method.md`` says why they are read at 512 x 512.
    """

    blocks: int
    parameters: float
    flops: float


PAPER: Mapping[str, PaperFigures] = MappingProxyType(
    {
        "compact": PaperFigures(6, 1.5, 4.8),
        "balanced": PaperFigures(10, 3.1, 12.3),
        "accurate": PaperFigures(14, 6.0, 22.0),
    }
)


def describe(json: Json = False) -> None:
    """Say what Compact, Balanced and Accurate are made of and cost.

    Counted with 3 channels in and 2 classes out; FLOPs are 2 per multiply-add of convolutions
    and linear layers.
    """
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        terminal.answer(described(), _tables)


def described() -> DescribeDocument:
    """The counts of every named variant."""
    from omniseg_backend.cli.documents import DescribeDocument, VariantCost
    from omniseg_backend.networks.architecture import NAMED_VARIANTS, architecture_of
    from omniseg_backend.networks.cost import cost_of

    variants = {}
    for variant in NAMED_VARIANTS:
        architecture = architecture_of(variant)
        small, large = cost_of(architecture, 256, 256), cost_of(architecture, 512, 512)
        variants[variant.value] = VariantCost(
            encoder_blocks=sum(architecture.encoder_depths),
            decoder_blocks=sum(architecture.decoder_depths),
            parameters=small.parameters,
            flops_256=small.flops,
            flops_512=large.flops,
        )
    return DescribeDocument(variants=variants)


def _tables(document: DescribeDocument) -> Sequence[RenderableType]:
    from omniseg_backend.cli.tables import table

    headings = (
        "variant", "encoder blocks", "decoder blocks", "paper", "parameters", "paper",
        "GFLOP at 256", "GFLOP at 512", "paper",
    )  # fmt: skip
    rows = [
        (
            name,
            str(cost.encoder_blocks),
            str(cost.decoder_blocks),
            str(PAPER[name].blocks),
            f"{cost.parameters / 1e6:.2f} M",
            f"{PAPER[name].parameters:.1f} M",
            f"{cost.flops_256 / 1e9:.2f}",
            f"{cost.flops_512 / 1e9:.2f}",
            f"{PAPER[name].flops:.1f}",
        )
        for name, cost in document.variants.items()
    ]
    return [table(headings, rows, numbers=headings[1:])]
