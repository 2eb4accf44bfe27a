"""Where the user's own models, jobs and settings lie."""

from __future__ import annotations

import os
from pathlib import Path

HOME_VARIABLE = "OMNISEG_HOME"


def omniseg_home() -> Path:
    """The folder that ``OMNISEG_HOME`` names, or the platform's place for user data.

    It need not exist yet.
    """
    stated = os.environ.get(HOME_VARIABLE)
    if stated:
        return Path(stated).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("omniseg", appauthor=False))
