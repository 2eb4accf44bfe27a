"""In which arithmetic a network runs: 32-bit floats or 8-bit integers."""

from __future__ import annotations

import enum
from typing import Literal

Arithmetic = Literal["fp32", "int8"]


class ArithmeticChoice(enum.StrEnum):
    """What a user asks for.

    ``auto`` takes 8 bits where ``omniseg doctor`` measured them faster on this host and the
    bundle's own figures allow them.
    """

    AUTO = "auto"
    FP32 = "fp32"
    INT8 = "int8"
