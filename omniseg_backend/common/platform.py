"""What differs between operating systems, in one place."""

from __future__ import annotations

import ctypes
import importlib
import math
import os
import platform
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_PROCESS_STATUS = Path("/proc/self/status")

# mallopt's parameters, from glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -2, -4, -8
_MEBIBYTE = 2**20

IS_WINDOWS = os.name == "nt"
# subprocess defines these only on Windows, where they mean: no console, and own Ctrl-C group.
_CREATE_NEW_PROCESS_GROUP, _DETACHED_PROCESS = 0x200, 0x8
# A virus scanner or an indexer holds a fresh file for some tens of milliseconds.
_REPLACE_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4)


def usable_cpus() -> int:
    """Processors that this process may use, at least 1.

    The affinity mask counts, not the machine: a scheduler or ``taskset`` may have given this
    process two processors of sixty-four, and threads beyond them only wait for each other. A
    container's CPU quota (cgroup v2) counts likewise.
    """
    return int(max(1, min(_cpus_in_mask(), cpus_in_quota(_CGROUP_QUOTA))))


def cpu_model() -> str:
    """The processor's name as its maker writes it; never the host's name."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text("utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine() or "unknown"


def cpu_features() -> frozenset[str] | None:
    """The processor's features in Linux's words (``avx2``, ``avx512_vnni``); None elsewhere."""
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return None
    for line in info.read_text("utf-8", errors="replace").splitlines():
        # "flags" on x86, "Features" on ARM.
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return frozenset(value.split())
    return None


def available_memory() -> int:
    """Bytes that can be allocated now without swapping."""
    import psutil

    return int(psutil.virtual_memory().available)


def peak_memory(status: Path = _PROCESS_STATUS) -> int:
    """The most bytes of memory that this process has had at once.

    Linux's ``ru_maxrss`` would start at what the parent had when it started this process, so
    there the process's own high-water mark is read.

    Args:
        status: Linux's account of the process.
    """
    if status.exists():
        for line in status.read_text("ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    if IS_WINDOWS:
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if platform.system() == "Darwin" else peak * 1024)


def tree_memory() -> int:
    """Bytes of memory that this process and all its children have now.

    Pages that several of them share count for each.
    """
    import psutil

    process = psutil.Process()
    total = 0
    for one in (process, *process.children(recursive=True)):
        try:
            total += int(one.memory_info().rss)
        except psutil.NoSuchProcess:  # ended since it was listed
            continue
    return total


def keep_freed_memory() -> bool:
    """Let this process reuse the memory it frees instead of handing it back at once.

    glibc returns every large block to the system, and a training step then faults in the same
    gigabytes again: 5.1 s against 2.5 s a step of Accurate at batch 8 on two cores, 1.1 against
    0.85 s of Compact. For processes that train; a viewer's memory is not to grow like this.

    Returns:
        Whether the C library took the settings: only glibc knows them.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    library = ctypes.CDLL(None)
    settings = (
        (_M_MMAP_MAX, 0),
        (_M_ARENA_MAX, 1),
        (_M_TRIM_THRESHOLD, 2**31 - 1),
        (_M_TOP_PAD, 256 * _MEBIBYTE),
    )
    taken = [library.mallopt(name, value) == 1 for name, value in settings]
    return all(taken)


def cpus_in_quota(file: Path) -> float:
    """Processors that a cgroup's ``QUOTA PERIOD`` amounts to; infinite without a quota."""
    try:
        quota, period = file.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return math.inf
    if not (quota.isdigit() and period.isdigit() and int(period)):
        return math.inf
    return max(1, math.ceil(int(quota) / int(period)))


def _cpus_in_mask() -> int:
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    import psutil

    process = psutil.Process()
    if hasattr(process, "cpu_affinity"):  # Windows
        return len(process.cpu_affinity())
    return os.cpu_count() or 1  # macOS has no affinity masks


def detached_process(*, windows: bool = IS_WINDOWS) -> dict[str, Any]:
    """Options of ``subprocess.Popen`` for a process that outlives the one that starts it.

    It leads its own group (and session), so that neither a closed terminal nor Ctrl-C in the
    parent reaches it, and ``end_process_group`` reaches it with all that it started.
    """
    if windows:
        return {"creationflags": _CREATE_NEW_PROCESS_GROUP | _DETACHED_PROCESS}
    return {"start_new_session": True}


def end_process_group(
    leader: int, *, windows: bool = IS_WINDOWS, kill: Callable[[int], None] | None = None
) -> None:
    """End a detached process and everything that it started; nothing if it is gone.

    Args:
        leader: Process id of the detached process.
        windows: Which branch to take. Windows has no group to signal: the tree of children is
            walked, children first being listed, then ended with their parent.
        kill: Ends one process, in the Windows branch; psutil's by default.
    """
    if not windows:
        try:
            os.killpg(leader, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            # PermissionError: macOS says so of a group whose members are all zombies.
            return
        return
    import psutil

    def end(process_id: int) -> None:
        psutil.Process(process_id).kill()

    try:
        parent = psutil.Process(leader)
        tree = [*parent.children(recursive=True), parent]
    except psutil.NoSuchProcess:
        return
    for process in tree:
        try:
            (kill or end)(process.pid)
        except psutil.NoSuchProcess:
            continue


def process_started(process: int) -> float | None:
    """When the system started a process, in seconds since 1970; None if it is gone or a zombie.

    With its id it names a process for good: ids are used again, the two together are not.
    """
    import psutil

    try:
        found = psutil.Process(process)
        if found.status() == psutil.STATUS_ZOMBIE:
            return None
        return float(found.create_time())
    except psutil.NoSuchProcess:
        return None


def lower_priority() -> None:
    """Let every other program go first, for the rest of this process's life.

    A user without special rights may lower a priority but not raise it again.
    """
    import psutil

    process = psutil.Process()
    lower = psutil.BELOW_NORMAL_PRIORITY_CLASS if IS_WINDOWS else max(process.nice(), 10)
    process.nice(lower)


def replace_file(
    source: Path,
    target: Path,
    *,
    windows: bool = IS_WINDOWS,
    replace: Callable[[Path, Path], None] = os.replace,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Rename over an existing file, also while another program looks at it.

    POSIX allows that. Windows refuses while the target is open, mostly for a moment: then it is
    tried again for up to 0.8 s.

    Raises:
        PermissionError: The target stayed in use, or may not be replaced.
    """
    for wait in _REPLACE_PAUSES if windows else ():
        try:
            replace(source, target)
        except PermissionError:
            pause(wait)
        else:
            return
    replace(source, target)


def try_lock(descriptor: int, *, windows: bool = IS_WINDOWS) -> bool:
    """Lock an open file for this process alone, without waiting.

    The system drops the lock when the descriptor is closed or the process dies.

    Args:
        descriptor: Of a file opened for writing; on Windows its first byte is locked.
        windows: Which branch to take.

    Returns:
        Whether it is ours; false where another process holds it.
    """
    if windows:
        msvcrt = importlib.import_module("msvcrt")
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    fcntl = importlib.import_module("fcntl")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
