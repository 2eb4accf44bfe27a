"""Which tasks fit an image, and why the others do not."""

from __future__ import annotations

import dataclasses

from napari_omniseg.bridge.layer_image import LayerSnapshot, image_of
from napari_omniseg.bridge.layer_sample import sample_of
from napari_omniseg.models.catalogue import Catalogue, OfferedTask, read_catalogue
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
    """

    task: OfferedTask
    reason: str | None

    @property
    def fits(self) -> bool:
        """Whether the image can be segmented so."""
        return self.reason is None


@dataclasses.dataclass(frozen=True, eq=False)
class TaskList:
    """All tasks beside one image.

    Attributes:
        catalogue: What there is.
        fits: What fits first, and of that, demos last; then what does not, likewise.
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
        fitting = [fit.task.id for fit in self.fits if fit.fits]
        if wanted in fitting:
            return wanted
        known = self.modality is not None and self.modality.value is not None
        return fitting[0] if fitting and known else None


def list_tasks(question: Question | None) -> TaskList:
    """Put every task beside an image; reads files, so not on the main thread.

    A small piece of the image is looked at, so that this is quick for lazy and large ones too.

    Raises:
        OmniSegError: The layer is no image.
    """
    catalogue = read_catalogue()
    if question is None:
        return TaskList(catalogue, tuple(TaskFit(task, None) for task in catalogue.tasks))
    from omniseg_backend.images.modality import UNKNOWN

    sample = sample_of(question.snapshot, question.axes)
    stated = UNKNOWN if sample.origin is None else sample.origin.modality
    image = image_of(sample, question.axes, modality=question.modality or stated)
    fits = [TaskFit(task, _reason(task, image)) for task in catalogue.tasks]
    fits.sort(key=lambda fit: (not fit.fits, _guessed_wrong(fit.task, image), fit.task.demo))
    return TaskList(catalogue, tuple(fits), image.modality, stated)


def _reason(task: OfferedTask, image: object) -> str | None:
    from omniseg_backend.common.errors import DataError
    from omniseg_backend.images.image import Image
    from omniseg_backend.preprocessing.fitness import check_image

    assert isinstance(image, Image)
    try:
        check_image(image, task.models[0].entry.manifest.preprocessing)
    except DataError as error:
        return str(error)
    return None


def _guessed_wrong(task: OfferedTask, image: object) -> bool:
    from omniseg_backend.images.image import Image

    assert isinstance(image, Image)
    guess = image.modality.value
    return guess is not None and guess != task.models[0].entry.manifest.preprocessing.modality
