"""The networks that benchmarks compare, with random weights: speed does not depend on them."""

from __future__ import annotations

import copy
import dataclasses

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from omniseg_backend.networks.architecture import NAMED_VARIANTS, STRIDE, Variant, architecture_of
from omniseg_backend.networks.baselines.factory import BASELINES, build_baseline
from omniseg_backend.networks.cost import Cost
from omniseg_backend.networks.omnisegnet import build_network
from omniseg_backend.studies.settings import NetworkName

IN_CHANNELS, OUT_CHANNELS = 3, 2
_SEED = 0


@dataclasses.dataclass(frozen=True, eq=False)
class StudiedNetwork:
    """A network to measure.

    Attributes:
        name: Its name in tables.
        module: Three channels in, two classes out, random weights.
        stride: Sides of its input are multiples of this.
    """

    name: NetworkName
    module: nn.Module
    stride: int


def studied_network(name: NetworkName) -> StudiedNetwork:
    """Build one of our variants or a peer; the weights depend on nothing but the name."""
    if name in set(NAMED_VARIANTS):
        architecture = architecture_of(Variant(name), IN_CHANNELS, OUT_CHANNELS)
        return StudiedNetwork(name, build_network(architecture, _SEED), STRIDE)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        module = build_baseline(name, IN_CHANNELS, OUT_CHANNELS)
    return StudiedNetwork(name, module, BASELINES[name].stride)


def module_cost(module: nn.Module, side: int) -> Cost:
    """Parameters, and FLOPs of one image: two per multiply-add of convolutions alone.

    Args:
        module: Takes ``IN_CHANNELS`` channels.
        side: Height and width of the image.
    """
    twin = copy.deepcopy(module).to("meta").eval()
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        twin(torch.empty(1, IN_CHANNELS, side, side, device="meta"))
    parameters = sum(value.numel() for value in module.parameters())
    return Cost(parameters, int(counter.get_total_flops()))
