"""The processes of a job and the memory they hold, as Linux tells it; elsewhere nothing is known or limited. Also how
this process gives back what it holds no more."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

SMALLEST_MB = 2048
LARGEST_MB = 6144


def memory_limit_mb() -> int:
    """Megabytes that a demo may hold: half of the machine's memory, between 2 and 6 GiB."""
    try:
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    except (ValueError, OSError, AttributeError):
        return LARGEST_MB
    return max(SMALLEST_MB, min(LARGEST_MB, whole // 2))


def give_back_memory() -> None:
    """Hands what this process has free back to the system, where the C library can (8 ms at most).

    It keeps what a library that was let go and the reading of the next one leave behind, 10 to 50 MB each time.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library has no such function
        ctypes.CDLL(None).malloc_trim(0)


def members(session: int) -> dict[int, int]:
    """The living processes of a session, each with the megabytes it holds; none where /proc is not there."""
    found: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] not in "ZX":
                found[int(entry.name)] = int(fields[21]) * os.sysconf("SC_PAGE_SIZE") // 2**20
    return found


def limit_data(pid: int, limit_mb: int) -> None:
    """Bounds what the process may allocate. Not for a process on a GPU, which reserves more than it uses."""
    if sys.platform == "linux":
        import resource

        with contextlib.suppress(OSError, ValueError):  # it may be gone, or bounded more tightly already
            limit = limit_mb * 2**20
            resource.prlimit(pid, resource.RLIMIT_DATA, (limit, limit))


def kill_session(leader: int) -> None:
    """Kills what still runs of a session whose leader is `leader`, also after the leader's end."""
    if sys.platform == "linux":
        for pid in members(leader):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)
