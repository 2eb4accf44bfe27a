"""Latency of our variants beside their peers: one exporter, one runtime, in turns."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from omniseg_backend.common.errors import UsageError
from omniseg_backend.common.progress import Cancel, Progress, check_cancel, no_progress
from omniseg_backend.inference.latency import (
    LatencyCandidate,
    LatencyFigures,
    Runnable,
    measure_interleaved,
)
from omniseg_backend.inference.matrix_product import MatrixProduct, gflops
from omniseg_backend.inference.session import NetworkSession
from omniseg_backend.studies.networks import IN_CHANNELS, module_cost, studied_network
from omniseg_backend.studies.onnx_cost import graph_flops, graph_parameters
from omniseg_backend.studies.onnx_file import FileSession, Shape, input_shapes, load_file
from omniseg_backend.studies.settings import LatencySettings, NetworkName
from omniseg_backend.training.onnx_graph import export_module

#: Share of the whole that exporting is said to be.
_EXPORTING = 0.5


@dataclasses.dataclass(frozen=True)
class LatencyRow:
    """One network at one size.

    Attributes:
        model: Its name, or its file's.
        size: Side of the input; the longer one where they differ.
        parameters: Learnt numbers.
        flops: Of one run.
        figures: Its times.
        peak_share: Its speed by its fastest run, as a share of the matrix product's.
    """

    model: str
    size: int
    parameters: int
    flops: int
    figures: LatencyFigures
    peak_share: float


@dataclasses.dataclass(frozen=True)
class LatencyStudy:
    """All networks, and the matrix product that ran among them."""

    matmul_gflops: float
    rows: tuple[LatencyRow, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class _Entrant:
    """A network at one input shape, and what it costs there."""

    model: str
    session: Runnable
    shape: Shape
    parameters: int
    flops: int


def measure_latencies(
    settings: LatencySettings, *, progress: Progress = no_progress, cancel: Cancel | None = None
) -> LatencyStudy:
    """Export every network as a bundle's is, and time all of them in turns.

    Weights are random: convolutions take equally long on any. Batch norms are left to ONNX
    Runtime to fold, in ours and in the peers alike.

    Args:
        settings: Networks, sizes, rounds, threads.
        progress: Told about every export and every round.
        cancel: Looked at between exports and between runs.

    Raises:
        UsageError: A network does not take one of the sizes.
        DataError: A peer's file cannot be used.
        CancelledError: The user cancelled.
    """
    entrants = [*_files(settings)]
    for place, name in enumerate(settings.networks):
        check_cancel(cancel, "the benchmark")
        progress(f"exporting {name}", _EXPORTING * place / len(settings.networks))
        entrants += _built(name, settings)
    product, *figures = measure_interleaved(
        [
            LatencyCandidate(MatrixProduct(settings.threads), MatrixProduct.input_shape),
            *(LatencyCandidate(one.session, one.shape) for one in entrants),
        ],
        settings.rounds,
        progress=lambda stage, part: progress(stage, _EXPORTING + (1 - _EXPORTING) * part),
        cancel=cancel,
    )
    peak = gflops(MatrixProduct.flops, product.min_ms)
    rows = [_row(one, taken, peak) for one, taken in zip(entrants, figures, strict=True)]
    return LatencyStudy(peak, tuple(sorted(rows, key=lambda row: _place(row, settings))))


def _built(name: NetworkName, settings: LatencySettings) -> Iterator[_Entrant]:
    network = studied_network(name)
    for side in settings.sizes:
        if side % network.stride:
            raise UsageError(
                "--size",
                found=f"{side} for {name}",
                expected=f"a multiple of {network.stride}",
                remedy=f"choose another size, or leave {name} out",
            )
    costs = [module_cost(network.module, side) for side in settings.sizes]
    graph = export_module(network.module, IN_CHANNELS, network.stride)
    session = NetworkSession(graph, threads=settings.threads, subject=name)
    for side, cost in zip(settings.sizes, costs, strict=True):
        shape = (1, IN_CHANNELS, side, side)
        yield _Entrant(name, session, shape, cost.parameters, cost.flops)


def _files(settings: LatencySettings) -> Iterator[_Entrant]:
    for path in settings.peers:
        model = load_file(path)
        session = FileSession(model.SerializeToString(), threads=settings.threads, subject=path)
        for shape in input_shapes(model, settings.sizes, path):
            yield _Entrant(
                path.stem, session, shape, graph_parameters(model), graph_flops(model, shape, path)
            )


def _row(entrant: _Entrant, figures: LatencyFigures, peak: float) -> LatencyRow:
    share = gflops(entrant.flops, figures.min_ms) / peak
    return LatencyRow(
        entrant.model, max(entrant.shape[2:]), entrant.parameters, entrant.flops, figures, share
    )


def _place(row: LatencyRow, settings: LatencySettings) -> tuple[int, int]:
    """By size, then in the order of the settings, files last."""
    names: Sequence[str] = settings.networks
    return row.size, names.index(row.model) if row.model in names else len(names)
