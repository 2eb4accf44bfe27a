"""The probe compares what it says: 8-bit convolutions with 32-bit ones of the same weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from omniseg_backend.inference.int8_probe import probe_model
from omniseg_backend.inference.session import NetworkSession


def test_the_runtime_turns_the_probe_into_8_bit_convolutions(tmp_path: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(
        probe_model(quantised=True), options, providers=["CPUExecutionProvider"]
    )
    kinds = [node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node]
    assert kinds.count("QLinearConv") == 4
    assert "Conv" not in kinds
    assert "FusedConv" not in kinds


def test_both_probes_compute_the_same_within_8_bits() -> None:
    image = np.abs(np.random.default_rng(1).standard_normal((1, 32, 128, 128), np.float32))
    floats, integers = (
        NetworkSession(probe_model(quantised=quantised), threads=1).run(image)
        for quantised in (False, True)
    )
    inside = floats < 7.9  # what 8 bits hold at the probe's scale
    assert inside.mean() > 0.5
    assert np.abs(floats - integers)[inside].mean() < 0.1
