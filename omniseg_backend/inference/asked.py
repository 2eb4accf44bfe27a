"""What segmenting one image can be refused for before anything is read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from omniseg_backend.common.errors import UsageError
from omniseg_backend.inference.settings import SegmentSettings


def refuse_no_model(settings: SegmentSettings) -> None:
    """Refuse settings that name neither a task nor a model.

    Raises:
        UsageError: Neither is named.
    """
    if settings.model is None and settings.task is None:
        raise UsageError(
            settings.image,
            found="neither a task nor a model named",
            expected="one of them",
            remedy="see `omniseg models`",
        )


def refuse_one_file_twice(image: Path, targets: Iterable[Path]) -> None:
    """Refuse one name for the image and a result, or for two results.

    Raises:
        UsageError: One file is named twice.
    """
    paths = [path.resolve() for path in (image, *targets)]
    if len(set(paths)) < len(paths):
        raise UsageError(
            "the output",
            found="one file named twice",
            expected="different files for the image, the mask and the uncertainty map",
            remedy="choose another output",
        )
