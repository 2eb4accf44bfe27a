from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from omniseg_backend.networks.architecture import (
    NAMED_VARIANTS,
    Architecture,
    Variant,
    architecture_of,
    share_blocks,
    variant_of,
)
from omniseg_backend.networks.cost import cost_of

TABLE_1 = {
    Variant.COMPACT: (6, 1.5e6, 4.8e9),
    Variant.BALANCED: (10, 3.1e6, 12.3e9),
    Variant.ACCURATE: (14, 6.0e6, 22.0e9),
}


@pytest.mark.parametrize("variant", NAMED_VARIANTS)
def test_table_1_is_met(variant):
    blocks, parameters, flops = TABLE_1[variant]
    architecture = architecture_of(variant)
    cost = cost_of(architecture, 512, 512)
    assert sum(architecture.encoder_depths) == blocks
    assert sum(architecture.decoder_depths) == blocks
    assert cost.parameters == pytest.approx(parameters, rel=0.03)
    assert cost.flops == pytest.approx(flops, rel=0.25)


@given(alpha=st.floats(0.6, 1.5), beta=st.floats(0.5, 2.0))
def test_every_scaling_in_the_box_has_whole_stages(alpha, beta):
    architecture = Architecture(alpha=alpha, beta=beta)
    assert min(architecture.encoder_depths) >= 1
    assert min(architecture.decoder_depths) >= 1
    assert sum(architecture.encoder_depths) == round(10 * alpha)
    assert all(width % 8 == 0 and width >= 8 for width in architecture.widths)


@given(first=st.floats(0.5, 2.0), second=st.floats(0.5, 2.0))
def test_wider_never_costs_less(first, second):
    narrow, wide = (
        cost_of(Architecture(alpha=1.0, beta=beta), 64, 64) for beta in sorted((first, second))
    )
    assert narrow.parameters <= wide.parameters
    assert narrow.flops <= wide.flops


def test_blocks_are_shared_evenly_with_the_rest_to_the_coarse_stages():
    assert share_blocks(6, 5) == (1, 1, 1, 1, 2)
    assert share_blocks(14, 4) == (3, 3, 4, 4)


@pytest.mark.parametrize(("alpha", "beta"), [(0.59, 1.0), (1.51, 1.0), (1.0, 0.49), (1.0, 2.01)])
def test_scalings_outside_the_box_are_refused(alpha, beta):
    with pytest.raises(ValidationError):
        Architecture(alpha=alpha, beta=beta)


def test_a_variant_is_recognised_by_its_whole_architecture():
    compact = architecture_of(Variant.COMPACT, in_channels=1, out_channels=5)
    assert variant_of(compact) is Variant.COMPACT
    assert variant_of(compact.model_copy(update={"se": False})) is Variant.CUSTOM
    assert variant_of(compact.model_copy(update={"alpha": 0.7})) is Variant.CUSTOM


def test_unknown_fields_are_refused():
    with pytest.raises(ValidationError):
        Architecture.model_validate({"alpha": 1.0, "beta": 1.0, "dropout": 0.1})
