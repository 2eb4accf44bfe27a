"""``omniseg benchmark ui``: how quickly a viewer's panels answer."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
from typing import TYPE_CHECKING

from omniseg_backend.cli.options import Json

if TYPE_CHECKING:
    from rich.console import RenderableType

    from omniseg_backend.cli.benchmark_documents import BenchmarkUiDocument
    from omniseg_backend.cli.terminal import Terminal
    from omniseg_backend.common.figures import Benchmark

_GROUP, _NAME = "omniseg.benchmarks", "ui"


def ui(json: Json = False) -> None:
    """Press the buttons of napari's panels and time what the user waits for.

    Opens a window; where there is no screen, a virtual one (Xvfb).
    """
    from omniseg_backend.cli.terminal import command

    with command(json=json) as terminal:
        terminal.answer(_measured(terminal), _tables)


def _measured(terminal: Terminal) -> BenchmarkUiDocument:
    from omniseg_backend.cli.benchmark_documents import BenchmarkUiDocument, UiFigure
    from omniseg_backend.cli.benchmark_machine import benchmark_machine
    from omniseg_backend.common.platform import usable_cpus

    found = _benchmark()(progress=terminal.progress, cancel=terminal.cancel)
    return BenchmarkUiDocument(
        machine=benchmark_machine(usable_cpus()),
        figures=tuple(
            UiFigure(
                name=figure.name,
                median_ms=figure.milliseconds,
                worst_ms=figure.worst,
                repetitions=figure.repetitions,
                limit_ms=figure.limit,
                remark=figure.remark,
            )
            for figure in found
        ),
    )


def _benchmark() -> Benchmark:
    """The front end's; found by its entry point, since the backend knows no front end."""
    from omniseg_backend.common.errors import ResourceError

    for entry in metadata.entry_points(group=_GROUP, name=_NAME):
        loaded: Benchmark = entry.load()
        return loaded
    raise ResourceError(
        "the benchmark of the panels",
        found="no front end that brings one",
        expected="the napari plugin",
        remedy="install the software again",
    )


def _tables(document: BenchmarkUiDocument) -> Sequence[RenderableType]:
    from omniseg_backend.cli.benchmark_machine import machine_sentence
    from omniseg_backend.cli.tables import table

    headings = ("what", "median ms", "worst ms", "times", "limit ms", "remark")
    rows = [
        (
            figure.name,
            _shown(figure.median_ms),
            _shown(figure.worst_ms),
            str(figure.repetitions),
            _shown(figure.limit_ms),
            figure.remark,
        )
        for figure in document.figures
    ]
    return [table(headings, rows, numbers=headings[1:5]), machine_sentence(document.machine)]


def _shown(milliseconds: float | None) -> str:
    return "-" if milliseconds is None else f"{milliseconds:.0f}"
