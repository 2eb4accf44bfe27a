"""What an onlooker of a training is told after every validation. Torch-free."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping


@dataclasses.dataclass(frozen=True)
class ValidationFigures:
    """One validation.

    Attributes:
        step: Steps taken.
        loss: Mean training loss since the validation before.
        dice: Mean over classes of the mean Dice over cases.
        class_dice: The same of each class, by name; None where no case has it.
        learning_rate: At this step.
    """

    step: int
    loss: float
    dice: float
    class_dice: Mapping[str, float | None]
    learning_rate: float


@dataclasses.dataclass(frozen=True)
class TrainingNews:
    """The state of a run after a validation.

    Attributes:
        history: Every validation so far; a resumed run tells those before it again.
        steps: Steps that the run takes at most.
        picture: A PNG of a validation case: image, truth, prediction.
        caption: What the picture shows.
    """

    history: tuple[ValidationFigures, ...]
    steps: int
    picture: bytes
    caption: str


Observer = Callable[[TrainingNews], None]
