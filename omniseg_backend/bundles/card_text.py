"""The model card for people: Markdown from the manifest and the measured figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from omniseg_backend.bundles.card import (
    Calibration,
    Evaluation,
    FalsePositives,
    ModelCard,
    Spread,
    card_bytes,
)
from omniseg_backend.bundles.manifest import ManifestDraft
from omniseg_backend.bundles.training_record import TrainingRecord
from omniseg_backend.common.provenance import NOTICE
from omniseg_backend.common.wording import counted

_MISSING = "-"


def card_members(card: ModelCard, manifest: ManifestDraft) -> dict[str, bytes]:
    """The two members of a bundle that a card becomes, by name."""
    return {
        "card.json": card_bytes(card),
        "card.md": render(card, manifest).encode("utf-8"),
    }


def render(card: ModelCard, manifest: ManifestDraft) -> str:
    """A bundle's card as Markdown; equal input gives equal text."""
    task = manifest.task
    sections = [
        f"# {_plain(task.title)}: {manifest.variant.capitalize()}",
        _about(card, manifest),
        f"## Intended use\n\n{_plain(task.intended_use)}\n\n{NOTICE.capitalize()}.",
        "## Limits\n\n" + "\n".join(f"- {_plain(limit)}" for limit in _limits(manifest)),
        f"## Data\n\n{_plain(task.description)}\n\nLicence: {_plain(task.licence)}. "
        f"Credit: {_plain(task.credit)}.",
        _training(manifest.training),
        *(_evaluation(part) for part in card.evaluations),
        "## Images without the structure\n\n" + _false_positives(card.false_positives),
        "## Calibration\n\n" + _calibration(card.calibration, manifest.temperature),
        "## Review flag\n\n" + _review(manifest),
        *_storage(card, manifest),
        *_latency(card),
    ]
    if card.notes:
        sections.append("## Notes\n\n" + "\n".join(f"- {_plain(note)}" for note in card.notes))
    return "\n\n".join(sections) + "\n"


def _about(card: ModelCard, manifest: ManifestDraft) -> str:
    classes = ", ".join(f"{entry.value} {_plain(entry.name)}" for entry in manifest.classes)
    demo = "**DEMO: trained on phantoms, no patient was seen.**\n\n" if manifest.synthetic else ""
    architecture = manifest.architecture
    return (
        f"{demo}{manifest.id} {manifest.version}. Outlines {_plain(manifest.task.structure)} "
        f"in {manifest.preprocessing.modality}. Classes: {classes}.\n\n"
        f"{architecture.family}, alpha {architecture.alpha:g}, beta {architecture.beta:g}, "
        f"{card.parameters} parameters, input "
        f"{_by(manifest.preprocessing.input_size)} pixels, weights stored as {manifest.storage}."
    )


def _limits(manifest: ManifestDraft) -> Iterator[str]:
    yield from manifest.task.limits
    if manifest.task.needs_region:
        yield "The user must mark a region first."
    if not manifest.training.by_patient:
        yield "Validation is not split by patient: figures may be too high."


def _training(record: TrainingRecord) -> str:
    start = record.initialised_from
    weights = f"{start.bundle} ({start.manifest_hash[:12]})" if start else "random weights"
    rows = [
        ("Cases, training", _of(record.train_cases, record.train_patients)),
        ("Cases, validation", _of(record.validation_cases, record.validation_patients)),
        ("Split", record.split),
        ("Split by patient", "yes" if record.by_patient else "not split by patient"),
        ("Started from", weights),
        ("Steps", f"{record.steps} of {counted(record.batch_size, 'window')}"),
        ("Learning rate", f"{record.learning_rate:g}"),
        ("Augmentation", record.augmentation),
        ("Windows without structure", f"{100 * record.negatives_share:.1f} %"),
        ("Seed", str(record.seed)),
        ("Device", f"{record.device}, {record.precision}, {counted(record.threads, 'thread')}"),
        ("Machine", record.machine),
        ("Time", f"{record.started} to {record.finished}"),
        ("Software", ", ".join(f"{k} {v}" for k, v in sorted(record.software.items()))),
        ("Commit", record.commit or "unknown"),
    ]
    return "## Training\n\n" + _table(("", ""), rows)


def _evaluation(part: Evaluation) -> str:
    head = ("class", "Dice", "95 % interval", "n", "HD95", "unit", "missed", "invented", "empty")
    rows = [
        (
            result.class_name,
            _spread(result.dice, 3),
            _interval(result.dice, 3),
            str(result.dice.n if result.dice else 0),
            _spread(result.hd95, 1),
            result.unit,
            str(result.missed),
            str(result.invented),
            str(result.both_empty),
        )
        for result in part.classes
    ]
    kind = ", phantoms" if part.synthetic else ""
    mean = _MISSING if part.mean_dice is None else f"{part.mean_dice:.3f}"
    return (
        f"## Results: {_plain(part.data)}, {part.part} part{kind}\n\n"
        f"{_of(part.cases, part.patients)}; mean Dice over classes {mean}. Mean and standard "
        f"deviation over cases; cases without the class and found empty are left out.\n\n"
        + _table(head, rows)
    )


def _false_positives(found: FalsePositives | None) -> str:
    if found is None:
        return "Never tested."
    return (
        f"{_plain(found.data)}: something was found on {found.images_with_any} of "
        f"{counted(found.images, 'image')}, {found.mean_area:.1f} {found.unit} per image "
        "on average."
    )


def _calibration(calibration: Calibration | None, temperature: float) -> str:
    if calibration is None:
        return f"Never measured. Temperature {temperature:.3f}."
    return (
        f"Temperature {temperature:.3f}, fitted on {calibration.cases} validation cases: "
        f"expected calibration error {calibration.ece_before:.4f} before, "
        f"{calibration.ece_after:.4f} after."
    )


def _review(manifest: ManifestDraft) -> str:
    rule = manifest.review
    return (
        f"A class is flagged below a mean confidence of {rule.threshold:.3f}. Over validation "
        f"cases and seeded corruptions of them, flagged with Dice below {rule.bad_dice:g}: "
        f"{rule.sensitivity}; flagged although better: {rule.false_alarms}."
    )


def _storage(card: ModelCard, manifest: ManifestDraft) -> Iterator[str]:
    if card.storage:
        rows = [
            (
                figure.storage + (" (kept)" if figure.storage == manifest.storage else ""),
                f"{figure.size / 1e6:.2f} MB",
                f"{figure.dice:.4f}",
            )
            for figure in card.storage
        ]
        yield "## Storage\n\n" + _table(("weights", "size", "mean Dice, validation"), rows)


def _latency(card: ModelCard) -> Iterator[str]:
    if card.latency:
        rows = [
            (
                figure.cpu,
                str(figure.threads),
                _by(figure.input_size),
                f"{figure.milliseconds:.1f} ms",
                f"{figure.fastest:.1f} ms",
                str(figure.runs),
            )
            for figure in card.latency
        ]
        head = ("CPU", "threads", "window", "median", "fastest", "runs")
        yield "## Latency of the network\n\n" + _table(head, rows)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *(tuple(map(_plain, row)) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _plain(text: str) -> str:
    """Text that Markdown shows as it is: no tables broken, no links, no HTML."""
    for sign in "\\`*_[]<>|":
        text = text.replace(sign, "\\" + sign)
    return text


def _spread(spread: Spread | None, digits: int) -> str:
    if spread is None:
        return _MISSING
    sd = "" if spread.sd is None else f" ± {spread.sd:.{digits}f}"
    return f"{spread.mean:.{digits}f}{sd}"


def _interval(spread: Spread | None, digits: int) -> str:
    if spread is None or spread.low is None:
        return _MISSING
    return f"{spread.low:.{digits}f} to {spread.high:.{digits}f}"


def _of(cases: int, patients: int | None) -> str:
    known = ", patients unknown" if patients is None else f" of {counted(patients, 'patient')}"
    return counted(cases, "case") + known


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"
