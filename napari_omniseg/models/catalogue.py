"""The models at hand, by task: what the Segment panel can offer."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omniseg_backend.bundles.card import ModelCard
    from omniseg_backend.bundles.shelf import ModelEntry


@dataclasses.dataclass(frozen=True, eq=False)
class OfferedModel:
    """A model and what was measured on it.

    Attributes:
        entry: Where it is and what it is.
        card: Its figures.
    """

    entry: ModelEntry
    card: ModelCard

    @property
    def variant(self) -> str:
        """``compact``, ``balanced``, ``accurate`` or ``custom``."""
        return str(self.entry.manifest.variant)

    @property
    def label(self) -> str:
        """For people who choose among models of one task and variant."""
        manifest = self.entry.manifest
        name = f"{manifest.id} {manifest.version}"
        return f"{name} ({self.entry.manifest_hash[:6]}), {self.entry.status}"

    @property
    def dice(self) -> tuple[float, str] | None:
        """Mean Dice and the part it was measured on, the test part rather than validation."""
        measured = [(e.mean_dice, e.part) for e in self.card.evaluations if e.mean_dice is not None]
        by_part = {part: dice for dice, part in measured}
        for part in ("test", "validation"):
            if part in by_part:
                return by_part[part], part
        return None


@dataclasses.dataclass(frozen=True, eq=False)
class OfferedTask:
    """A task and its models.

    Attributes:
        id: For machines.
        title: For people.
        demo: Whether its models saw phantoms only.
        needs_region: Whether the user must mark a region.
        models: At least one, in the shelf's order: of each variant the current one first.
    """

    id: str
    title: str
    demo: bool
    needs_region: bool
    models: tuple[OfferedModel, ...]

    def of_variant(self, variant: str) -> tuple[OfferedModel, ...]:
        """Its models of one variant, the one to take first."""
        return tuple(model for model in self.models if model.variant == variant)

    @property
    def variants(self) -> tuple[str, ...]:
        """Those that it has a model of, the cheapest first."""
        return tuple(dict.fromkeys(model.variant for model in self.models))


@dataclasses.dataclass(frozen=True, eq=False)
class Catalogue:
    """What the shelf holds.

    Attributes:
        tasks: By title, demos last.
        problems: Why other bundles cannot be used, a sentence each.
        stamp: Of the user's models when they were listed.
    """

    tasks: tuple[OfferedTask, ...] = ()
    problems: tuple[str, ...] = ()
    stamp: tuple[tuple[int, int], ...] = ()

    @property
    def outdated(self) -> bool:
        """Whether a model was added, promoted or removed since; quick, for the main thread."""
        from omniseg_backend.bundles.shelf import shelf_stamp

        return self.stamp != shelf_stamp()

    def task(self, task_id: str | None) -> OfferedTask | None:
        """The task of an id; None if there is none."""
        return next((task for task in self.tasks if task.id == task_id), None)


def read_catalogue() -> Catalogue:
    """Look through the shelf; reads files, so not on the main thread."""
    from omniseg_backend.bundles.models import model_shelf
    from omniseg_backend.bundles.shelf import shelf_stamp
    from omniseg_backend.common.errors import BundleError

    stamp = shelf_stamp()  # before reading: what changes meanwhile is then seen as a change
    shelf = model_shelf()
    problems = [str(problem) for problem in shelf.refused]
    problems += [notice[:1].upper() + notice[1:] + "." for notice in shelf.notices]
    by_task: dict[str, list[OfferedModel]] = {}
    for entry in shelf.entries:
        try:
            offered = OfferedModel(entry, entry.card())
        except BundleError as error:
            problems.append(str(error))
            continue
        by_task.setdefault(entry.manifest.task.id, []).append(offered)
    tasks = [_task(models) for models in by_task.values()]
    tasks.sort(key=lambda task: (task.demo, task.title.casefold()))
    return Catalogue(tuple(tasks), tuple(problems), stamp)


def _task(models: list[OfferedModel]) -> OfferedTask:
    first = models[0].entry.manifest
    return OfferedTask(
        id=first.task.id,
        title=first.task.title,
        demo=all(model.entry.manifest.synthetic for model in models),
        needs_region=any(model.entry.manifest.task.needs_region for model in models),
        models=tuple(models),
    )
