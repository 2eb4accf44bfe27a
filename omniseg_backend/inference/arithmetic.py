"""Whether a network may and should run in 8-bit integers."""

from __future__ import annotations

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.errors import BundleError, UsageError
from omniseg_backend.inference.arithmetic_choice import Arithmetic, ArithmeticChoice
from omniseg_backend.inference.host_speed import int8_is_known_faster
from omniseg_backend.inference.int8_cache import int8_record
from omniseg_backend.inference.runtime_session import Provider

#: Hundredths of Dice that 8 bits may cost on the validation cases.
LARGEST_LOSS_POINTS = 0.5


def chosen_arithmetic(
    bundle: Bundle, choice: ArithmeticChoice, provider: Provider = "cpu"
) -> Arithmetic:
    """What a run of a bundle computes in.

    Args:
        bundle: The trained model.
        choice: What was asked for.
        provider: Where it runs; 8 bits are for the CPU.

    Raises:
        BundleError: 8 bits were asked for, and the bundle has no ranges or loses too much.
        UsageError: 8 bits were asked for on a GPU.
    """
    if choice is ArithmeticChoice.FP32:
        return "fp32"
    if choice is ArithmeticChoice.AUTO:
        record = bundle.manifest.int8
        allowed = record is not None and record.loss_points <= LARGEST_LOSS_POINTS
        return "int8" if provider == "cpu" and allowed and int8_is_known_faster() else "fp32"
    if provider != "cpu":
        raise UsageError(
            "the arithmetic",
            found="int8 on a GPU",
            expected="int8 on the CPU",
            remedy="leave one of them out",
        )
    lost = int8_record(bundle).loss_points
    if lost > LARGEST_LOSS_POINTS:
        raise BundleError(
            bundle.path,
            found=f"a model whose Dice falls by {lost:.2f} points in 8-bit arithmetic",
            expected=f"at most {LARGEST_LOSS_POINTS:g} points",
            remedy="run it in 32 bits (--arithmetic fp32)",
        )
    return "int8"
