"""The peers are those of their papers: parameters and FLOPs are held to the published ones."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from omniseg_backend.common.errors import UsageError
from omniseg_backend.networks.baselines.factory import BASELINES, build_baseline

PUBLISHED = {
    "cmunext-s": (0.42e6, 2.0e9),
    "cmunext": (3.15e6, 14.5e9),
    "cmunext-l": (8.29e6, 33.7e9),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_cmunext_costs_what_its_paper_says(name: str) -> None:
    parameters, flops = PUBLISHED[name]
    with torch.device("meta"):
        network = build_baseline(name, 3, 1).eval()
        # Two per multiply-add of convolutions alone, as everywhere in this project.
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            network(torch.empty(1, 3, 256, 256))
    assert sum(p.numel() for p in network.parameters()) == pytest.approx(parameters, rel=0.03)
    assert counter.get_total_flops() == pytest.approx(flops, rel=0.03)


def test_the_unet_has_7_8_million_parameters() -> None:
    with torch.device("meta"):
        network = build_baseline("unet", 3, 2)
    assert sum(p.numel() for p in network.parameters()) == pytest.approx(7.8e6, rel=0.03)


@pytest.mark.parametrize("name", BASELINES)
def test_logits_have_the_size_of_the_image(name: str) -> None:
    stride = BASELINES[name].stride
    with torch.device("meta"):
        network = build_baseline(name, 1, 4).eval()
        logits = network(torch.empty(2, 1, 2 * stride, 3 * stride))
    assert logits.shape == (2, 4, 2 * stride, 3 * stride)


def test_every_weight_of_cmunext_learns() -> None:
    network = build_baseline("cmunext-s", 1, 2)
    network(torch.randn(2, 1, 32, 32)).square().mean().backward()
    assert all(value.grad is not None for value in network.parameters())


def test_an_unknown_peer_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="cmunext-s"):
        build_baseline("segnet", 3, 2)
