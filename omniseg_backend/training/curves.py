"""The learning-curve picture of a run."""

from __future__ import annotations

from pathlib import Path

from omniseg_backend.common.atomic import atomic_path
from omniseg_backend.training.checkpoint import RunState


def draw_curves(state: RunState, class_names: tuple[str, ...], path: Path) -> None:
    """Draw training loss and validation Dice over the steps into a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    steps = [point.step for point in state.history]
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    left.plot(steps, [point.loss for point in state.history], marker=".")
    left.set(xlabel="step", ylabel="training loss (cross-entropy + Dice)")
    for index, name in enumerate(class_names):
        right.plot(
            steps,
            [point.class_dice[index] for point in state.history],
            marker=".",
            label=name,
        )
    right.axvline(
        state.best_step, color="0.7", linestyle="--", label=f"best: {state.best_dice:.3f}"
    )
    right.set(xlabel="step", ylabel="validation Dice", ylim=(0, 1))
    right.legend(fontsize="small")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110)
