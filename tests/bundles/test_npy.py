from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from omniseg_backend.bundles.npy import npy_bytes, read_npy
from omniseg_backend.common.errors import BundleError

ARRAY = np.linspace(-1, 1, 24, dtype=np.float32).reshape(1, 2, 3, 4)


@given(
    hnp.arrays(
        st.sampled_from([np.float16, np.float32]),
        hnp.array_shapes(min_dims=2, max_dims=5, max_side=4),
        elements=st.floats(-60000, 60000, width=16),
    )
)
def test_arrays_survive_and_numpy_reads_them(array: NDArray[np.floating]) -> None:
    content = npy_bytes(array)
    np.testing.assert_array_equal(read_npy(content, "toy"), array)
    np.testing.assert_array_equal(np.load(io.BytesIO(content), allow_pickle=False), array)


def saved(array: NDArray, **options: bool) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"\x80\x04\x95",
        saved(np.array([[{"a": 1}]], dtype=object), allow_pickle=True),
        saved(ARRAY.astype(np.float64)),
        saved(ARRAY.astype(np.int16)),
        saved(np.asfortranarray(ARRAY)),
        saved(ARRAY.astype(">f4")),
        npy_bytes(ARRAY)[:-1],
        npy_bytes(ARRAY) + b"\x00",
        npy_bytes(ARRAY).replace(b"(1, 2, 3, 4)", b"(9, 9, 9, 9)"),
        npy_bytes(ARRAY).replace(b"False", b"print"),
        npy_bytes(np.full((2, 2), np.nan, np.float32)),
        npy_bytes(np.full((2, 2), -np.inf, np.float16)),
    ],
    ids=[
        "empty", "magic only", "pickle", "pickled objects", "float64", "integers", "fortran",
        "big endian", "cut short", "too long", "other shape", "code", "nan", "infinite",
    ],
)  # fmt: skip
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(BundleError, match="toy"):
        read_npy(content, "toy")


@given(st.data())
def test_damaged_bytes_are_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(npy_bytes(ARRAY))
    start = data.draw(st.integers(0, len(content)))
    content[start : start + 8] = data.draw(st.binary(max_size=12))
    try:
        array = read_npy(bytes(content), "toy")
    except BundleError:
        return
    assert np.isfinite(array).all()
