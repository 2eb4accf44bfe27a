"""Whether a bundle may become the current one of its task and variant, and making it so."""

from __future__ import annotations

import dataclasses

from omniseg_backend.bundles.current import current_model, make_current
from omniseg_backend.bundles.history import Grounds, ModelEvent
from omniseg_backend.bundles.models import add_model
from omniseg_backend.bundles.shelf import ModelEntry, model_shelf
from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.common.wording import counted
from omniseg_backend.datasets.problems import listed
from omniseg_backend.evaluation.comparison import Comparison, latest_comparison
from omniseg_backend.evaluation.held_out import seen_in_training
from omniseg_backend.evaluation.verdict import why


@dataclasses.dataclass(frozen=True)
class Promotion:
    """A model that has become the current one.

    Attributes:
        model: It.
        replaced: What was the current one; None for the first of its kind.
        comparison: Of the two; None for the first of its kind.
        event: The line of the history.
    """

    model: ModelEntry
    replaced: ModelEntry | None
    comparison: Comparison | None
    event: ModelEvent


def promote(bundle: Bundle, *, accept_uncertain: bool = False) -> Promotion:
    """Make a bundle the current one of its task and variant.

    It must have been compared with the current one, on cases that neither was trained on, and
    not be worse; the last comparison of the two counts. The first model of its kind has nothing
    to be compared with. A bundle that is not yet among the user's models is added.

    Args:
        bundle: Which.
        accept_uncertain: Whether to go on where the comparison could not tell; recorded.

    Raises:
        DataError: There is no comparison, it says "worse", or a compared case was trained on.
        UsageError: It is the current one already, or the comparison cannot tell and nobody
            accepted that.
    """
    task, variant = bundle.manifest.task.id, bundle.manifest.variant
    before = current_model(task, variant)
    comparison = None if before is None else _comparison_with(bundle, before)
    uncertain = comparison is not None and comparison.verdict == "too few to tell"
    if comparison is not None and uncertain and not accept_uncertain:
        raise UsageError(
            _name(bundle),
            found=f"a comparison that cannot tell: Dice {comparison.overall.as_text()}, "
            f"{why(comparison.overall)}",
            expected="a bundle that is better",
            remedy="compare on more patients, or accept the uncertainty (--accept-uncertain), "
            "which is recorded",
        )
    grounds = Grounds(
        comparison=None if comparison is None else comparison.id,
        verdict=None if comparison is None else comparison.verdict,
        confirmed=uncertain,
    )
    entry = _on_shelf(bundle) or add_model(bundle.path)
    event = make_current(
        entry, grounds, instead_of=None if before is None else before.manifest_hash
    )
    return Promotion(_on_shelf(bundle) or entry, before, comparison, event)


def _comparison_with(bundle: Bundle, current: ModelEntry) -> Comparison:
    """The last comparison of a bundle with the current one, if it allows the promotion."""
    if current.manifest_hash == bundle.manifest_hash:
        raise UsageError(
            _name(bundle),
            found="the current model",
            expected="one that is not current yet",
            remedy="nothing is to be done",
        )
    comparison = latest_comparison(current.manifest_hash, bundle.manifest_hash)
    if comparison is None:
        raise DataError(
            _name(bundle),
            found=f"no comparison with the current model, {current.manifest.id} "
            f"{current.manifest.version} ({current.manifest_hash[:12]})",
            expected="a comparison on cases that neither was trained on",
            remedy=f"run `omniseg compare {current.manifest.id} {bundle.path} DATASET` first",
        )
    trained = seen_in_training(comparison.cases, (bundle.manifest, current.manifest))
    if trained:
        raise DataError(
            _name(bundle),
            found=f"compared cases that were trained or validated on ({listed(trained)})",
            expected="held-out cases only",
            remedy="compare on other patients",
        )
    if comparison.verdict == "worse":
        raise DataError(
            _name(bundle),
            found=f"a worse model: Dice {comparison.overall.as_text()} on "
            f"{counted(comparison.overall.patients, 'patient')} of {comparison.dataset}",
            expected="one that is not worse than the current one",
            remedy="train it longer or on more cases, and compare again",
        )
    return comparison


def _on_shelf(bundle: Bundle) -> ModelEntry | None:
    return next((e for e in model_shelf().entries if e.manifest_hash == bundle.manifest_hash), None)


def _name(bundle: Bundle) -> str:
    return f"{bundle.manifest.id} {bundle.manifest.version} ({bundle.manifest_hash[:12]})"
