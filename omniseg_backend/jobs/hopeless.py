"""What a job's spec can be refused for at submission: cheap looks at paths and names."""

from __future__ import annotations

from pathlib import Path

from omniseg_backend.common.atomic import refuse_unwritable
from omniseg_backend.common.errors import DataError
from omniseg_backend.common.reading import reading_errors


def refuse_missing(path: Path, expected: str) -> None:
    """Refuse an input that does not exist.

    Raises:
        DataError: There is nothing at ``path``, or it cannot be looked at.
    """
    with reading_errors(path, expected=expected):
        exists = path.exists()
    if not exists:
        raise DataError(path, found="nothing", expected=expected, remedy="check the path")


def refuse_no_folder(path: Path, expected: str) -> None:
    """Refuse an input that is not a folder.

    Raises:
        DataError: There is nothing at ``path``, or a file.
    """
    refuse_missing(path, expected)
    if not path.is_dir():
        raise DataError(path, found="a file", expected=expected, remedy="check the path")


def refuse_homeless(output: Path) -> None:
    """Refuse an output whose folder does not exist or cannot be written.

    A command would make the folder; a job that ends hours later in a folder of a mistyped name
    would be looked for in vain.

    Raises:
        DataError: There is no such folder, or it cannot be written.
        ResourceError: The disk has no room for one more name.
    """
    with reading_errors(output, expected="a folder that can be written"):
        exists = output.parent.exists()
    if not exists:
        raise DataError(
            output,
            found=f"no folder {output.parent}",
            expected="an output in a folder that exists",
            remedy="make the folder or choose another output",
        )
    refuse_unwritable(output)


def refuse_suffix(output: Path | None, suffix: str, expected: str) -> None:
    """Refuse an output whose name ends like another kind of file.

    A name without a suffix passes, and so does the end of a version, as in ``model-1.0``.

    Args:
        output: Where the result is put; None for nowhere else.
        suffix: The right one.
        expected: The result and how it may be named, for people.

    Raises:
        DataError: The suffix is another.
    """
    if output is None or output.suffix.lower() in ("", suffix) or output.suffix[1:].isdigit():
        return
    raise DataError(
        output,
        found=f"the suffix {output.suffix!r}",
        expected=expected,
        remedy="choose another name for the output",
    )
