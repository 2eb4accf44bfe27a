"""What a segmentation is worth: per class, per case, per data set."""

from __future__ import annotations

import dataclasses
from typing import Literal

from omniseg_backend.common.errors import DataError
from omniseg_backend.metrics.overlap import Outcome
from omniseg_backend.metrics.volume import VolumeError

#: ``px`` where the file states no spacing: such lengths are never called millimetres.
Unit = Literal["mm", "px"]
#: Of areas and volumes; ``px`` counts pixels or voxels.
SizeUnit = Literal["mm2", "mm3", "px"]


@dataclasses.dataclass(frozen=True)
class Measure:
    """A length and its unit."""

    value: float
    unit: Unit


@dataclasses.dataclass(frozen=True)
class ClassScore:
    """One class in one case.

    Attributes:
        name: The class.
        outcome: Which of truth and prediction hold it.
        dice: 0 to 1; None when both are empty, as for the next three.
        iou: 0 to 1.
        hd95: 95th percentile Hausdorff distance; the image's diagonal where one is empty.
        surface_dice: Normalised surface Dice at the case's tolerance, 0 to 1.
        volume_error: Sizes and their difference, in the case's ``size_unit``.
    """

    name: str
    outcome: Outcome
    dice: float | None
    iou: float | None
    hd95: Measure | None
    surface_dice: float | None
    volume_error: VolumeError


@dataclasses.dataclass(frozen=True)
class CaseScore:
    """All classes in one case.

    Attributes:
        case: The case's name.
        patient: Whose it is: intervals and folds go by patient.
        tolerance: What the surface Dice accepts.
        size_unit: Unit of the volume errors.
        classes: One score per class, in the class table's order.
    """

    case: str
    patient: str
    tolerance: Measure
    size_unit: SizeUnit
    classes: tuple[ClassScore, ...]

    def score(self, name: str) -> ClassScore:
        """The score of the class called ``name``.

        Raises:
            DataError: There is no such class.
        """
        for entry in self.classes:
            if entry.name == name:
                return entry
        raise DataError(
            self.case,
            found=f"no class called {name!r}",
            expected=f"one of {[entry.name for entry in self.classes]}",
            remedy="use the names of the class table",
        )

    @property
    def mean_dice(self) -> float | None:
        """Mean over the classes that truth or prediction hold; None if they hold none."""
        values = [entry.dice for entry in self.classes if entry.dice is not None]
        return sum(values) / len(values) if values else None


@dataclasses.dataclass(frozen=True)
class Spread:
    """Mean and spread over cases.

    Attributes:
        mean: The mean.
        deviation: Sample standard deviation (n - 1); None with one case.
        n: Cases averaged.
        unit: Of a length; None for a ratio.
    """

    mean: float
    deviation: float | None
    n: int
    unit: Unit | None = None


@dataclasses.dataclass(frozen=True)
class ClassSummary:
    """One class over all cases; cases where both masks are empty are counted and left out.

    Attributes:
        name: The class.
        dice: Over cases; None where every case is left out, as for the others.
        iou: Over cases.
        hd95: Over cases, missed and false positive ones at the diagonal; also None where some
            cases are in mm and others in px.
        surface_dice: Over cases; also None where the cases' tolerances differ.
        relative_volume_error: Signed, over the cases whose truth holds the class.
        n_both_present: Cases where truth and prediction hold the class.
        n_both_empty: Cases where neither does.
        n_missed: Cases where only the truth does.
        n_false_positive: Cases where only the prediction does.
    """

    name: str
    dice: Spread | None
    iou: Spread | None
    hd95: Spread | None
    surface_dice: Spread | None
    relative_volume_error: Spread | None
    n_both_present: int
    n_both_empty: int
    n_missed: int
    n_false_positive: int


@dataclasses.dataclass(frozen=True)
class DatasetScore:
    """A data set's score: mean over cases per class, then over foreground classes.

    Attributes:
        classes: One summary per class, in the class table's order.
        mean_dice: Mean of the classes' means; None where no class has one, as for the others.
        mean_iou: The same of IoU.
        mean_hd95: The same of HD95.
        mean_surface_dice: The same of the surface Dice.
        tolerance: What the surface Dice accepts; None where the cases differ.
        n_cases: Cases scored.
        n_patients: Patients among them.
    """

    classes: tuple[ClassSummary, ...]
    mean_dice: float | None
    mean_iou: float | None
    mean_hd95: Measure | None
    mean_surface_dice: float | None
    tolerance: Measure | None
    n_cases: int
    n_patients: int

    @property
    def n_both_empty(self) -> int:
        """Pairs of case and class that neither truth nor prediction hold."""
        return sum(entry.n_both_empty for entry in self.classes)

    @property
    def n_missed(self) -> int:
        """Pairs of case and class that only the truth holds."""
        return sum(entry.n_missed for entry in self.classes)

    @property
    def n_false_positive(self) -> int:
        """Pairs of case and class that only the prediction holds."""
        return sum(entry.n_false_positive for entry in self.classes)
