"""``omniseg models``: what is listed, and what is kept apart."""

from __future__ import annotations

from pathlib import Path

from omniseg_backend.images.modality import Modality
from tests.cli.conftest import MakeModel, Omniseg, document


def test_a_models_document_says_what_is_needed_to_choose(omniseg: Omniseg, add: MakeModel) -> None:
    bundle = add()
    (model,) = [
        model
        for model in document(omniseg("models", "--json"))["models"]
        if model["origin"] == "user"
    ]
    assert model["id"] == bundle.manifest.id
    assert model["task"] == "toy"
    assert model["variant"] == "custom"
    assert model["modality"] == "microscopy"
    assert model["classes"] == ["square"]
    assert model["synthetic"] is False
    assert model["dice"] is None
    assert model["path"].endswith(".omniseg")


def test_filters_join(omniseg: Omniseg, add: MakeModel) -> None:
    add(Modality.MICROSCOPY)
    add(Modality.CT)
    found = document(omniseg("models", "--json", "--task", "toy", "--modality", "ct"))["models"]
    assert [model["modality"] for model in found] == ["ct"]
    none = document(omniseg("models", "--json", "--task", "toy", "--variant", "accurate"))
    assert none == {"models": []}


def test_models_of_phantoms_are_listed_apart(omniseg: Omniseg, add: MakeModel) -> None:
    real, demo = add(), add(synthetic=True)
    before, demo_part = omniseg("models").stdout.split("Demo: trained on phantoms")
    assert real.manifest.id in before
    assert demo.manifest.id in demo_part
    assert real.manifest.id not in demo_part


def test_no_fitting_model_is_said(omniseg: Omniseg) -> None:
    result = omniseg("models", "--task", "nothing-like-this")
    assert result.exit_code == 0
    assert "No model fits" in result.stdout


def test_a_damaged_model_is_named_and_the_rest_is_listed(omniseg: Omniseg, add: MakeModel) -> None:
    kept = add()
    damaged = add(Modality.CT)
    listed = document(omniseg("models", "--json", "--modality", "ct"))["models"]
    (path,) = [model["path"] for model in listed if model["id"] == damaged.manifest.id]
    Path(path).write_bytes(b"no bundle")
    result = omniseg("models", "--json")
    ids = {model["id"] for model in document(result)["models"]}
    assert kept.manifest.id in ids
    assert damaged.manifest.id not in ids
    assert path in result.stderr


def test_an_unknown_variant_is_a_usage_error(omniseg: Omniseg) -> None:
    result = omniseg("models", "--variant", "huge")
    assert result.exit_code == 2
    assert result.stdout == ""
