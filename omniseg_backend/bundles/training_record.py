"""How a model was trained: enough to repeat it, nothing that names a patient."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, field_validator, model_validator

from omniseg_backend.bundles.fields import (
    Count,
    Label,
    Positive,
    Sha256,
    Share,
    Slug,
    Strict,
    Text,
    Timestamp,
)

AtLeastOne = Annotated[int, Field(ge=1, le=2**53)]


class Ancestor(Strict):
    """The bundle whose weights training started from.

    Attributes:
        bundle: Its id.
        manifest_hash: SHA-256 of its manifest.
    """

    bundle: Slug
    manifest_hash: Sha256


class TrainingRecord(Strict):
    """One training run.

    Attributes:
        train_hashes: SHA-256 of each training case's decoded voxels, sorted; no names.
        validation_hashes: The same of the validation cases.
        split: How cases were parted, in words.
        by_patient: Whether no patient is on both sides.
        train_patients: Patients trained on; None where patients are unknown.
        validation_patients: Patients validated on; None where patients are unknown.
        train_cases: Cases trained on.
        validation_cases: Cases validated on.
        steps: Optimiser steps taken.
        batch_size: Windows per step.
        learning_rate: The highest of the schedule.
        seed: What every random number came from.
        augmentation: Which augmentation, in words.
        negatives_share: Share of training windows without any structure.
        initialised_from: The bundle that training started from, None for random weights.
        device: What was trained on: "CPU", "NVIDIA H200".
        threads: CPU threads of the arithmetic.
        precision: "fp32", "bf16".
        machine: The processor's model; never a host's name.
        software: Version of each library that matters, by name.
        commit: The source's commit, None where unknown.
        started: When, UTC.
        finished: When, UTC.
    """

    train_hashes: tuple[Sha256, ...]
    validation_hashes: tuple[Sha256, ...]
    split: Text
    by_patient: bool
    train_patients: Count | None
    validation_patients: Count | None
    train_cases: AtLeastOne
    validation_cases: Count
    steps: Count
    batch_size: AtLeastOne
    learning_rate: Positive
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    augmentation: Text
    negatives_share: Share
    initialised_from: Ancestor | None
    device: Label
    threads: AtLeastOne
    precision: Label
    machine: Label
    software: dict[Label, Label]
    commit: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{7,64}$")] | None
    started: Timestamp
    finished: Timestamp

    @field_validator("train_hashes", "validation_hashes")
    @classmethod
    def _check_sorted(cls, hashes: tuple[str, ...]) -> tuple[str, ...]:
        if list(hashes) != sorted(hashes):
            raise ValueError("hashes are sorted, so that their order tells nothing")
        return hashes

    @model_validator(mode="after")
    def _check_counts(self) -> TrainingRecord:
        if len(self.train_hashes) != self.train_cases:
            raise ValueError("train_cases differs from the number of train_hashes")
        if len(self.validation_hashes) != self.validation_cases:
            raise ValueError("validation_cases differs from the number of validation_hashes")
        return self
