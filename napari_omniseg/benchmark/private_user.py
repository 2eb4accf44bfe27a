"""A user that nobody is: settings, models and jobs in a folder of their own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def private_user(folder: Path) -> Iterator[None]:
    """The user's settings, models and jobs are neither read nor changed in the block.

    To be entered before napari is loaded.

    Args:
        folder: Where those of the block lie.
    """
    private = {
        "NAPARI_CONFIG": str(folder / "napari.yaml"),
        "OMNISEG_HOME": str(folder / "home"),
    }
    before = {name: os.environ.get(name) for name in private}
    os.environ.update(private)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
