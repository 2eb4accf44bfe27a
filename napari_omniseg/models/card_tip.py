"""A task's model cards, short enough to be read while the mouse rests on it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from napari_omniseg.models.catalogue import OfferedModel, OfferedTask
from napari_omniseg.models.image_choices import MODALITY_WORDS
from omniseg_backend.common.wording import counted


def card_tip(task: OfferedTask) -> str:
    """Classes, results, data, licence and limits, as Qt's rich text, which wraps.

    Args:
        task: Of each variant the model that would be taken is described.
    """
    manifest = task.models[0].entry.manifest
    about = manifest.task
    lines = [
        f"<b>{escape(about.title)}</b>",
        f"Outlines {escape(about.structure)} in {MODALITY_WORDS[manifest.preprocessing.modality]}.",
        f"<b>Classes</b>: {escape(', '.join(entry.name for entry in manifest.classes))}",
        *_results([task.of_variant(variant)[0] for variant in task.variants]),
        f"<b>Trained on</b>: {_cases(task.models[0])}. {escape(about.description)}",
        f"<b>Licence of the data</b>: {escape(about.licence)}",
        *_limits(task),
        f"<b>Use</b>: {escape(about.intended_use)} Research use, not reviewed.",
    ]
    if task.demo:
        lines.insert(1, "<b>DEMO: trained on phantoms, no patient was seen.</b>")
    return "<br>".join(lines)


def _cases(model: OfferedModel) -> str:
    record = model.entry.manifest.training
    cases = counted(record.train_cases, "case")
    if record.train_patients is None:
        return cases
    return f"{cases} of {counted(record.train_patients, 'patient')}"


def _results(models: list[OfferedModel]) -> Iterator[str]:
    """A table of Dice: a row for each class, a column for each variant."""
    columns = [(model, _by_class(model)) for model in models]
    parts = sorted({part for _, (part, _) in columns if part})
    if not parts:
        yield "<b>Dice</b>: never measured"
        return
    names = [entry.name for entry in models[0].entry.manifest.classes]
    head = "".join(f"<th>&nbsp;{model.variant}</th>" for model in models)
    rows = "".join(
        f"<tr><td>{escape(name)}</td>"
        + "".join(f"<td align='right'>{dice.get(name, '-')}</td>" for _, (_, dice) in columns)
        + "</tr>"
        for name in names
    )
    where = " and ".join(parts)
    yield f"<b>Dice</b>, {where} part:<table><tr><th></th>{head}</tr>{rows}</table>"


def _by_class(model: OfferedModel) -> tuple[str | None, dict[str, str]]:
    found = model.dice
    if found is None:
        return None, {}
    part = found[1]
    evaluation = next(e for e in model.card.evaluations if e.part == part)
    return part, {
        result.class_name: f"{result.dice.mean:.3f}"
        for result in evaluation.classes
        if result.dice is not None
    }


def _limits(task: OfferedTask) -> Iterator[str]:
    limits = list(task.models[0].entry.manifest.task.limits)
    if task.needs_region:
        limits.append("A region must be marked first.")
    if limits:
        yield "<b>Limits</b>: " + escape(" ".join(limits))
