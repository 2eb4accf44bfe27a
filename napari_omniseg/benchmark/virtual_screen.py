"""A screen with OpenGL where there is none: Xvfb, on Linux."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

from omniseg_backend.common.errors import ResourceError

_SIZE = "1920x1440x24"


def has_screen() -> bool:
    """Whether windows can be opened as it is."""
    return not sys.platform.startswith("linux") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def can_make_screen() -> bool:
    """Whether ``virtual_screen`` would find or make one."""
    return has_screen() or shutil.which("Xvfb") is not None


@contextlib.contextmanager
def virtual_screen() -> Iterator[None]:
    """The user's screen, or else a virtual one of this process's own until the block ends.

    To be entered before Qt is loaded.

    Raises:
        ResourceError: There is neither a screen nor Xvfb.
    """
    if has_screen():
        yield
        return
    server, number = _start()
    os.environ["DISPLAY"] = f":{number}"
    try:
        yield
    finally:
        os.environ.pop("DISPLAY", None)
        server.terminate()
        server.wait()


def _start() -> tuple[subprocess.Popen[bytes], str]:
    """The server and the number that it chose itself, so that two never take the same."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", _SIZE, "-nolisten", "tcp"]
    try:
        server = subprocess.Popen(command, pass_fds=(writing,), stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        os.close(reading)
        raise _no_screen("no screen and no Xvfb") from None
    finally:
        os.close(writing)
    with os.fdopen(reading) as told:
        number = told.readline().strip()
    if not number:
        server.wait()
        raise _no_screen("no screen, and Xvfb did not start")
    return server, number


def _no_screen(found: str) -> ResourceError:
    return ResourceError(
        "the screen",
        found=found,
        expected="one that windows can be opened on",
        remedy="log in to a desktop, or install xvfb and Mesa's OpenGL",
    )
