"""``omniseg describe``: the issue's document, within the paper's figures."""

from __future__ import annotations

import pytest

from omniseg_backend.cli.describe import PAPER
from tests.cli.conftest import Omniseg, document

KEYS = {"encoder_blocks", "decoder_blocks", "parameters", "flops_256", "flops_512"}


def test_the_document_holds_exactly_the_promised_keys(omniseg: Omniseg) -> None:
    result = omniseg("describe", "--json")
    assert result.exit_code == 0
    assert result.stderr == ""
    content = document(result)
    assert set(content) == {"variants"}
    assert list(content["variants"]) == ["compact", "balanced", "accurate"]
    for cost in content["variants"].values():
        assert set(cost) == KEYS
        assert all(type(value) is int for value in cost.values())


@pytest.mark.parametrize("variant", list(PAPER))
def test_every_variant_is_within_the_papers_figures(omniseg: Omniseg, variant: str) -> None:
    cost = document(omniseg("describe", "--json"))["variants"][variant]
    paper = PAPER[variant]
    assert cost["encoder_blocks"] == cost["decoder_blocks"] == paper.blocks
    assert cost["parameters"] / 1e6 == pytest.approx(paper.parameters, rel=0.03)
    assert cost["flops_512"] / 1e9 == pytest.approx(paper.flops, rel=0.25)
    # Convolutions cost in proportion to their pixels; the pooled branches hardly count.
    assert cost["flops_512"] / cost["flops_256"] == pytest.approx(4, rel=0.001)


def test_people_see_the_papers_figures_beside(omniseg: Omniseg) -> None:
    lines = omniseg("describe").stdout.splitlines()
    compact = next(line for line in lines if line.strip().startswith("compact"))
    assert {"6", "1.5", "4.8"} <= set(compact.split())
