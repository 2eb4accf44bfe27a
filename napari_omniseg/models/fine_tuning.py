"""Where a fine-tuning stands, from the data set to the promoted model, and what can be done."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from omniseg_backend.jobs.states import State

if TYPE_CHECKING:
    from napari_omniseg.models.compared import Compared
    from napari_omniseg.models.job_watch import JobWatch
    from napari_omniseg.models.new_model import NewModel
    from napari_omniseg.models.site_summary import SiteSummary


class Step(enum.Enum):
    """How far a fine-tuning has come."""

    NO_DATA = "no data set"
    READY = "nothing trained yet"
    TRAINING = "a training runs or waits"
    STOPPED = "a training stopped before its end"
    TRAINED = "a new model that was not compared"
    COMPARING = "a comparison runs or waits"
    COMPARED = "a new model with its comparison"
    CURRENT = "the new model is the current one"


class Action(enum.Enum):
    """What a user can ask for."""

    TRAIN = "train"
    COMPARE = "compare"
    PROMOTE = "promote"
    ROLL_BACK = "roll back"


class FineTuning:
    """One fine-tuning of one data set.

    Attributes:
        summary: The data set; None while there is none.
        training: The training that is shown.
        training_gone: Whether its folder vanished.
        new: What it made; None until it has finished and was read.
        comparing: The comparison job that is shown.
        comparing_gone: Whether its folder vanished.
        compared: What it found; None until it has finished and was read.
    """

    def __init__(self) -> None:
        self.summary: SiteSummary | None = None
        self.forget()

    def forget(self) -> None:
        """Begin anew with the same data set."""
        self.training: JobWatch | None = None
        self.training_gone = False
        self.new: NewModel | None = None
        self.comparing: JobWatch | None = None
        self.comparing_gone = False
        self.compared: Compared | None = None

    @property
    def step(self) -> Step:
        """How far it has come."""
        if self.summary is None:
            return Step.NO_DATA
        if self.training is None or self.training_gone:
            return Step.READY
        if self.training.alive:
            return Step.TRAINING
        if self.training.state is not State.FINISHED:
            return Step.STOPPED
        if self.comparing is not None and self.comparing.alive and not self.comparing_gone:
            return Step.COMPARING
        if self.new is not None and self.new.current:
            return Step.CURRENT
        return Step.TRAINED if self.compared is None or self.outdated else Step.COMPARED

    @property
    def outdated(self) -> bool:
        """Whether the comparison was with another model than the one to be replaced now."""
        new, compared = self.new, self.compared
        if new is None or compared is None or new.current or new.rival is None:
            return False
        return compared.old_hash != new.rival.manifest_hash

    @property
    def actions(self) -> frozenset[Action]:
        """What can be asked for now."""
        step, found = self.step, set()
        if step not in (Step.NO_DATA, Step.TRAINING, Step.COMPARING) and self._trainable:
            found.add(Action.TRAIN)
        if step in (Step.TRAINED, Step.COMPARED) and self.why_not_compared is None:
            found.add(Action.COMPARE)
        if self.new is not None and step in (Step.TRAINED, Step.COMPARED):
            found.add(Action.PROMOTE)
        if step is Step.CURRENT:
            found.add(Action.ROLL_BACK)
        return frozenset(found)

    @property
    def compares_by_itself(self) -> bool:
        """Whether a training that ends now is to be compared without being asked."""
        return self.step is Step.TRAINED and Action.COMPARE in self.actions

    @property
    def why_not_compared(self) -> str | None:
        """Why a comparison is not possible, with what that means; None where it is."""
        if self.new is None or self.summary is None:
            return "There is no new model yet."
        if self.new.rival is None:
            return (
                f"There is no other model to compare {self.new.name} with: it is the first of "
                "its task and variant, and can be promoted as it is."
            )
        if not self.summary.reserved_cases:
            return (
                "No case is reserved, so nobody can say whether the new model is better, and it "
                "cannot take the place of the current one. Add patients: every fifth new one is "
                "reserved. Until then it can be chosen by name as a candidate."
            )
        return None

    @property
    def needs_acceptance(self) -> bool:
        """Whether the comparison cannot tell, so that promoting must be insisted on."""
        return self.step is Step.COMPARED and self.compared is not None and self.compared.uncertain

    @property
    def _trainable(self) -> bool:
        return self.summary is not None and self.summary.hindrance is None
