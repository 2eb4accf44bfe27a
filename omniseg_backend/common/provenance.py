"""Where an output came from."""

from __future__ import annotations

import dataclasses
import datetime
import subprocess
from importlib import metadata
from pathlib import Path

NOTICE = "research use, not reviewed"
DISTRIBUTION = "napari-omniseg"


def software_version() -> str:
    """The installed version of this project, or ``unknown`` when it is not installed."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "unknown"


def source_commit() -> str | None:
    """The commit of the source tree that this runs from; None outside a checkout of it."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() if found.returncode == 0 else None


def now_utc() -> str:
    """The time now, ISO 8601, to the second, in UTC."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


@dataclasses.dataclass(frozen=True)
class Provenance:
    """Where a segmentation came from; written into every output.

    Attributes:
        bundle: The bundle's id.
        bundle_version: The bundle's version.
        bundle_hash: SHA-256 of the bundle's manifest.
        software: This project's name and version.
        time: When, ISO 8601 in UTC.
        synthetic: Whether the bundle was trained on phantoms; such an output is a DEMO.
        modality: What modality was taken and who stated it.
        arithmetic: What the network computed in: ``fp32``, or ``int8`` for 8-bit integers.
        notice: What the output may be used for.
        edited: Whether a person changed the labels after the run.
        region: The part that was segmented, in voxels of the image's axes as ``--region`` takes
            it; outside of it nothing was looked for. None for the whole image, and in files from
            before it was written.
    """

    bundle: str
    bundle_version: str
    bundle_hash: str
    software: str
    time: str
    synthetic: bool
    modality: str
    arithmetic: str = "fp32"
    notice: str = NOTICE
    edited: bool = False
    region: str | None = None

    @property
    def heading(self) -> str:
        """What a reader must know first: ``DEMO, research use, not reviewed, of a part``."""
        demo = "DEMO, " if self.synthetic else ""
        edited = ", edited by hand" if self.edited else ""
        part = ", of a part" if self.region else ""
        return f"{demo}{self.notice}{part}{edited}"

    def as_dict(self) -> dict[str, str | bool | None]:
        """The fields by name, for JSON and file headers."""
        return dataclasses.asdict(self)

    def as_text(self) -> str:
        """One line for formats that hold only a description."""
        part = f"; only voxels {self.region}" if self.region else ""
        eight = ", int8" if self.arithmetic == "int8" else ""
        return (
            f"{self.heading}; {self.bundle} {self.bundle_version} "
            f"({self.bundle_hash[:12]}{eight}); {self.software}; {self.time}{part}"
        )
