"""Numbers as a panel shows them: short, and no more exact than they are."""

from __future__ import annotations


def seconds_text(seconds: float) -> str:
    """A duration with two digits: ``< 0.1 s``, ``0.4 s``, ``12 s``, ``3.5 min``, ``2.1 h``."""
    if seconds < 0.095:
        return "< 0.1 s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    if seconds < 5970:
        return _two_digits(seconds / 60, "min")
    return _two_digits(seconds / 3600, "h")


def parameters_text(count: int) -> str:
    """Trained numbers of a network: ``1.5 M``."""
    return f"{count / 1e6:.1f} M" if count >= 100_000 else f"{count / 1e3:.0f} k"


def bytes_text(count: int) -> str:
    """Memory: ``2.3 GB``, ``120 MB``."""
    return f"{count / 1e9:.1f} GB" if count >= 0.95e9 else f"{count / 1e6:.0f} MB"


def progress_text(stage: str, fraction: float, elapsed: float) -> str:
    """How far a run is and, once that can be told, how long it will go on.

    Args:
        stage: What is being done.
        fraction: Of it, 0 to 1.
        elapsed: Seconds since the stage began.
    """
    done = f"{stage}, {100 * fraction:.0f} %"
    if fraction < 0.05 or elapsed < 0.5 or fraction >= 1.0:
        return done
    return f"{done}, {seconds_text(elapsed / fraction * (1 - fraction))} left"


def _two_digits(value: float, unit: str) -> str:
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
