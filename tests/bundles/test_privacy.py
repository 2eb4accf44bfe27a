from __future__ import annotations

import onnx
import pytest

from omniseg_backend.bundles.manifest import ManifestDraft
from omniseg_backend.bundles.privacy import Identity, refuse_private_text
from omniseg_backend.common.errors import BundleError

NOBODY = Identity(user="root", host="localhost", home="/root")
SOMEBODY = Identity(user="mmuster", host="pc7.radiology.example", home="/srv/people/mmuster")
TRAINING_SET = [
    "images/patient_007.nii.gz",
    "Muster^Maria",
    "20240117",
    "case.12.png",
    "image.png",
    "disc",
    "07",
    "100",
]


def with_limit(draft: ManifestDraft, text: str) -> ManifestDraft:
    return draft.model_copy(
        update={"task": draft.task.model_copy(update={"limits": (f"Not tested on {text}.",)})}
    )


def with_note(model: bytes, text: str) -> bytes:
    parsed = onnx.load_model_from_string(model)
    entry = parsed.graph.node[3].metadata_props.add()
    entry.key, entry.value = "note", text
    return parsed.SerializeToString()


def check(draft: ManifestDraft, members: dict[str, bytes], identity: Identity = SOMEBODY) -> None:
    refuse_private_text(draft, members, forbidden=TRAINING_SET, identity=identity)


def test_a_clean_bundle_passes(draft: ManifestDraft, members: dict[str, bytes]) -> None:
    check(draft, members)
    check(draft, members, NOBODY)
    refuse_private_text(draft, members, forbidden=())


def test_the_exporters_metadata_does_not_pass(
    draft: ManifestDraft, members: dict[str, bytes], raw_model: bytes
) -> None:
    with pytest.raises(BundleError, match=r"model\.onnx.*path"):
        check(draft, {**members, "model.onnx": raw_model}, NOBODY)


@pytest.mark.parametrize(
    "text",
    [
        "/data/hospital/images",
        "'/data'",
        "(/mnt/x/y.png)",
        "C:\\Users\\somebody",
        "d:/scans",
        "\\\\server\\share\\scans",
        "~/scans",
        "~maria/scans",
        "file:///scans",
        "(images from /srv/people/mmuster/x)",
        "the scans of mmuster",
        "MMuster's scans",
        "pc7",
        "pc7.radiology.example",
        "patient_007",
        "PATIENT_007",
        "patient_007.nii.gz",
        "images/patient_007",
        "x-patient_007-y",
        "muster^maria",
        "20240117",
        "case.12",
    ],
)
def test_private_text_is_refused_wherever_it_stands(
    draft: ManifestDraft, members: dict[str, bytes], text: str
) -> None:
    with pytest.raises(BundleError, match=r"omniseg\.json"):
        check(with_limit(draft, text), members)
    with pytest.raises(BundleError, match="LICENSE"):
        check(draft, {**members, "LICENSE": f"By permission: {text}".encode()})
    with pytest.raises(BundleError, match=r"model\.onnx"):
        check(draft, {**members, "model.onnx": with_note(members["model.onnx"], text)})


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/data/licence.html",
        "sizes in mm/px, and/or n / m",
        "100 cases and case 07",
        "a Dice of 0.20240117",
        "the disc",
        "patient_0071 or mypatient_007",
        "Muster and Maria",
        "the aortic root and its host",
        "at a ratio of 3:1",
        "CC BY-SA 4.0 (see LICENSE)",
        "a file called pc70",
        "each image of a case",
    ],
)
def test_ordinary_text_passes(draft: ManifestDraft, members: dict[str, bytes], text: str) -> None:
    check(with_limit(draft, text), members)
    check(draft, {**members, "LICENSE": text.encode()})


def test_markdown_does_not_hide_a_name(draft: ManifestDraft, members: dict[str, bytes]) -> None:
    with pytest.raises(BundleError, match=r"card\.md"):
        check(draft, {**members, "card.md": rb"As for patient\_007"})


def test_json_does_not_hide_a_name(draft: ManifestDraft, members: dict[str, bytes]) -> None:
    escaped = rb'{"deep": [{"\u0070atient_007": 1}]}'
    with pytest.raises(BundleError, match=r"card\.json"):
        check(draft, {**members, "card.json": escaped})


def test_this_machines_names_are_known(
    draft: ManifestDraft, members: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "erika_muster")
    with pytest.raises(BundleError, match="Erika_Muster"):
        refuse_private_text(with_limit(draft, "Erika_Muster's"), members, forbidden=())
