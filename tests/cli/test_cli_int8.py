"""8-bit arithmetic from the command line: asked for, chosen, refused, timed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.images.modality import Modality
from omniseg_backend.inference.host_speed import keep_host_speed
from tests.cli.conftest import MakeModel, Omniseg, assert_one_sentence, document
from tests.inference.conftest import omnisegnet_model  # noqa: F401 - a fixture
from tests.inference.int8_makers import eight_bit_bundle


@pytest.fixture
def bundle(make_bundle: Callable[..., Bundle], omnisegnet_model: bytes) -> Bundle:  # noqa: F811
    return eight_bit_bundle(make_bundle, omnisegnet_model)


def segmented(omniseg: Omniseg, square: Path, bundle: Bundle, *more: str) -> str:
    mask = square.parent / "mask.png"
    known = ("--modality", Modality.MRI, "--overwrite", "--json")
    content = document(
        omniseg("segment", square, "-o", mask, "--model", bundle.path, *known, *more)
    )
    return str(content["provenance"]["arithmetic"])


def test_what_was_asked_for_runs_and_is_told(
    omniseg: Omniseg, square: Path, bundle: Bundle
) -> None:
    assert segmented(omniseg, square, bundle) == "fp32"
    assert segmented(omniseg, square, bundle, "--arithmetic", "int8") == "int8"
    keep_host_speed(1.5)
    assert segmented(omniseg, square, bundle) == "int8"
    assert segmented(omniseg, square, bundle, "--arithmetic", "fp32") == "fp32"


def test_a_model_without_ranges_is_refused_in_one_sentence(
    omniseg: Omniseg, square: Path, make_model: MakeModel, tmp_path: Path
) -> None:
    arguments = ("segment", square, "-o", tmp_path / "mask.png", "--arithmetic", "int8")
    result = omniseg(*arguments, "--model", make_model().path)
    assert_one_sentence(result, 3, "activation ranges", "--arithmetic fp32")
    assert not (tmp_path / "mask.png").exists()


def test_both_kinds_are_timed(omniseg: Omniseg, bundle: Bundle) -> None:
    few = ("--size", 64, "--rounds", 1, "--threads", 1, "--json")
    (row,) = document(omniseg("benchmark", "int8", "--model", bundle.path, *few))["rows"]
    assert (row["model"], row["size"]) == (bundle.manifest.id, 64)
    assert row["speedup"] == pytest.approx(row["fp32_min_ms"] / row["int8_min_ms"])
    assert row["dice_lost"] == pytest.approx(0.1)
