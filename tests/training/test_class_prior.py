"""Before its first step a network predicts the classes' shares."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from omniseg_backend.networks.architecture import Variant, architecture_of
from omniseg_backend.networks.omnisegnet import build_network
from omniseg_backend.training.class_prior import set_class_prior
from omniseg_backend.training.samples import Plane


def test_the_biases_are_the_shares_and_rare_classes_are_not_given_up() -> None:
    network = build_network(architecture_of(Variant.COMPACT, 1, 4), 0)
    labels = np.zeros((10, 100), np.uint8)
    labels[0, :100] = 1  # a tenth
    labels[1, 0] = 2  # a thousandth; class 3 is nowhere
    set_class_prior(network, [Plane(np.zeros((1, 10, 100), np.float32), labels, 0)])
    shares = torch.softmax(network.head.bias, 0).tolist()
    assert shares[1] / shares[0] == pytest.approx(0.1 / 0.899, rel=1e-4)
    assert shares[2] == shares[3] == pytest.approx(0.02, rel=0.05)


@pytest.mark.parametrize("variant", [Variant.COMPACT, Variant.BALANCED, Variant.ACCURATE])
def test_gradient_passes_the_head_from_the_first_step(variant: Variant) -> None:
    network = build_network(architecture_of(variant, 1, 5), 0)
    logits = network(torch.randn(2, 1, 64, 64)).detach()
    assert 0.3 < float(logits.std()) < 3.0
