"""The 8-bit network of a bundle, built once on each host and kept there."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from omniseg_backend.bundles.int8_record import Int8Record
from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.atomic import write_bytes_atomic
from omniseg_backend.common.errors import BundleError, DataError
from omniseg_backend.common.hashing import sha256_bytes
from omniseg_backend.common.home import omniseg_home
from omniseg_backend.inference.int8_graph import BUILDER_VERSION, int8_model

_LOG = logging.getLogger(__name__)
#: A SHA-256 as text and the end of its line.
_DIGEST = 65


def int8_record(bundle: Bundle) -> Int8Record:
    """What a bundle says of 8-bit arithmetic.

    Raises:
        BundleError: It says nothing.
    """
    record = bundle.manifest.int8
    if record is None:
        raise BundleError(
            bundle.path,
            found="a model without activation ranges",
            expected="ranges measured at export, which 8-bit arithmetic is built from",
            remedy="run it in 32 bits (--arithmetic fp32), or export it again with its "
            "training images",
        )
    return record


def cached_int8_model(bundle: Bundle, folder: Path | None = None) -> bytes:
    """The 8-bit network of a bundle, from this host's cache or built and put there.

    A file that was damaged or changed is built anew. Where nothing can be written the network
    is built each time.

    Args:
        bundle: A bundle whose manifest has ranges.
        folder: The cache; by default ``cache/int8`` in the user's data.

    Raises:
        BundleError: The manifest has no ranges, or not those that are needed.
    """
    record = int8_record(bundle)
    path = (folder or omniseg_home() / "cache" / "int8") / f"{cache_key(bundle, record)}.onnx"
    kept = _kept(path)
    if kept is not None:
        return kept
    built = int8_model(bundle.model_bytes(), record.ranges, bundle.path)
    try:
        write_bytes_atomic(path, f"{sha256_bytes(built)}\n".encode() + built)
    except DataError as error:
        _LOG.info("the 8-bit network is not kept: %s", error)
    return built


def cache_key(bundle: Bundle, record: Int8Record) -> str:
    """SHA-256 over all that the 8-bit network depends on: model, ranges, builder."""
    ranges = json.dumps(record.ranges, sort_keys=True)
    model = bundle.manifest.members["model.onnx"].sha256
    return sha256_bytes(f"{BUILDER_VERSION}\n{model}\n{ranges}".encode())


def _kept(path: Path) -> bytes | None:
    """A kept network whose hash holds; None where there is none."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    model = content[_DIGEST:]
    if content[:_DIGEST] != f"{sha256_bytes(model)}\n".encode():
        _LOG.warning("%s was damaged and is built anew", path)
        return None
    return model
