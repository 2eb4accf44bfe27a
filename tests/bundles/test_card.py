from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from omniseg_backend.bundles.card import ModelCard, Spread, card_bytes, parse_card
from omniseg_backend.bundles.card_text import render
from omniseg_backend.bundles.manifest import ManifestDraft
from omniseg_backend.bundles.task import ClassDescription
from omniseg_backend.common.errors import BundleError


def section(text: str, title: str) -> str:
    return text.split(f"## {title}", 1)[1].split("\n## ", 1)[0]


def test_a_card_survives_its_file(card: ModelCard) -> None:
    assert parse_card(card_bytes(card), "card.json") == card


@pytest.mark.parametrize(
    ("key", "value"),
    [("surprise", 1), ("schema_version", 2), ("parameters", 0), ("bundle", "No Slug")],
)
def test_an_unknown_card_is_refused(card: ModelCard, key: str, value: object) -> None:
    document = {**json.loads(card_bytes(card)), key: value}
    with pytest.raises(BundleError, match=key):
        parse_card(json.dumps(document).encode(), "card.json")


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"[" * 100_000])
def test_what_is_no_card_is_refused(content: bytes) -> None:
    with pytest.raises(BundleError, match=r"card\.json"):
        parse_card(content, "card.json")


def test_impossible_intervals_are_refused() -> None:
    with pytest.raises(ValidationError, match="two ends"):
        Spread(n=3, mean=0.5, sd=0.1, low=0.4, high=None)
    with pytest.raises(ValidationError, match="above"):
        Spread(n=3, mean=0.5, sd=0.1, low=0.6, high=0.4)


def test_people_read_every_figure(card: ModelCard, draft: ManifestDraft) -> None:
    text = render(card, draft)
    results = section(text, "Results: Toy, validation part, phantoms")
    assert "| disc | 0.931 ± 0.021 | 0.919 to 0.944 | 14 | 3.2 | mm | 1 | 0 | 2 |" in results
    assert "16 cases, patients unknown; mean Dice over classes 0.931" in results
    assert "on 3 of 40 images, 1.5 px per image" in section(text, "Images without the structure")
    calibration = section(text, "Calibration")
    assert "1.250, fitted on 16 validation cases" in calibration
    assert "0.0311 before, 0.0122 after" in calibration
    review = section(text, "Review flag")
    assert "Dice below 0.7: 12 of 15" in review
    assert "although better: no such case" in review
    storage = section(text, "Storage")
    assert "| fp32 (kept) | 0.20 MB | 0.9312 |" in storage
    assert "| int8 | 0.06 MB | 0.9307 |" in storage
    assert "| 64 x 64 | 3.5 ms | 3.1 ms | 20 |" in section(text, "Latency of the network")
    training = section(text, "Training")
    assert "| Cases, training | 2 cases of 2 patients |" in training
    assert "| Windows without structure | 12.5 % |" in training
    assert "| Started from | random weights |" in training
    assert "DEMO" in text
    assert "Research use, not reviewed." in text
    assert "Stopped early." in text


def test_what_was_never_measured_is_said(card: ModelCard, draft: ManifestDraft) -> None:
    bare = card.model_copy(
        update={"false_positives": None, "calibration": None, "storage": (), "latency": ()}
    )
    text = render(bare, draft)
    assert "Never tested." in section(text, "Images without the structure")
    assert "Never measured." in section(text, "Calibration")
    assert "## Storage" not in text
    assert "## Latency" not in text


def test_real_data_is_no_demo_and_an_unknown_split_is_a_limit(
    card: ModelCard, draft: ManifestDraft
) -> None:
    training = draft.training.model_copy(
        update={"by_patient": False, "train_patients": None, "validation_patients": None}
    )
    text = render(card, draft.model_copy(update={"synthetic": False, "training": training}))
    assert "DEMO" not in text
    assert "not split by patient" in section(text, "Limits")
    assert "not split by patient" in section(text, "Training")


def test_names_cannot_forge_a_table(card: ModelCard, draft: ManifestDraft) -> None:
    name = "disc | 0.999 | <b>[x](y)</b>"
    classes = (ClassDescription(value=1, name=name, colour=(0, 0, 0)),)
    (evaluation,) = card.evaluations
    (result,) = evaluation.classes
    forged = evaluation.model_copy(
        update={"classes": (result.model_copy(update={"class_name": name}),)}
    )
    text = render(
        card.model_copy(update={"evaluations": (forged,)}),
        draft.model_copy(update={"classes": classes, "clean_up": ()}),
    )
    assert r"disc \| 0.999 \| \<b\>\[x\](y)\</b\>" in text
    assert name not in text
