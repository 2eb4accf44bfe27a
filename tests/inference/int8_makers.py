"""Bundles whose manifest has activation ranges."""

from __future__ import annotations

from typing import Any

from omniseg_backend.bundles.int8_record import Int8Record
from omniseg_backend.bundles.manifest import SelfTest
from omniseg_backend.bundles.store import Bundle
from omniseg_backend.bundles.synthetic import synthetic_input
from omniseg_backend.inference.int8_ranges import PERCENTILE, measure_ranges
from tests.inference.conftest import OMNISEGNET, MakeBundle


def eight_bit_bundle(make_bundle: MakeBundle, model: bytes, **record: Any) -> Bundle:
    """The random OmniSegNet with ranges; fields of the record by keyword.

    The Dice are stated, not measured: nobody trained it.
    """
    tiles = synthetic_input(OMNISEGNET, seed=0, shape=(64, 64))
    known: dict[str, Any] = {
        "ranges": measure_ranges(model, tiles, threads=1),
        "percentile": PERCENTILE,
        "tiles": len(tiles),
        "cases": 3,
        "dice_fp32": 0.9,
        "dice_int8": 0.899,
        "self_test_mismatch": 0.5,
        **record,
    }
    return make_bundle(
        model,
        classes=((1, "one"), (2, "two")),
        architecture=OMNISEGNET,
        preprocessing={"input_size": (64, 64)},
        self_test=SelfTest(rtol=1e-2, atol=2e-2, max_mismatch=0.01),
        int8=Int8Record(**known),
    )
