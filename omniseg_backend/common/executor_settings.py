"""Where evaluations run, as options: how many processes here, or which scheduler there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from omniseg_backend.common.settings import Settings


class ExecutorSettings(Settings):
    """Processes of this machine, or the workers of a Dask scheduler."""

    workers: Annotated[int | None, Field(ge=1, le=1024)] = None
    """Processes at once on this machine; as its cores and memory allow if nothing is said."""
    scheduler: str | None = None
    """A running Dask scheduler's address: tcp:// on this machine, elsewhere tls://."""
    tls_ca: Path | None = None
    """Certificate (PEM) of the authority that the scheduler's certificate is signed by."""
    tls_cert: Path | None = None
    """Certificate (PEM) that is shown to the scheduler."""
    tls_key: Path | None = None
    """Private key (PEM) of that certificate."""
