from __future__ import annotations

import pytest
import torch

from omniseg_backend.common.errors import DataError
from omniseg_backend.networks.architecture import Architecture
from omniseg_backend.networks.omnisegnet import build_network
from omniseg_backend.training.checkpoint import (
    Checkpoint,
    RunState,
    copy_of,
    optimiser_tensors,
    restore_optimiser,
)

SMALL = Architecture(alpha=0.6, beta=0.5, in_channels=1, out_channels=3)


def stepped(network: torch.nn.Module) -> torch.optim.AdamW:
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3)
    network(torch.ones(2, 1, 16, 16)).square().mean().backward()
    optimiser.step()
    return optimiser


def test_everything_comes_back_as_it_was(tmp_path):
    network = build_network(SMALL, seed=1)
    optimiser = stepped(network)
    torch.manual_seed(11)
    kept = Checkpoint(
        RunState(step=4, best_dice=0.5, crops=32, empty_crops=3),
        copy_of(network.state_dict()),
        copy_of(network.state_dict()),
        optimiser_tensors(optimiser),
        copy_of(network.state_dict()),
        torch.get_rng_state(),
    )
    path = tmp_path / "checkpoint.safetensors"
    kept.save(path)
    expected = torch.rand(3)
    found = Checkpoint.load(path)
    torch.set_rng_state(found.random)
    assert torch.equal(torch.rand(3), expected)
    assert found.state == kept.state
    for part in ("model", "average", "best", "optimiser"):
        before, after = getattr(kept, part), getattr(found, part)
        assert set(before) == set(after)
        assert all(torch.equal(before[name], after[name]) for name in before)
    twin = build_network(SMALL, seed=2)
    twin_optimiser = stepped(twin)
    restore_optimiser(twin_optimiser, found.optimiser)
    restored = optimiser_tensors(twin_optimiser)
    assert all(torch.equal(restored[name], kept.optimiser[name]) for name in restored)


@pytest.mark.parametrize("content", [b"", b"\x80\x04pickle", b"\x10" + bytes(200)])
def test_a_damaged_checkpoint_is_refused_in_words(tmp_path, content):
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged checkpoint"):
        Checkpoint.load(path)
