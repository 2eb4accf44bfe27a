"""What needs torch says so in a sentence where torch is missing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

_EXTRA = 'pip install "napari-omniseg[train]"'


@contextlib.contextmanager
def training_extra(subject: str) -> Iterator[None]:
    """Around imports that need torch: say in a sentence that it is missing.

    Raises:
        ResourceError: What the import needs is not installed.
    """
    from omniseg_backend.common.errors import ResourceError

    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing == "omniseg_backend":
            raise
        raise ResourceError(
            subject,
            found=f"no {missing} in this Python",
            expected="the extra 'train'",
            remedy=f"install it with: {_EXTRA}",
        ) from error
