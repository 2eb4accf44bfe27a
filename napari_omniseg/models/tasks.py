"""Which tasks fit an image, and why the others do not."""

from __future__ import annotations

import dataclasses
from collections import Counter

from napari_omniseg.bridge.layer_image import LayerSnapshot, image_of
from napari_omniseg.bridge.layer_sample import sample_of
from napari_omniseg.models.catalogue import Catalogue, OfferedTask, read_catalogue
from napari_omniseg.models.image_choices import MODALITY_WORDS
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import ModalityStatement


@dataclasses.dataclass(frozen=True, eq=False)
class Question:
    """An image as the user reads it.

    Attributes:
        snapshot: The layer.
        axes: What its axes are.
        modality: What the user says it shows; None where the file's word stands.
    """

    snapshot: LayerSnapshot
    axes: str
    modality: ModalityStatement | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class TaskFit:
    """A task beside an image.

    Attributes:
        task: The task.
        reason: Why the image cannot be segmented so; None if it can.
        likely: Whether what is known or guessed of the image speaks for it.
    """

    task: OfferedTask
    reason: str | None
    likely: bool = False

    @property
    def fits(self) -> bool:
        """Whether the image can be segmented so."""
        return self.reason is None


@dataclasses.dataclass(frozen=True, eq=False)
class TaskList:
    """All tasks beside one image.

    Attributes:
        catalogue: What there is.
        fits: What fits first: what is likely, then demos last; then what does not, likewise.
        modality: What the image is taken to show; None without an image.
        stated: What its file or its values say, whatever the user said.
    """

    catalogue: Catalogue
    fits: tuple[TaskFit, ...] = ()
    modality: ModalityStatement | None = None
    stated: ModalityStatement | None = None

    @property
    def asks_modality(self) -> bool:
        """Whether the user should be asked what the image shows.

        Where nobody stated it, and where no task fits what was stated: headers are wrong at times.
        """
        known = self.stated is not None and self.stated.is_known
        return self.stated is not None and not (known and any(fit.fits for fit in self.fits))

    def suggested(self, wanted: str | None) -> str | None:
        """The task to begin with: the one chosen before if it fits, or else the first that does.

        Of an image that may show anything nothing is suggested: the user must say what to look for.

        Args:
            wanted: Id of the task chosen before.
        """
        likely = [fit.task.id for fit in self.fits if fit.fits and fit.likely]
        possible = likely or [fit.task.id for fit in self.fits if fit.fits and not self._guessed]
        if wanted in possible:
            return wanted
        return likely[0] if likely else None

    @property
    def nothing_fits(self) -> str | None:
        """Why no task can be chosen, for the user; None if one can."""
        if not self.fits:
            return "There is no model yet: add a bundle with `omniseg models add`, or train one."
        if any(fit.fits for fit in self.fits):
            return None
        reasons = {fit.reason for fit in self.fits}
        if len(reasons) == 1:
            return reasons.pop()
        if self.modality is not None and self.modality.value is not None:
            return (
                f"No task fits this image, taken for {MODALITY_WORDS[self.modality.value]}: rest "
                "the mouse on a task to see why, or say above what else the image shows."
            )
        return "No task fits this image: rest the mouse on a task to see why."

    @property
    def _guessed(self) -> bool:
        return self.modality is not None and self.modality.stated_by == "guess"


def list_tasks(question: Question | None) -> TaskList:
    """Put every task beside an image; reads files, so not on the main thread.

    A small piece of the image is looked at, so that this is quick for lazy and large ones too.

    Raises:
        DataError: The layer is no image, or holds values that are no numbers.
    """
    catalogue = read_catalogue()
    if question is None:
        return TaskList(catalogue, tuple(TaskFit(task, None) for task in catalogue.tasks))
    from omniseg_backend.images.reading import guess_modality
    from omniseg_backend.preprocessing.fitness import check_values

    image = image_of(sample_of(question.snapshot, question.axes), question.axes)
    check_values(image)
    stated = image.modality if image.modality.value is not None else guess_modality(image)
    image = image.with_modality(question.modality or stated)
    origin = question.snapshot.origin
    shows = frozenset() if origin is None else frozenset(origin.shows)
    fits = [
        TaskFit(task, _reason(task, image), likely=_speaks_for(image.modality, shows, task))
        for task in catalogue.tasks
    ]
    fits.sort(key=lambda fit: (not fit.fits, not fit.likely, fit.task.demo))
    return TaskList(catalogue, tuple(fits), image.modality, stated)


def told_apart(tasks: tuple[OfferedTask, ...]) -> dict[str, str]:
    """The titles of tasks by their ids; where two read alike, with what each is for.

    Args:
        tasks: As they are offered.
    """
    alike = Counter(task.title.casefold() for task in tasks)
    return {
        task.id: task.title if alike[task.title.casefold()] == 1 else f"{task.title}, {_made(task)}"
        for task in tasks
    }


def _made(task: OfferedTask) -> str:
    """How the images of a task are made, in words."""
    return MODALITY_WORDS[task.models[0].entry.manifest.preprocessing.modality]


def _reason(task: OfferedTask, image: Image) -> str | None:
    from omniseg_backend.common.errors import DataError
    from omniseg_backend.preprocessing.fitness import check_image

    try:
        check_image(image, task.models[0].entry.manifest.preprocessing)
    except DataError as error:
        return str(error)
    return None


def _speaks_for(modality: ModalityStatement, shows: frozenset[str], task: OfferedTask) -> bool:
    manifest = task.models[0].entry.manifest
    if modality.value != manifest.preprocessing.modality:
        return False
    return not shows or not shows.isdisjoint(entry.name for entry in manifest.classes)
