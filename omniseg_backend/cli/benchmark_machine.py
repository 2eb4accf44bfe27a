"""What benchmarks say of the machine, and the options that they share."""

from __future__ import annotations

import platform
from collections.abc import Sequence

from omniseg_backend.cli.benchmark_documents import BenchmarkMachine, LatencyMachine
from omniseg_backend.cli.host import installed_version
from omniseg_backend.common.errors import UsageError
from omniseg_backend.common.platform import cpu_model
from omniseg_backend.common.wording import counted

_DISTRIBUTIONS = ("numpy", "onnxruntime", "torch")


def benchmark_machine(threads: int) -> BenchmarkMachine:
    """This machine, and what the measured code runs on."""
    return BenchmarkMachine(
        os=f"{platform.system()} {platform.release()} {platform.machine()}",
        cpu=cpu_model(),
        threads=threads,
        versions={name: installed_version(name) for name in _DISTRIBUTIONS},
    )


def latency_machine(threads: int, matmul_gflops: float) -> LatencyMachine:
    """The same with the speed of its matrix product."""
    known = benchmark_machine(threads).model_dump()
    return LatencyMachine.model_validate({**known, "matmul_gflops": matmul_gflops})


def machine_sentence(machine: BenchmarkMachine) -> str:
    """For people, under a table."""
    return f"{machine.cpu}, {counted(machine.threads, 'thread')}."


def whole_numbers(values: Sequence[str] | None, option: str) -> tuple[int, ...] | None:
    """Numbers from an option that may be repeated or hold several with commas between.

    Returns:
        None where the option was not given.

    Raises:
        UsageError: Something else than numbers above zero was given.
    """
    if not values:
        return None
    parts = [part.strip() for value in values for part in value.split(",")]
    if not all(part.isdecimal() and int(part) for part in parts):
        raise UsageError(
            option,
            found=",".join(parts),
            expected="whole numbers above zero, with commas between",
            remedy=f"write it as in {option} 256,512",
        )
    return tuple(dict.fromkeys(int(part) for part in parts))


def strided(sizes: Sequence[int], option: str = "--size") -> None:
    """Refuse sizes that our networks do not take.

    Raises:
        UsageError: One is no multiple of 16.
    """
    from omniseg_backend.networks.architecture import STRIDE

    for side in sizes:
        if side < STRIDE or side % STRIDE:
            raise UsageError(
                option,
                found=str(side),
                expected=f"a multiple of {STRIDE}",
                remedy="choose another size, such as 256",
            )
