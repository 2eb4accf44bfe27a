"""The documents of ``omniseg study``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from omniseg_backend.cli.documents import Count, Document, Part

Dice = Annotated[float, Field(ge=0, le=1)]


class PairedDifference(Part):
    """An arm less the first one, patient by patient."""

    mean: float | None
    low: Annotated[float | None, Field(description="Of the 95 % interval of the mean.")]
    high: float | None
    p_value: Annotated[float | None, Field(description="Paired t-test over patients.")]
    reason: Annotated[str | None, Field(description="Why there is no interval, if there is none.")]


class StudyArm(Part):
    """One way of training."""

    name: str
    mean_dice: Dice
    deviation: Annotated[float, Field(ge=0, description="Over patients.")]
    steps: Annotated[float, Field(ge=0, description="Mean of its runs.")]
    against_first: PairedDifference | None


class FineTuningDocument(Document):
    """What ``omniseg study fine-tuning`` found."""

    dataset: str
    patients: Count
    folds: Count
    seeds: list[int]
    cpu: str
    arms: list[StudyArm]
