"""``omniseg.json``: everything about a bundle but its weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import Field, ValidationError, field_validator, model_validator

from omniseg_backend.bundles.fields import NotNegative, Positive, Sha256, Share, Slug, Strict
from omniseg_backend.bundles.fields import Version as VersionText
from omniseg_backend.bundles.int8_record import Int8Record
from omniseg_backend.bundles.rules import CleanUpRule, ReviewRule, Tolerance
from omniseg_backend.bundles.task import ClassDescription, TaskDescription
from omniseg_backend.bundles.training_record import TrainingRecord
from omniseg_backend.common.errors import BundleError
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.networks.architecture import Architecture, Variant, variant_of
from omniseg_backend.preprocessing.settings import PreprocessingSettings

SCHEMA_VERSION = 1
MANIFEST_NAME = "omniseg.json"
#: A manifest lists two hashes' worth of text per case: 4 MB holds some 60 000 cases.
MAX_MANIFEST_BYTES = 4_000_000
#: A crafted manifest must not make inference allocate without end.
MAX_INPUT_SIDE = 4096

#: Every file that a bundle may hold beside its manifest, and the largest each may be.
#: The largest network that the paper compares with holds 105 M parameters, 420 MB.
MemberName = Literal[
    "model.onnx", "card.json", "card.md", "self_test_input.npy", "self_test_output.npy", "LICENSE"
]
MEMBER_LIMITS: Mapping[str, int] = {
    "model.onnx": 600_000_000,
    "card.json": 4_000_000,
    "card.md": 4_000_000,
    "self_test_input.npy": 64_000_000,
    "self_test_output.npy": 64_000_000,
    "LICENSE": 1_000_000,
}
OPTIONAL_MEMBERS = frozenset({"LICENSE"})
REQUIRED_MEMBERS = frozenset(get_args(MemberName)) - OPTIONAL_MEMBERS

PlaneAxis = Literal["rows", "columns"]
Storage = Literal["fp32", "fp16", "int8"]


class MemberRecord(Strict):
    """What a member's bytes must be.

    Attributes:
        sha256: Their SHA-256.
        size: Their number.
    """

    sha256: Sha256
    size: Annotated[int, Field(ge=0)]


class SelfTest(Strict):
    """How closely the network must reproduce the stored output of a synthetic input.

    Attributes:
        input: Member that holds the input, (N, C, H, W).
        output: Member that holds the logits, (N, classes, H, W).
        rtol: Relative tolerance of a logit.
        atol: Absolute tolerance of a logit.
        max_mismatch: Largest share of pixels whose class may differ.
    """

    input: Literal["self_test_input.npy"] = "self_test_input.npy"
    output: Literal["self_test_output.npy"] = "self_test_output.npy"
    rtol: NotNegative
    atol: NotNegative
    max_mismatch: Share


class ManifestDraft(Strict):
    """A manifest before its members are known; ``write_bundle`` completes it.

    Attributes:
        schema_version: Version of this schema.
        id: The bundle's name: ``cardiac-mri-compact``.
        version: The bundle's version: ``1.0.0``.
        task: What is segmented in what.
        variant: Compact, Balanced, Accurate or custom.
        architecture: What the network is made of.
        preprocessing: How an image becomes network input.
        classes: The foreground classes, in the order of the network's channels 1, 2, ...
        symmetric_axes: Axes of the plane along which the anatomy may be mirrored: ``rows``
            allows turning the order of the rows round, ``columns`` that of the columns.
            Augmentation and the uncertainty map flip along no other.
        clean_up: What is done to masks after the network, in order; at most one per class.
        temperature: Logits are divided by this before the softmax.
        review: When a person should look again.
        surface_tolerance: Tolerance of the surface Dice.
        synthetic: Whether training saw phantoms only; outputs are marked DEMO.
        storage: How large weights are stored in ``model.onnx``.
        self_test: How the stored test input must be reproduced.
        training: How the model was trained.
        int8: What 8-bit arithmetic needs and costs; None where it was not measured, and then
            the model runs in 32 bits only.
    """

    schema_version: Literal[1] = 1
    id: Slug
    version: VersionText
    task: TaskDescription
    variant: Variant
    architecture: Architecture
    preprocessing: PreprocessingSettings
    classes: Annotated[tuple[ClassDescription, ...], Field(min_length=1)]
    symmetric_axes: tuple[PlaneAxis, ...] = ()
    clean_up: tuple[CleanUpRule, ...] = ()
    temperature: Positive = 1.0
    review: ReviewRule
    surface_tolerance: Tolerance
    synthetic: bool
    storage: Storage
    self_test: SelfTest
    training: TrainingRecord
    int8: Int8Record | None = None

    @field_validator("symmetric_axes")
    @classmethod
    def _sort_axes(cls, axes: tuple[PlaneAxis, ...]) -> tuple[PlaneAxis, ...]:
        return tuple(sorted(set(axes)))

    @model_validator(mode="after")
    def _check_classes(self) -> ManifestDraft:
        names = [entry.name for entry in self.classes]
        if len(set(names)) != len(names) or len({c.value for c in self.classes}) != len(names):
            raise ValueError("classes repeat a name or a value")
        if self.architecture.out_channels != len(names) + 1:
            raise ValueError("architecture.out_channels is not the classes plus background")
        cleaned = [rule.class_name for rule in self.clean_up]
        if len(set(cleaned)) != len(cleaned) or not set(cleaned) <= set(names):
            raise ValueError("clean_up names an unknown class, or one twice")
        return self

    @model_validator(mode="after")
    def _check_input(self) -> ManifestDraft:
        if self.architecture.in_channels != self.preprocessing.network_channels:
            raise ValueError("architecture.in_channels is not what preprocessing delivers")
        if max(self.preprocessing.input_size) > MAX_INPUT_SIDE:
            raise ValueError(f"preprocessing.input_size exceeds {MAX_INPUT_SIDE}")
        if self.variant not in (variant_of(self.architecture), Variant.CUSTOM):
            raise ValueError(f"the architecture is not that of the variant {self.variant}")
        return self

    def class_table(self) -> ClassTable:
        """The classes as every segmentation carries them."""
        return ClassTable(tuple(description.entry() for description in self.classes))


class Manifest(ManifestDraft):
    """What ``omniseg.json`` holds.

    Attributes:
        members: Size and SHA-256 of every other file of the bundle, by name.
    """

    members: dict[MemberName, MemberRecord]

    @model_validator(mode="after")
    def _check_members(self) -> Manifest:
        missing = REQUIRED_MEMBERS - set(self.members)
        if missing:
            raise ValueError(f"members lacks {', '.join(sorted(missing))}")
        for name, record in self.members.items():
            if record.size > MEMBER_LIMITS[name]:
                raise ValueError(f"members.{name} is larger than {MEMBER_LIMITS[name]} bytes")
        return self


def manifest_bytes(manifest: Manifest) -> bytes:
    """``manifest`` as JSON in UTF-8; equal manifests give equal bytes."""
    return (manifest.model_dump_json(indent=1) + "\n").encode("utf-8")


def parse_manifest(content: bytes, subject: object) -> Manifest:
    """Read the bytes of an ``omniseg.json``.

    Args:
        content: The file's bytes.
        subject: What an error names: the bundle's path.

    Raises:
        BundleError: They are no manifest of a known schema.
    """
    version = _schema_version(content, subject)
    if version != SCHEMA_VERSION:
        newer = version > SCHEMA_VERSION
        raise BundleError(
            subject,
            found=f"manifest schema {version}",
            expected=f"schema {SCHEMA_VERSION}",
            remedy="update OmniSeg, this bundle is newer" if newer else "export the bundle again",
        )
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        raise BundleError(
            f"{subject}, {MANIFEST_NAME}",
            found=_first_problem(error),
            expected="a valid manifest",
            remedy="get the bundle again from where it came",
        ) from error


def _schema_version(content: bytes, subject: object) -> int:
    problem = "no JSON object"
    if len(content) > MAX_MANIFEST_BYTES:
        problem = f"more than {MAX_MANIFEST_BYTES} bytes"
    else:
        try:
            document = json.loads(content.decode("utf-8"), object_pairs_hook=_without_repeats)
        except (ValueError, RecursionError) as error:
            problem = f"no readable JSON ({error})"
        else:
            if isinstance(document, dict):
                version = document.get("schema_version")
                if isinstance(version, int) and not isinstance(version, bool):
                    return version
                problem = "no schema_version"
    raise BundleError(
        f"{subject}, {MANIFEST_NAME}",
        found=problem,
        expected="an OmniSeg manifest",
        remedy="get the bundle again from where it came",
    )


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key that occurs twice")
    return document


def _first_problem(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False)
    place = ".".join(str(part) for part in problems[0]["loc"]) or "the manifest"
    others = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
    return f"{place}: {problems[0]['msg']}{others}"
