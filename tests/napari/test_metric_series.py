"""What is drawn of a job's figures: the last counts, gaps stay, long lines keep their shape."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from napari_omniseg.models.metric_series import Line, MetricSeries, thinned
from napari_omniseg.models.plot_colours import CONTRAST, contrast, line_colour
from omniseg_backend.images.classes import PALETTE
from omniseg_backend.jobs.events import Measured, Tried


def line_of(*points: tuple[int, float | None]) -> Line:
    line = Line()
    for step, value in points:
        line.put(step, value)
    return line


def test_the_last_value_of_a_step_counts_and_steps_are_in_order() -> None:
    line = line_of((5, 0.1), (15, 0.3), (10, 0.2), (5, 0.15), (15, None), (20, 0.4))
    steps, values = line.drawn()
    assert steps.tolist() == [5, 10, 15, 20]
    assert np.array_equal(values, [0.15, 0.2, np.nan, 0.4], equal_nan=True)
    assert line.latest == 0.4


def test_groups_and_names_keep_the_order_of_their_first_coming() -> None:
    series = MetricSeries()
    series.add(Measured(group="loss", step=1, values={"training": 2.0}))
    series.add(Measured(group="Dice", step=1, values={"mean": 0.5, "disc": None}))
    series.add(Measured(group="Dice", step=2, values={"square": 0.6, "mean": 0.55}))
    assert list(series.lines) == ["loss", "Dice"]
    assert list(series.lines["Dice"]) == ["mean", "disc", "square"]
    assert np.isnan(series.lines["Dice"]["disc"].latest)


def test_a_trial_told_again_is_the_same_point() -> None:
    series = MetricSeries()
    told = {"group": "front", "step": 3, "objectives": {"ms": 20.0, "Dice": 0.8}}
    series.add_trial(Tried.model_validate(told))
    series.add_trial(Tried.model_validate({**told, "label": "Compact", "chosen": True}))
    (point,) = series.points["front"].values()
    assert (point.x, point.y, point.label, point.chosen) == (20.0, 0.8, "Compact", True)
    assert series.axes["front"] == ("ms", "Dice")


def test_a_thinned_line_keeps_its_extremes_its_gap_and_its_end() -> None:
    steps = np.arange(100_001.0)
    values = np.sin(steps / 7000)
    values[31_415] = 9.0
    values[27_182] = -9.0
    values[60_000:65_000] = np.nan
    drawn, figures = thinned(steps, values, 2000)
    assert len(drawn) <= 2001
    assert (np.nanmax(figures), np.nanmin(figures)) == (9.0, -9.0)
    assert drawn[np.nanargmax(figures)] == 31_415
    assert drawn[-1] == 100_000
    assert np.isnan(figures[(drawn > 60_100) & (drawn < 64_900)]).all()
    assert np.all(np.diff(drawn) > 0)


@pytest.mark.parametrize("length", [2, 1999, 2000, 2001, 2999, 4001])
def test_lines_of_any_length_are_thinned(length: int) -> None:
    steps = np.arange(float(length))
    drawn, figures = thinned(steps, steps, 2000)
    assert len(drawn) <= 2001
    assert (figures[0], figures[-1]) == (0, length - 1)


@pytest.mark.parametrize("ground", [(0, 0, 0), (38, 41, 48), (239, 235, 233), (255, 255, 255)])
def test_lines_are_told_from_their_ground_and_from_each_other(ground: tuple[int, int, int]) -> None:
    colours = [line_colour(place, ground) for place in range(len(PALETTE))]
    assert min(contrast(colour, ground) for colour in colours) >= CONTRAST
    for one, other in itertools.combinations(colours, 2):
        assert np.abs(np.subtract(one, other)).max() > 30
