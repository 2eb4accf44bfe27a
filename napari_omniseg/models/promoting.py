"""Making a new model the current one, and going back. All of it reads and writes files."""

from __future__ import annotations

from pathlib import Path


def promote(path: Path, *, accept_uncertain: bool) -> str:
    """Make a bundle the current model of its task and variant.

    Args:
        path: The bundle.
        accept_uncertain: Whether the user insists where the comparison cannot tell; recorded.

    Returns:
        What was done, for people.

    Raises:
        OmniSegError: It is refused; see ``evaluation.promotion.promote``.
    """
    from omniseg_backend.bundles.store import load_bundle
    from omniseg_backend.evaluation import promotion

    done = promotion.promote(load_bundle(path), accept_uncertain=accept_uncertain)
    new = done.model.manifest
    text = f"{new.id} {new.version} is now the current {new.variant} model of {new.task.title}"
    if done.replaced is None:
        return f"{text}. Segment takes it from now on."
    old = done.replaced.manifest
    return f"{text}, in place of {old.id} {old.version}. Segment takes it from now on."


def roll_back(task: str, variant: str) -> str:
    """Make the model before the current one current again.

    Returns:
        What was done, for people.

    Raises:
        OmniSegError: There is none to go back to.
    """
    from omniseg_backend.bundles import current

    done = current.roll_back(task, variant)
    left, restored = done.left.manifest, done.restored.manifest
    return (
        f"{restored.id} {restored.version} is the current model again; "
        f"{left.id} {left.version} is a candidate."
    )
