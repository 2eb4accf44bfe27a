"""Which schedulers may be talked to: those of this machine, and others only in secret."""

from __future__ import annotations

import dataclasses
import ipaddress
import urllib.parse
from pathlib import Path

from omniseg_backend.common.errors import UsageError
from omniseg_backend.common.executor_settings import ExecutorSettings
from omniseg_backend.common.reading import reading_errors

_EXAMPLES = "tcp://127.0.0.1:8786 on this machine, or tls://host:8786"


@dataclasses.dataclass(frozen=True)
class Certificates:
    """The files that make a ``tls://`` connection.

    Attributes:
        authority: Certificate of who signed the scheduler's and the workers' certificates.
        own: The certificate shown to the scheduler.
        key: Its private key.
    """

    authority: Path
    own: Path
    key: Path


@dataclasses.dataclass(frozen=True)
class SchedulerAddress:
    """An address that was checked.

    Attributes:
        url: ``tcp://`` of this machine, or ``tls://``.
        certificates: None for ``tcp://``.
    """

    url: str
    certificates: Certificates | None


def scheduler_address(settings: ExecutorSettings) -> SchedulerAddress | None:
    """Check the address and the certificates that were named; None where no scheduler was.

    What a Dask scheduler is sent it may run, and paths of images travel to it: so a plain
    connection is made to this machine alone.

    Raises:
        UsageError: The address is none, is plain and leads elsewhere, or lacks certificates.
        DataError: A certificate cannot be read.
    """
    url = settings.scheduler
    if url is None:
        _refuse_lonely_certificates(settings)
        return None
    scheme, host = _parts(url)
    if scheme == "tcp":
        if not _is_this_machine(host):
            raise UsageError(
                "the scheduler",
                found=f"a plain connection to another machine ({url})",
                expected=f"tls://{url.removeprefix('tcp://')} with certificates",
                remedy="start scheduler and workers with certificates, as docs/batch.md tells",
            )
        _refuse_lonely_certificates(settings)
        return SchedulerAddress(url, None)
    return SchedulerAddress(url, _certificates(settings))


def _parts(url: str) -> tuple[str, str]:
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # a port that is no number, a bracket without its other half
        host, port = None, None
    if host is None or port is None or parts.scheme not in ("tcp", "tls") or parts.path:
        raise UsageError(
            "the scheduler", found=repr(url), expected=_EXAMPLES, remedy="correct the address"
        )
    return parts.scheme, host


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name: whoever answers to it may be anywhere
        return False


def _certificates(settings: ExecutorSettings) -> Certificates:
    named = {
        "the authority's certificate (--tls-ca)": settings.tls_ca,
        "a certificate of its own (--tls-cert)": settings.tls_cert,
        "the key of that (--tls-key)": settings.tls_key,
    }
    authority, own, key = named.values()
    if authority is None or own is None or key is None:
        raise UsageError(
            "the scheduler",
            found=f"a tls:// address without {' and '.join(n for n, p in named.items() if not p)}",
            expected="all three certificate files",
            remedy="name them; docs/batch.md tells how they are made",
        )
    for path in (authority, own, key):
        with reading_errors(path, expected="a certificate or key in PEM"), path.open("rb") as file:
            file.read(1)
    return Certificates(authority, own, key)


def _refuse_lonely_certificates(settings: ExecutorSettings) -> None:
    if any((settings.tls_ca, settings.tls_cert, settings.tls_key)):
        raise UsageError(
            "the scheduler",
            found="certificates without a tls:// address",
            expected="tls://HOST:PORT with them",
            remedy="name the scheduler, or leave the certificates out",
        )
