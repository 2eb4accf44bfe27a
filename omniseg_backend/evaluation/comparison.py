"""A comparison of two bundles as it is recorded, and found again by a promotion."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError, model_validator

from omniseg_backend.bundles.fields import Count, NotNegative, Sha256, Share, Strict, Timestamp
from omniseg_backend.bundles.history import Verdict
from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.atomic import write_text_atomic
from omniseg_backend.common.home import omniseg_home
from omniseg_backend.evaluation.verdict import Difference, verdict_of

_log = logging.getLogger(__name__)


class ComparedBundle(Strict):
    """One of the two.

    Attributes:
        id: Its id.
        version: Its version.
        manifest_hash: SHA-256 of its manifest.
        task: Its task's id.
        variant: Its variant.
    """

    id: str
    version: str
    manifest_hash: Sha256
    task: str
    variant: str

    @classmethod
    def of(cls, bundle: Bundle) -> ComparedBundle:
        """The reference to a bundle."""
        manifest = bundle.manifest
        return cls(
            id=manifest.id,
            version=manifest.version,
            manifest_hash=bundle.manifest_hash,
            task=manifest.task.id,
            variant=manifest.variant.value,
        )


class ClassComparison(Strict):
    """One class over all cases.

    Attributes:
        name: The class.
        old_dice: Mean over cases; None where neither truth nor result hold it anywhere.
        new_dice: The same of the new bundle.
        dice: The difference.
        old_hd95: Mean over cases, missed and invented ones at the image's diagonal.
        new_hd95: The same of the new bundle.
        hd95: The difference; less is better.
        unit: Of HD95; None where cases are in mm and in px, or none has a surface.
        old_missed: Cases whose truth alone holds it.
        new_missed: The same of the new bundle.
        old_invented: Cases where the result alone holds it.
        new_invented: The same of the new bundle.
    """

    name: str
    old_dice: Share | None
    new_dice: Share | None
    dice: Difference
    old_hd95: NotNegative | None
    new_hd95: NotNegative | None
    hd95: Difference
    unit: Literal["mm", "px"] | None
    old_missed: Count
    new_missed: Count
    old_invented: Count
    new_invented: Count


class CaseClassPair(Strict):
    """One class in one case, as each bundle found it."""

    old_dice: Share | None
    new_dice: Share | None
    old_hd95: NotNegative | None
    new_hd95: NotNegative | None


class CaseComparison(Strict):
    """One held-out case.

    Attributes:
        case: Its name.
        patient: Whose it is.
        case_hash: SHA-256 of its images' voxels, as manifests list training cases.
        image_hashes: SHA-256 of each of its images.
        old_dice: Mean over the classes compared in it; see ``verdict.dice_pair``.
        new_dice: The same of the new bundle.
        classes: By name.
    """

    case: str
    patient: str
    case_hash: Sha256
    image_hashes: tuple[Sha256, ...]
    old_dice: Share | None
    new_dice: Share | None
    classes: dict[str, CaseClassPair]


class Comparison(Strict):
    """Two bundles on the held-out cases of a data set.

    Attributes:
        schema_version: Version of this schema.
        id: Its name among the recorded comparisons.
        when: UTC.
        software: This project's name and version.
        old: The bundle to be replaced.
        new: The bundle to replace it.
        dataset: The data set's name.
        dataset_hash: SHA-256 over the voxels and labels of all compared cases.
        patients_stated: Whether the patients of all cases are known.
        classes: The classes that both bundles and the data set have.
        only_old: Classes that the new bundle no longer has.
        only_new: Classes that the old bundle has not; nothing is said of them.
        cases: Every case.
        old_dice: Mean of the cases' means.
        new_dice: The same of the new bundle.
        overall: The difference of the cases' mean Dice, by patient: it makes the verdict.
        verdict: What it allows to say.
        trained_on: Cases that one of the bundles, or one that it started from, was trained or
            validated on.
        seconds: Wall time.
    """

    schema_version: Literal[1]
    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,120}$")]
    when: Timestamp
    software: str
    old: ComparedBundle
    new: ComparedBundle
    dataset: str
    dataset_hash: Sha256
    patients_stated: bool
    classes: Annotated[tuple[ClassComparison, ...], Field(min_length=1)]
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]
    cases: Annotated[tuple[CaseComparison, ...], Field(min_length=1)]
    old_dice: Share | None
    new_dice: Share | None
    overall: Difference
    verdict: Verdict
    trained_on: tuple[str, ...]
    seconds: NotNegative

    @model_validator(mode="after")
    def _check_verdict(self) -> Comparison:
        if self.verdict != verdict_of(self.overall):
            raise ValueError("the verdict is not what the figures say")
        return self


def comparison_id(old: str, new: str, when: str) -> str:
    """The name of a comparison of two manifests at a time."""
    digits = "".join(character for character in when[:19] if character.isdigit())
    return f"{old[:12]}-{new[:12]}-{digits}"


def record_comparison(comparison: Comparison) -> Path:
    """Keep a comparison where a promotion finds it.

    Raises:
        DataError: The user's folder cannot be written.
        ResourceError: The disk is full.
    """
    path = _folder() / f"{comparison.id}.json"
    write_text_atomic(path, comparison_text(comparison))
    return path


def comparison_text(comparison: Comparison) -> str:
    """A comparison as JSON."""
    return comparison.model_dump_json(indent=1) + "\n"


def latest_comparison(old: str, new: str) -> Comparison | None:
    """The last recorded comparison of two bundles; None where there is none.

    A damaged record, or one of a newer OmniSeg, counts for nothing; the log names it.

    Args:
        old: Manifest hash of the bundle to be replaced.
        new: Manifest hash of the bundle to replace it.
    """
    found = []
    for path in sorted(_folder().glob(f"{old[:12]}-{new[:12]}-*.json")):
        try:
            comparison = Comparison.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            _log.warning("%s is damaged or of a newer OmniSeg and counts for nothing", path)
            continue
        if (comparison.old.manifest_hash, comparison.new.manifest_hash) == (old, new):
            found.append(comparison)
    return max(found, key=lambda one: one.when, default=None)


def _folder() -> Path:
    return omniseg_home() / "comparisons"
