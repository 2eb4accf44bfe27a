"""What a manifest says of 8-bit arithmetic: activation ranges, and what it costs in Dice."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from omniseg_backend.bundles.fields import Label, Share, Strict
from omniseg_backend.bundles.training_record import AtLeastOne


def _ordered(limits: tuple[float, float]) -> tuple[float, float]:
    if limits[0] > limits[1]:
        raise ValueError("a range ends below its start")
    return limits


#: Smallest and largest value that 8 bits stand for; what lies beyond is clipped.
ActivationRange = Annotated[tuple[float, float], AfterValidator(_ordered)]


class Int8Record(Strict):
    """Everything that a host needs to build the 8-bit network, and whether it should.

    Attributes:
        ranges: What each activation spans, by its name in ``model.onnx``.
        percentile: Of a tile's values lie below a range's upper end and above its lower, in
            the tile that reaches furthest.
        tiles: How many real tiles were looked at.
        cases: Validation cases that both Dice were measured on.
        dice_fp32: Mean Dice of 32-bit arithmetic there.
        dice_int8: Mean Dice of 8-bit arithmetic there.
        self_test_mismatch: Share of the self-test's pixels whose class differs from the stored
            output's, where the Dice was measured; another processor may differ by little more.
    """

    ranges: Annotated[dict[Label, ActivationRange], Field(min_length=1, max_length=10_000)]
    percentile: Annotated[float, Field(gt=50.0, le=100.0)]
    tiles: AtLeastOne
    cases: AtLeastOne
    dice_fp32: Share
    dice_int8: Share
    self_test_mismatch: Share

    @property
    def loss_points(self) -> float:
        """Hundredths of Dice that 8 bits cost; negative where they gain."""
        return 100.0 * (self.dice_fp32 - self.dice_int8)
