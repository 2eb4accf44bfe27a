"""The machine as ``omniseg doctor`` sees it; neither its name nor its user's."""

from __future__ import annotations

import multiprocessing
import platform
from importlib import metadata
from pathlib import Path

from omniseg_backend.cli.result_documents import CpuFlag, Host
from omniseg_backend.common.atomic import refuse_unwritable
from omniseg_backend.common.errors import DataError
from omniseg_backend.common.home import omniseg_home
from omniseg_backend.common.platform import available_memory, cpu_features, cpu_model, usable_cpus
from omniseg_backend.common.provenance import DISTRIBUTION
from omniseg_backend.inference.latency import LatencyCandidate, measure_interleaved
from omniseg_backend.inference.matrix_product import MatrixProduct, gflops

#: What results and their speed depend on; versions are read without importing anything.
_DISTRIBUTIONS = (DISTRIBUTION, "numpy", "onnx", "onnxruntime", "scipy", "torch")

#: Any of these features of Linux's list stands for the flag.
_FEATURES: tuple[tuple[CpuFlag, frozenset[str]], ...] = (
    ("avx2", frozenset({"avx2"})),
    ("avx512", frozenset({"avx512f"})),
    ("vnni", frozenset({"avx512_vnni", "avx_vnni"})),
    ("bf16", frozenset({"avx512_bf16", "amx_bf16", "bf16"})),
)

#: The fastest of nine products counts: slower ones tell what else the machine was doing.
_PRODUCTS = 9


def host() -> Host:
    """What the machine is and what is installed on it."""
    import onnxruntime

    return Host(
        os=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        cpu=cpu_model(),
        cpu_flags=cpu_flags(cpu_features()),
        usable_cores=usable_cpus(),
        memory_available=available_memory(),
        versions={name: installed_version(name) for name in _DISTRIBUTIONS},
        providers=tuple(onnxruntime.get_available_providers()),
        start_method=multiprocessing.get_start_method(),
        home_writable=can_write(omniseg_home()),
        network="none",
    )


def cpu_flags(features: frozenset[str] | None) -> dict[CpuFlag, bool] | None:
    """Which instructions that networks gain from the processor has; None if unknown."""
    if features is None:
        return None
    return {flag: bool(names & features) for flag, names in _FEATURES}


def installed_version(distribution: str) -> str | None:
    """The version of a distribution, None where it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def can_write(folder: Path) -> bool:
    """Whether files can be put into a folder, which need not exist yet."""
    try:
        refuse_unwritable(folder / "file")
    except DataError:
        return False
    return True


def matmul_gflops() -> float:
    """Speed of a float32 matrix product in billions of operations a second."""
    candidate = LatencyCandidate(MatrixProduct(usable_cpus()), MatrixProduct.input_shape)
    (figures,) = measure_interleaved([candidate], _PRODUCTS)
    return gflops(MatrixProduct.flops, figures.min_ms)
