"""One tester for all variants, as every network of the project must pass it."""

from __future__ import annotations

import hashlib

import numpy as np
import onnxruntime
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from omniseg_backend.common.errors import DataError
from omniseg_backend.networks.architecture import (
    NAMED_VARIANTS,
    Architecture,
    Variant,
    architecture_of,
)
from omniseg_backend.networks.blocks import DecoderBlock, EncoderBlock
from omniseg_backend.networks.cost import cost_of
from omniseg_backend.networks.omnisegnet import OmniSegNet, build_network, check_input_size

SMALL = Architecture(alpha=0.6, beta=0.5, in_channels=1, out_channels=3)
ALL = [*(architecture_of(variant) for variant in NAMED_VARIANTS), SMALL]
IDS = [*NAMED_VARIANTS, "small"]

#: SHA-256 over "name shape" of every entry of the state dict: bundles hold weights under
#: these names, so a change needs a new manifest schema and a converter.
FROZEN = {
    "compact": "63dcb440eca8c6fe1bceff2316e50f2344785308f938a12afe360548ff7a786e",
    "balanced": "b94ee4016b7ec2ad0a0cd6f4d5545bce904dddd20190f94eab77333cae73a90e",
    "accurate": "7223e87247626bedd13a842812ca15ebfec3b25fb3ed40c037e4d33c1ef3701a",
    "small": "778d6b89fc04b563571186eefadc1796ffa07cf6ebc4715d9b5ed0fecb26c222",
}


@pytest.fixture(scope="module", params=list(zip(IDS, ALL, strict=True)), ids=IDS)
def named(request):
    name, architecture = request.param
    return name, build_network(architecture, seed=0)


def test_forward_and_backward(named):
    _, network = named
    inputs = torch.randn(2, network.architecture.in_channels, 32, 48)
    logits = network.train()(inputs)
    assert logits.shape == (2, network.architecture.out_channels, 32, 48)
    logits.square().mean().backward()
    assert all(
        value.grad is not None and torch.isfinite(value.grad).all()
        for value in network.parameters()
    )
    network.zero_grad()


def test_a_batch_of_one_trains(named):
    _, network = named
    logits = network.train()(torch.randn(1, network.architecture.in_channels, 32, 32))
    assert torch.isfinite(logits).all()


def test_state_dict_names_are_frozen(named):
    name, network = named
    text = "\n".join(f"{key} {tuple(v.shape)}" for key, v in network.state_dict().items())
    assert hashlib.sha256(text.encode()).hexdigest() == FROZEN[name]


def test_counted_cost_is_torchs(named):
    _, network = named
    architecture = network.architecture
    with torch.device("meta"):
        twin = OmniSegNet(architecture).eval()
        counter = FlopCounterMode(display=False)
        with counter, torch.inference_mode():
            twin(torch.empty(1, architecture.in_channels, 64, 96))
    cost = cost_of(architecture, 64, 96)
    assert cost.parameters == sum(value.numel() for value in network.parameters())
    assert cost.flops == counter.get_total_flops()


@pytest.mark.parametrize("se", [True, False])
@pytest.mark.parametrize("aspp", [True, False])
def test_counted_cost_follows_the_switches(se, aspp):
    architecture = Architecture(alpha=1.1, beta=0.8, se=se, aspp=aspp, in_channels=2)
    with torch.device("meta"):
        network = OmniSegNet(architecture)
    parameters = sum(value.numel() for value in network.parameters())
    assert cost_of(architecture, 64, 64).parameters == parameters


def test_the_seed_alone_decides_the_weights():
    torch.manual_seed(5)
    first = build_network(SMALL, seed=3).state_dict()
    torch.manual_seed(6)
    second = build_network(SMALL, seed=3).state_dict()
    other = build_network(SMALL, seed=4).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_features_come_at_their_strides():
    features = build_network(SMALL, seed=0).eval().features(torch.randn(1, 1, 64, 64))
    assert [f.shape[-1] for f in features.encoder] == [64, 32, 16, 8, 4]
    assert [f.shape[-1] for f in features.decoder] == [8, 16, 32, 64]
    assert features.bottleneck.shape[-1] == 4


def test_squeeze_stands_after_the_addition_in_the_encoder_and_first_in_the_decoder():
    inputs = torch.randn(1, 8, 8, 8)
    encoder = EncoderBlock(8, 8, se=True).eval()
    decoder = DecoderBlock(8, 8, se=True).eval()
    assert torch.equal(encoder(inputs), encoder.se(encoder.residual(inputs)))
    assert torch.equal(decoder(inputs), decoder.residual(decoder.se(inputs)))
    residual = encoder.residual
    silenced = torch.nn.init.zeros_(residual.pointwise.weight)
    torch.nn.init.zeros_(residual.pointwise.bias)
    assert not silenced.any()
    assert torch.equal(residual(inputs), inputs)


@pytest.mark.parametrize(("height", "width"), [(250, 256), (256, 8), (0, 16), (16, 17)])
def test_odd_sizes_are_refused_clearly(height, width):
    with pytest.raises(DataError, match="multiples of 16"):
        check_input_size(height, width)
    network = build_network(SMALL, seed=0).eval()
    if min(height, width) > 0:
        with pytest.raises(DataError, match=f"{height} x {width}"):
            network(torch.zeros(1, 1, height, width))


def test_any_scaling_of_the_box_builds():
    for alpha in (0.6, 0.87, 1.5):
        for beta in (0.5, 1.31, 2.0):
            with torch.device("meta"):
                network = OmniSegNet(Architecture(alpha=alpha, beta=beta))
                assert network(torch.empty(1, 3, 32, 32)).shape == (1, 2, 32, 32)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    from omniseg_backend.training.onnx_graph import export_graph

    network = build_network(architecture_of(Variant.COMPACT, 1, 2), seed=0).eval()
    return network, export_graph(network)


@pytest.mark.parametrize("shape", [(1, 32, 32), (2, 64, 48), (3, 16, 80)])
def test_the_exported_graph_agrees_on_other_shapes(exported, shape):
    network, graph = exported
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    batch, height, width = shape
    inputs = torch.randn(batch, 1, height, width)
    with torch.inference_mode():
        expected = network(inputs).numpy()
    (found,) = session.run(None, {session.get_inputs()[0].name: inputs.numpy()})
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
