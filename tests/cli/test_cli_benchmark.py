"""``omniseg benchmark``: which networks are timed, and what is said of them."""

from __future__ import annotations

from omniseg_backend.bundles.models import available_models
from omniseg_backend.cli.benchmark import one_per_variant
from omniseg_backend.networks.architecture import Variant
from tests.cli.conftest import MakeModel, Omniseg, assert_one_sentence, document


def test_every_size_of_every_variant_is_timed(omniseg: Omniseg, add: MakeModel) -> None:
    bundle = add()
    options = ("--size", "32", "--size", "48", "--threads", "1", "--runs", "3", "--json")
    content = document(omniseg("benchmark", *options))
    assert set(content) == {"cpu", "threads", "runs", "latency"}
    assert (content["threads"], content["runs"]) == (1, 3)
    timed = [(one["variant"], one["model"], one["size"]) for one in content["latency"]]
    # Shipped models, one of each other variant, stand before it.
    assert timed[-2:] == [
        ("custom", bundle.manifest.id, 32),
        ("custom", bundle.manifest.id, 48),
    ]
    assert all(0 < one["min_ms"] <= one["median_ms"] for one in content["latency"])


def test_people_are_told_on_which_processor(omniseg: Omniseg, add: MakeModel) -> None:
    from omniseg_backend.common.platform import cpu_model

    add()
    result = omniseg("benchmark", "--size", "32", "--threads", "1", "--runs", "1")
    assert f"{cpu_model()}, 1 thread, 1 run" in result.stdout


def test_a_model_of_patients_stands_for_its_variant(add: MakeModel) -> None:
    real = add()
    add(synthetic=True)  # added later, so preferred elsewhere
    chosen = {entry.manifest.variant: entry for entry in one_per_variant(available_models())}
    assert chosen[Variant.CUSTOM].manifest.id == real.manifest.id


def test_sizes_that_no_network_takes_are_refused(omniseg: Omniseg, add: MakeModel) -> None:
    add()
    assert_one_sentence(omniseg("benchmark", "--size", "100"), 2, "--size", "16")
