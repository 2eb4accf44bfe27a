"""Small arrays as ``.npy``, read without any of the format's code-running corners.

NumPy's own reader evaluates the header and allocates what it declares; a bundle comes from
anyone, so only the plain header that NumPy writes for floats is understood.
"""

from __future__ import annotations

import io
import math
import re

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import BundleError
from omniseg_backend.common.wording import counted

_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER = re.compile(
    rb"\{'descr': '(<f2|<f4)', 'fortran_order': False, "
    rb"'shape': \((\d{1,9}(?:, \d{1,9}){1,7})\), \} *\n"
)


def npy_bytes(array: NDArray[np.floating]) -> bytes:
    """``array``, float16 or float32 and with two to eight axes, as a ``.npy`` file."""
    buffer = io.BytesIO()
    plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    np.lib.format.write_array(buffer, plain, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def read_npy(content: bytes, subject: object) -> NDArray[np.float32]:
    """The array that ``npy_bytes`` wrote, as float32.

    Raises:
        BundleError: ``content`` is anything else: pickled objects, another type, cut short.
    """
    length = int.from_bytes(content[8:10], "little")
    header = _HEADER.fullmatch(content[10 : 10 + length])
    if not content.startswith(_MAGIC) or header is None:
        raise _unreadable(subject, "an array of another kind")
    dtype = np.dtype(header[1].decode())
    shape = tuple(int(side) for side in header[2].split(b", "))
    data = content[10 + length :]
    if math.prod(shape) * dtype.itemsize != len(data):
        raise _unreadable(subject, f"{counted(len(data), 'byte')} for an array of shape {shape}")
    array = np.frombuffer(data, dtype).reshape(shape).astype(np.float32)
    if not np.isfinite(array).all():
        raise _unreadable(subject, "infinite or undefined numbers")
    return array


def _unreadable(subject: object, found: str) -> BundleError:
    return BundleError(
        subject,
        found=found,
        expected="finite float16 or float32 numbers as .npy, without pickled objects",
        remedy="do not use this bundle; get it again from where it came",
    )
