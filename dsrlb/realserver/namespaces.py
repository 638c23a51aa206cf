# SPDX-License-Identifier: Apache-2.0
"""Which network namespaces there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

Identity = tuple[int, int]
"""Device and inode of a namespace."""

_PROC = Path("/proc")
_INITIAL_PIDS = 0xEFFFFFFC  # PROC_PID_INIT_INO, include/linux/proc_ns.h
# The third field of mountinfo is the file system's device, the fourth what of it is mounted there.
_MOUNT = re.compile(r"^\d+ \d+ (\d+):(\d+) net:\[(\d+)\] ", re.MULTILINE)


def identity(place: Path) -> Identity:
    """The namespace that a file of /proc/PID/ns, or one mounted from there, stands for."""
    found = place.stat()
    return found.st_dev, found.st_ino


def outermost(proc: Path = _PROC) -> Identity:
    """The network namespace of process 1; where the kernel keeps that from being looked into, of
    the oldest ancestor that may be."""
    found = identity(proc / "self/ns/net")
    pid = "self"
    while pid != "0":
        with suppress(FileNotFoundError, PermissionError):
            found = identity(proc / pid / "ns/net")
        try:
            pid = (proc / pid / "stat").read_text().rpartition(")")[2].split()[1]
        except (FileNotFoundError, PermissionError):  # ended, or hidden (hidepid)
            break
    return found


def living(proc: Path = _PROC) -> set[Identity] | None:
    """The network namespaces of this host: those with a process, a mount or an open descriptor.

    None where that cannot be told: in a PID namespace other than the host's, or when the kernel
    keeps a process from being looked into.
    """
    try:
        if (proc / "self/ns/pid").stat().st_ino != _INITIAL_PIDS:
            return None
        found: set[Identity] = set()
        mounts: set[int] = set()
        for process in proc.glob("[0-9]*"):
            with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                found |= set(_of_process(process, mounts))
    except OSError:
        return None
    return found


def _of_process(process: Path, mounts: set[int]) -> Iterator[Identity]:
    """``mounts``: inodes of the mount namespaces that were looked at already."""
    yield identity(process / "ns/net")
    mount = (process / "ns/mnt").stat().st_ino
    if mount not in mounts:
        mounts.add(mount)
        for major, minor, inode in _MOUNT.findall((process / "mountinfo").read_text()):
            yield int(major) << 8 | int(minor), int(inode)
    for descriptor in (process / "fd").iterdir():
        with suppress(FileNotFoundError):
            if str(descriptor.readlink()).startswith("net:["):
                yield identity(descriptor)
