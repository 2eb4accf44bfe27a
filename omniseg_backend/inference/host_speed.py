"""What ``omniseg doctor`` measured on this host, kept for later runs."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from omniseg_backend.common.atomic import write_text_atomic
from omniseg_backend.common.home import omniseg_home
from omniseg_backend.common.platform import cpu_model
from omniseg_backend.common.provenance import now_utc

#: Which forms of the networks are timed; raised when either kind is written otherwise, so that
#: what was measured before is not taken. 2: 32 bits in whole blocks of channels.
FORMS = 2


class HostSpeed(BaseModel):
    """How much faster 8 bits are here.

    Attributes:
        cpu: The processor it was measured on.
        runtime: The version of ONNX Runtime.
        forms: ``FORMS`` of the software that measured.
        int8_speedup: Time in 32 bits over time in 8 bits, fastest runs in turns.
        measured: When, UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    cpu: str
    runtime: str
    forms: int
    int8_speedup: Annotated[float, Field(gt=0)]
    measured: str


def host_speed_path() -> Path:
    """Where it is kept."""
    return omniseg_home() / "host.json"


def keep_host_speed(int8_speedup: float) -> HostSpeed:
    """Keep what was measured, in place of what was kept before.

    Raises:
        DataError: The user's data cannot be written.
    """
    speed = HostSpeed(
        cpu=cpu_model(),
        runtime=metadata.version("onnxruntime"),
        forms=FORMS,
        int8_speedup=int8_speedup,
        measured=now_utc(),
    )
    write_text_atomic(host_speed_path(), speed.model_dump_json(indent=1) + "\n")
    return speed


def kept_host_speed() -> HostSpeed | None:
    """What was measured with this processor, runtime and software; None where it was not.

    A home folder that several machines share holds what the last of them measured, which is
    taken by none that differs.
    """
    try:
        speed = HostSpeed.model_validate_json(host_speed_path().read_bytes())
    except (OSError, ValidationError):
        return None
    here = (cpu_model(), metadata.version("onnxruntime"), FORMS)
    return speed if (speed.cpu, speed.runtime, speed.forms) == here else None


def int8_is_known_faster() -> bool:
    """Whether ``omniseg doctor`` found 8 bits faster on this host."""
    speed = kept_host_speed()
    return speed is not None and speed.int8_speedup > 1.0
