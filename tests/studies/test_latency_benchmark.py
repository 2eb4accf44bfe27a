"""Our variants and their peers through one exporter and one runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the benchmarks need the extra 'train'")

import torch
from torch import nn

from omniseg_backend.common.errors import UsageError
from omniseg_backend.inference.session import NetworkSession
from omniseg_backend.networks.architecture import NAMED_VARIANTS, architecture_of
from omniseg_backend.networks.baselines.factory import BASELINES
from omniseg_backend.networks.cost import cost_of
from omniseg_backend.studies import latency
from omniseg_backend.studies.latency import measure_latencies
from omniseg_backend.studies.networks import module_cost, studied_network
from omniseg_backend.studies.settings import LatencySettings, NetworkName
from omniseg_backend.training.onnx_graph import export_module
from tests.studies.onnx_graphs import saved, two_outputs


def test_every_variant_and_every_peer_can_be_named() -> None:
    assert set(NetworkName) == {*NAMED_VARIANTS, *BASELINES}


def test_a_networks_cost_is_the_architectures() -> None:
    network = studied_network(NetworkName.COMPACT)
    architecture = architecture_of(NAMED_VARIANTS[0])
    assert module_cost(network.module, 64) == cost_of(architecture, 64, 64)


def test_files_and_networks_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # One export for this whole file, since each takes seconds.
    exports: list[tuple[nn.Module, bytes]] = []

    def export(module: nn.Module, in_channels: int, stride: int) -> bytes:
        graph = export_module(module, in_channels, stride)
        exports.append((module, graph))
        return graph

    monkeypatch.setattr(latency, "export_module", export)
    path = saved(two_outputs(), tmp_path / "detector.onnx")
    settings = LatencySettings(
        networks=(NetworkName.CMUNEXT_S,), sizes=(32, 16), peers=(path,), rounds=2, threads=1
    )
    study = measure_latencies(settings)
    assert [(row.model, row.size) for row in study.rows] == [
        ("cmunext-s", 16),
        ("cmunext-s", 32),
        ("detector", 40),
    ]
    assert study.matmul_gflops > 0
    small, large, detector = study.rows
    assert large.flops == 4 * small.flops
    assert detector.parameters == 4 * 3 * 9
    assert all(row.figures.runs == 2 for row in study.rows)
    assert all(row.peak_share > 0 for row in study.rows)
    (exported,) = exports
    assert_computes_the_same(*exported)


def assert_computes_the_same(module: nn.Module, graph: bytes) -> None:
    inputs = torch.randn(2, 3, 32, 48)
    with torch.inference_mode():
        expected = module.eval()(inputs).numpy()
    found = NetworkSession(graph, threads=1).run(inputs.numpy())
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_a_size_that_a_peer_does_not_take_is_refused_before_anything_is_exported() -> None:
    settings = LatencySettings(networks=(NetworkName.DYNUNET,), sizes=(48,), rounds=1, threads=1)
    with pytest.raises(UsageError, match="multiple of 64"):
        measure_latencies(settings)
