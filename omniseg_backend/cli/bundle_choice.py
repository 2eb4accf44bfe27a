"""From what the user names to a bundle: a path, an id, or a task that fits the image."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from omniseg_backend.bundles.container import ZIP_SUFFIX
from omniseg_backend.bundles.models import ModelEntry, available_models, model
from omniseg_backend.bundles.store import Bundle, load_bundle
from omniseg_backend.cli.terminal import Terminal
from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.common.reading import reading_errors
from omniseg_backend.common.wording import counted
from omniseg_backend.images.image import Image
from omniseg_backend.networks.architecture import Variant
from omniseg_backend.preprocessing.fitness import check_image


@dataclasses.dataclass(frozen=True)
class FittingTask:
    """A task that an image could be segmented for.

    Attributes:
        id: The task's id.
        title: Its name for people.
        modality: What its images are.
        variants: The variants that there are models of.
        synthetic: Whether only models trained on phantoms are there.
    """

    id: str
    title: str
    modality: str
    variants: tuple[str, ...]
    synthetic: bool

    def as_text(self) -> str:
        """For people, on one line."""
        demo = ", DEMO" if self.synthetic else ""
        return f"{self.id}: {self.title} ({self.modality}; {', '.join(self.variants)}{demo})"


def bundle_path(name: str) -> Path:
    """Where the bundle lies that is named by its path or by its id in ``omniseg models``.

    Of several models with one id, the current one is meant.

    Raises:
        UsageError: It is neither.
    """
    path = Path(name)
    # "./name" is a path too, although Path drops the dot.
    if path.suffix == ZIP_SUFFIX or path.name != name:
        return path
    with reading_errors(path, expected="a bundle"):
        if path.exists():
            return path
    entries = available_models()
    for entry in entries:
        if entry.manifest.id == name:
            return entry.path
    known = ", ".join(entry.manifest.id for entry in entries)
    raise UsageError(
        name,
        found="neither a file nor the id of a model",
        expected=f"the path of a bundle, or one of: {known}" if known else "the path of a bundle",
        remedy="see `omniseg models`",
    )


def named_bundle(name: str) -> Bundle:
    """Load the bundle that is named by its path or its id.

    Raises:
        UsageError: It is neither.
        BundleError: It is damaged or unsafe.
    """
    return load_bundle(bundle_path(name))


def bundle_for_task(task: str, variant: Variant | None) -> Bundle:
    """The current model for a task; the cheapest variant unless one is named.

    Raises:
        UsageError: There is none; the sentence names what there is.
        BundleError: It is damaged, and nothing can take its place.
    """
    return model(task, variant)


def ask_for_task(image: Image, terminal: Terminal, *, interactive: bool) -> str:
    """The task that the user picks among those that fit the image.

    Args:
        image: As read; a guess at its modality is shown as a guess.
        terminal: To ask at.
        interactive: Whether somebody sits there.

    Raises:
        UsageError: No task fits, or nobody can be asked; the sentence lists what fits.
        CancelledError: The user would not choose.
    """
    tasks = fitting_tasks(image, available_models())
    seen = f"{image.name} ({described(image)})"
    if not tasks:
        raise UsageError(
            seen,
            found="no model for such an image",
            expected="a task of `omniseg models` that takes it",
            remedy="name the modality with --modality, or a bundle with --model",
        )
    lines = [task.as_text() for task in tasks]
    if not interactive:
        raise UsageError(
            seen,
            found="no task named",
            expected=f"one of the tasks that fit: {'; '.join(lines)}",
            remedy=f"name it, for example --task {tasks[0].id}",
        )
    terminal.say(f"These tasks fit {seen}:")
    return tasks[terminal.choose("Which number", lines)].id


def fitting_tasks(image: Image, entries: Sequence[ModelEntry]) -> tuple[FittingTask, ...]:
    """The tasks whose models take the image, in the order of ``entries``.

    Where the modality is a guess, only tasks that agree with it are listed; naming another
    task overrules the guess.
    """
    groups: dict[str, list[ModelEntry]] = {}
    for entry in entries:
        if _fits(image, entry):
            groups.setdefault(entry.manifest.task.id, []).append(entry)
    return tuple(
        FittingTask(
            task,
            members[0].manifest.task.title,
            members[0].manifest.preprocessing.modality,
            tuple(dict.fromkeys(entry.manifest.variant.value for entry in members)),
            all(entry.manifest.synthetic for entry in members),
        )
        for task, members in groups.items()
    )


def described(image: Image) -> str:
    """What an image is, for people."""
    channels = counted(image.channels, "channel")
    kind = "picture" if image.geometry.dimensions == 2 else "volume"
    return f"{kind}, {channels}, modality {image.modality.as_text()}"


def _fits(image: Image, entry: ModelEntry) -> bool:
    settings = entry.manifest.preprocessing
    if image.modality.value not in (None, settings.modality):
        return False
    try:
        check_image(image, settings)
    except DataError:
        return False
    return True
