"""A bundle proves itself: its stored synthetic input must give its stored output."""

from __future__ import annotations

import dataclasses

import numpy as np

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.errors import BundleError
from omniseg_backend.inference.int8_cache import int8_record
from omniseg_backend.inference.session import NetworkSession

#: Share of pixels that may change their class between processors in 8 bits. Those without VNNI
#: add pairs of products in 16 bits, which can overflow; this is what would show it.
_INT8_MARGIN = 0.02


@dataclasses.dataclass(frozen=True)
class SelfTestResult:
    """How closely a session reproduced the stored logits.

    Attributes:
        worst: Largest absolute difference of a logit.
        excess: Largest difference as a share of what the manifest allows; at most 1 passes.
        mismatch: Share of pixels whose class differs.
        passed: Whether both stay within the manifest's tolerances.
    """

    worst: float
    excess: float
    mismatch: float
    passed: bool


def run_self_test(session: NetworkSession, bundle: Bundle) -> SelfTestResult:
    """Run a bundle's synthetic input; a 64 x 64 input takes 2 ms.

    Args:
        session: A session of the bundle's network.
        bundle: The bundle.
    """
    rules = bundle.manifest.self_test
    source, expected = bundle.self_test_arrays()
    found = session.run(source)
    if found.shape != expected.shape or not np.isfinite(found).all():
        return SelfTestResult(float("inf"), float("inf"), 1.0, passed=False)
    difference = np.abs(found.astype(np.float64) - expected)
    allowed = rules.atol + rules.rtol * np.abs(expected.astype(np.float64))
    # Without any allowance only equality passes.
    shares = np.divide(
        difference, allowed, out=np.where(difference > 0, np.inf, 0.0), where=allowed > 0
    )
    mismatch = float(np.mean(found.argmax(axis=1) != expected.argmax(axis=1)))
    excess = float(shares.max())
    passed = excess <= 1.0 and mismatch <= rules.max_mismatch
    return SelfTestResult(float(difference.max()), excess, mismatch, passed)


def require_self_test(session: NetworkSession, bundle: Bundle) -> None:
    """Refuse a bundle that this machine computes differently from where it was exported.

    Raises:
        BundleError: The self-test fails.
    """
    result = run_self_test(session, bundle)
    if result.passed:
        return
    rules = bundle.manifest.self_test
    raise BundleError(
        bundle.path,
        found=f"a self-test that differs by up to {result.worst:.3g} "
        f"({result.mismatch:.2%} of pixels in another class)",
        expected=f"logits within {rules.atol:g} + {rules.rtol:g} of their size and at most "
        f"{rules.max_mismatch:.2%} of pixels in another class",
        remedy="get the bundle again, or report the processor and ONNX Runtime version",
    )


def require_int8_self_test(session: NetworkSession, bundle: Bundle) -> None:
    """Refuse 8-bit arithmetic that does other than where its Dice was measured.

    The stored output is that of 32 bits, from which 8 bits differ everywhere a little; the
    manifest says in how many pixels the class differed then.

    Raises:
        BundleError: Many more pixels differ here, or the manifest has no ranges.
    """
    known = int8_record(bundle).self_test_mismatch
    result = run_self_test(session, bundle)
    if result.mismatch <= known + _INT8_MARGIN:
        return
    raise BundleError(
        bundle.path,
        found=f"8-bit arithmetic that puts {result.mismatch:.2%} of the self-test's pixels into "
        "another class on this processor",
        expected=f"at most {known + _INT8_MARGIN:.2%}, as where it was measured",
        remedy="run it in 32 bits (--arithmetic fp32)",
    )
