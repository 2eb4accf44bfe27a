"""``OMNISEG_HOME/config.json``: what all front ends of this user share."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from omniseg_backend.common.atomic import write_text_atomic
from omniseg_backend.common.errors import DataError
from omniseg_backend.common.home import omniseg_home
from omniseg_backend.common.reading import unreadable
from omniseg_backend.common.settings import Settings


class Config(Settings):
    """The content of the file."""

    schema_version: Literal[1] = 1
    """Of the file."""
    training_interpreter: Path | None = None
    """The Python that trains; where none is named, the one that asks must be able to."""

    def save(self) -> None:
        """Write the file.

        Raises:
            DataError: It cannot be written.
        """
        write_text_atomic(config_file(), self.model_dump_json(indent=2) + "\n")


def config_file() -> Path:
    """Where it lies."""
    return omniseg_home() / "config.json"


def load_config() -> Config:
    """Read the file; where there is none, nothing is set.

    Raises:
        DataError: It cannot be read, is damaged, or a later version's.
    """
    path = config_file()
    try:
        return Config.model_validate_json(path.read_text("utf-8"))
    except FileNotFoundError:
        return Config()
    except OSError as error:
        raise unreadable(path, error, expected="settings of this user") from error
    except (ValueError, ValidationError) as error:
        raise DataError(
            path,
            found="a damaged file, or one of a later version",
            expected='settings such as {"training_interpreter": "/path/to/python"}',
            remedy="correct or remove it",
        ) from error
