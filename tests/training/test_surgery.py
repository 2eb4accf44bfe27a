"""Head and stem surgery: what has a counterpart is kept, the rest starts anew."""

from __future__ import annotations

import pytest
import torch

from omniseg_backend.common.errors import BundleError
from omniseg_backend.networks.architecture import Variant, architecture_of
from omniseg_backend.networks.omnisegnet import build_network
from omniseg_backend.training.surgery import transplant


def network(channels: int, classes: int, seed: int, variant: Variant = Variant.COMPACT):
    built = build_network(architecture_of(variant, channels, classes + 1), seed)
    # With batch statistics, since those of an untrained network would let all signals die away.
    return built.train()


def test_the_same_classes_and_channels_give_the_same_network() -> None:
    old, new = network(1, 2, 0), network(1, 2, 1)
    taken = transplant(new, old.state_dict(), old_classes=("a", "b"), new_classes=("a", "b"))
    x = torch.randn(1, 1, 32, 32)
    assert torch.equal(old(x), new(x))
    assert taken.kept_classes == ("a", "b")
    assert not taken.stem_adapted


def test_classes_are_matched_by_name_in_any_order() -> None:
    old, new = network(1, 3, 0), network(1, 2, 1)
    fresh = new.head.weight[2].clone()
    taken = transplant(new, old.state_dict(), old_classes=("a", "b", "c"), new_classes=("c", "d"))
    x = torch.randn(1, 1, 32, 32)
    before, after = old(x), new(x)
    assert torch.allclose(before[:, 0], after[:, 0], atol=1e-6)  # background
    assert torch.allclose(before[:, 3], after[:, 1], atol=1e-6)  # c
    assert before.abs().max() > 1e-3
    assert torch.equal(new.head.weight[2], fresh)  # d is new
    assert (taken.kept_classes, taken.new_classes) == (("c",), ("d",))


@pytest.mark.parametrize(("old_channels", "channels"), [(1, 3), (3, 1), (1, 2), (2, 5), (5, 1)])
@pytest.mark.parametrize("variant", [Variant.COMPACT, Variant.BALANCED])
def test_another_number_of_channels_is_fitted(
    old_channels: int, channels: int, variant: Variant
) -> None:
    old, new = network(old_channels, 1, 0, variant), network(channels, 1, 1, variant)
    taken = transplant(new, old.state_dict(), old_classes=("a",), new_classes=("a",))
    assert taken.stem_adapted
    assert torch.isfinite(new(torch.randn(1, channels, 32, 32))).all()
    for name, value in old.named_parameters():
        if not name.startswith("encoder.0.0."):
            assert torch.equal(new.get_parameter(name), value)


@pytest.mark.parametrize("channels", [2, 3])  # more have one filter each, too few for all
def test_a_grey_image_in_all_channels_gives_the_grey_networks_logits(channels: int) -> None:
    old, new = network(1, 1, 0), network(channels, 1, 1)
    transplant(new, old.state_dict(), old_classes=("a",), new_classes=("a",))
    grey = torch.randn(2, 1, 32, 32)
    before, after = old(grey), new(grey.expand(-1, channels, -1, -1))
    assert (before - after).abs().max() < 1e-4 * before.abs().max()


def test_another_variant_is_refused() -> None:
    old, new = network(1, 1, 0, Variant.BALANCED), network(1, 1, 1)
    with pytest.raises(BundleError, match="same variant"):
        transplant(new, old.state_dict(), old_classes=("a",), new_classes=("a",))
