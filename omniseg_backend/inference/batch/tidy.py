"""What killed workers leave: folders with half a file, beside the whole one made since."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable
from pathlib import Path

from omniseg_backend.common.atomic import TEMPORARY_PREFIX
from omniseg_backend.inference.batch.layout import private_folder
from omniseg_backend.inference.batch.record import ItemRecord


def tidy(output: Path, records: Iterable[ItemRecord]) -> None:
    """Remove the temporary folders of writes that never ended; nothing else.

    They are looked for beside the batch's own files. A folder goes if it is empty or holds what
    is there in whole.

    Args:
        output: The batch's output, whose lock is held and where no worker is at work.
        records: Of its items.
    """
    own = private_folder(output)
    places = {output, own, *(path for path in own.rglob("*") if path.is_dir())}
    places |= {(output / record.mask).parent for record in records}
    for place in places:
        with contextlib.suppress(OSError):  # untidy is no reason to fail
            for leftover in place.glob(f"{TEMPORARY_PREFIX}*"):
                if all((place / path.name).exists() for path in leftover.iterdir()):
                    shutil.rmtree(leftover)
