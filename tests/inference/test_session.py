"""Sessions: what they fold, refuse, keep and prove."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.bundles.synthetic import synthetic_input
from omniseg_backend.common.errors import BundleError, ResourceError
from omniseg_backend.inference.runtime_session import session_options
from omniseg_backend.inference.selftest import run_self_test
from omniseg_backend.inference.session import NetworkSession
from omniseg_backend.inference.session_cache import SessionCache

from .conftest import OMNISEGNET, bright_model, convolution_model

MakeBundle = Callable[..., Bundle]


def test_batch_normalisation_is_folded_into_convolutions(
    omnisegnet_model: bytes, tmp_path: Path
) -> None:
    stored = {node.op_type for node in onnx.load_from_string(omnisegnet_model).graph.node}
    assert "BatchNormalization" in stored
    options = session_options(threads=1)
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    onnxruntime.InferenceSession(omnisegnet_model, options, providers=["CPUExecutionProvider"])
    optimised = onnx.load(tmp_path / "optimised.onnx")
    assert "BatchNormalization" not in {node.op_type for node in optimised.graph.node}


def test_a_batch_gives_what_its_members_give(omnisegnet_model: bytes) -> None:
    session = NetworkSession(omnisegnet_model, threads=1)
    inputs = np.concatenate([synthetic_input(OMNISEGNET, seed) for seed in range(3)])
    together = session.run(inputs)
    assert together.shape == (3, 3, 64, 64)
    for index in range(3):
        alone = session.run(inputs[index : index + 1])
        np.testing.assert_allclose(together[index], alone[0], atol=1e-4)


def test_sessions_run_on_the_cpu_alone_unless_asked() -> None:
    session = NetworkSession(bright_model(), threads=1)
    assert session.provider == "CPUExecutionProvider"


@pytest.mark.skipif(
    bool(
        {"CUDAExecutionProvider", "DmlExecutionProvider", "CoreMLExecutionProvider"}
        & set(onnxruntime.get_available_providers())
    ),
    reason="this machine's ONNX Runtime can use a GPU",
)
def test_a_gpu_that_is_not_there_is_said_so() -> None:
    with pytest.raises(ResourceError, match="run on the CPU"):
        NetworkSession(bright_model(), threads=1, provider="gpu")


@pytest.mark.parametrize("model", [b"", b"not a network", bright_model()[:-20]])
def test_bytes_that_are_no_network_are_refused(model: bytes) -> None:
    with pytest.raises(BundleError, match=r"toy\.omniseg: found a network that ONNX Runtime"):
        NetworkSession(model, threads=1, subject="toy.omniseg")


def test_an_input_of_another_shape_is_refused() -> None:
    session = NetworkSession(bright_model(channels=2), threads=1)
    with pytest.raises(BundleError, match="cannot run"):
        session.run(np.zeros((1, 3, 8, 8), np.float32))


def test_a_session_is_made_once(make_bundle: MakeBundle) -> None:
    cache, bundle = SessionCache(), make_bundle()
    assert cache.get(bundle, threads=1) is cache.get(bundle, threads=1)
    assert cache.get(bundle, threads=1) is not cache.get(bundle, threads=2)
    assert cache.get(bundle, threads=2).threads == 2


def test_the_session_used_longest_ago_goes_first(make_bundle: MakeBundle) -> None:
    cache = SessionCache(capacity=2)
    first, second, third = (make_bundle() for _ in range(3))
    kept, replaced = cache.get(first, threads=1), cache.get(second, threads=1)
    cache.get(first, threads=1)
    cache.get(third, threads=1)
    assert len(cache) == 2
    assert cache.get(first, threads=1) is kept
    assert cache.get(second, threads=1) is not replaced


def test_an_emptied_cache_holds_nothing(make_bundle: MakeBundle) -> None:
    cache = SessionCache()
    cache.get(make_bundle(), threads=1)
    cache.clear()
    assert len(cache) == 0


def test_a_faithful_bundle_passes_its_self_test(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    result = run_self_test(NetworkSession(bundle.model_bytes(), threads=1), bundle)
    assert result.passed
    assert result.worst == 0.0
    assert result.mismatch == 0.0


@pytest.mark.parametrize(("error", "passed"), [(5e-4, True), (-0.1, False)])
def test_the_manifests_tolerance_decides(
    make_bundle: MakeBundle, error: float, passed: bool
) -> None:
    bundle = make_bundle(self_test_error=error)
    result = run_self_test(NetworkSession(bundle.model_bytes(), threads=1), bundle)
    assert result.passed is passed
    assert result.worst == pytest.approx(abs(error), rel=0.01)


def test_a_bundle_that_fails_its_self_test_is_never_used(make_bundle: MakeBundle) -> None:
    cache, bundle = SessionCache(), make_bundle(self_test_error=1.0)
    for _ in range(2):
        with pytest.raises(BundleError, match="a self-test that differs by up to 1 "):
            cache.get(bundle, threads=1)
    assert len(cache) == 0


def test_a_class_that_changes_fails_even_within_the_tolerance(make_bundle: MakeBundle) -> None:
    weights = np.zeros((2, 1, 1, 1), np.float32)
    weights[1] = 1e-5  # both logits lie within the tolerance of each other
    model = convolution_model(weights, np.zeros(2, np.float32))
    turned = convolution_model(-weights, np.zeros(2, np.float32))
    result = run_self_test(NetworkSession(turned, threads=1), make_bundle(model))
    assert result.excess < 1.0
    assert result.mismatch > 0.5
    assert not result.passed
