# SPDX-License-Identifier: Apache-2.0
"""Where pins can be kept: the host's bpffs, also from inside `ip netns exec`.

`ip netns exec` gives the process a mount namespace with a new /sys, in which /sys/fs/bpf is empty.
Pins made on a bpffs mounted there would die with the process, so the host's own is reached through
the root folder of an ancestor process (/proc/PID/root), and mounted there if nobody did yet.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from dsrlb.dataplane.bpf import BPFFS_MAGIC
from dsrlb.errors import KernelError

STANDARD = Path("/sys/fs/bpf")
_libc = ctypes.CDLL(None, use_errno=True)


def is_bpffs(path: Path) -> bool:
    """Is ``path`` on a BPF file system? (statfs: f_type is the first word)"""
    buffer = ctypes.create_string_buffer(256)
    if _libc.statfs(os.fsencode(path), buffer) != 0:
        return False
    return int.from_bytes(buffer.raw[:8], "little") == BPFFS_MAGIC


def _ancestors() -> Iterator[int]:
    """Process ids from the parent up to process 1, or to one that is hidden (hidepid)."""
    pid = os.getppid()
    while pid > 0:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            return
        yield pid
        pid = int(fields[1])


def _foreign_ancestor() -> int | None:
    """The nearest ancestor in another mount namespace that this process may look into."""
    own = Path("/proc/self/ns/mnt").readlink()
    for pid in _ancestors():
        try:
            other = Path(f"/proc/{pid}/ns/mnt").readlink()
        except PermissionError:
            continue
        if other != own:
            return pid
    return None


@cache
def _held(pid: int) -> Path:
    """A path to the ancestor's bpffs that stays valid when the ancestor ends, and when this process
    has given up what it takes to look into it."""
    descriptor = os.open(f"/proc/{pid}/root{STANDARD}", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    return Path(f"/proc/self/fd/{descriptor}")


def locate() -> Path | None:
    """Return the mounted bpffs to use, or None."""
    if is_bpffs(STANDARD):
        return STANDARD
    return _elsewhere()


_kept: list[Path] = []
"""The host's, once it was found from another mount namespace."""


def _elsewhere() -> Path | None:
    """That of the host, found once."""
    if _kept:
        return _kept[0]
    pid = _foreign_ancestor()
    if pid is None or not is_bpffs(Path(f"/proc/{pid}/root{STANDARD}")):
        return None
    _kept.append(_held(pid))
    return _kept[0]


def _mount() -> int:
    """Mount a BPF file system on /sys/fs/bpf of the present mount namespace; returns errno."""
    if _libc.mount(b"bpf", os.fsencode(STANDARD), b"bpf", 0, None) == 0:
        return 0
    return ctypes.get_errno()


def _mount_in(pid: int) -> int:
    """As _mount(), in the mount namespace of a process; in a child, for setns() is for ever."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            descriptor = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
            status = _mount() if _libc.setns(descriptor, 0) == 0 else ctypes.get_errno()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def ensure() -> Path:
    """Return the mounted bpffs to use; mount one on the host's /sys/fs/bpf if there is none.

    Raises KernelError when it is not there and cannot be mounted.
    """
    found = locate()
    if found is not None:
        return found
    pid = _foreign_ancestor()
    number = _mount() if pid is None else _mount_in(pid)
    found = locate()
    if found is None:
        raise KernelError(
            f"cannot mount a BPF file system on {STANDARD}: {os.strerror(number)}",
            hint="mount -t bpf bpf /sys/fs/bpf  (on the host, outside `ip netns exec`)",
        )
    return found


def make_folder(folder: Path) -> None:
    """Make an instance's folder, and the one of all instances above it. Raises OSError.

    Another instance may remove that one, which is empty, at any moment before ours is in it.
    """
    while True:
        with suppress(FileExistsError):
            folder.parent.mkdir()  # not there: no bpffs is mounted
        with suppress(FileExistsError):
            try:
                folder.mkdir(mode=0o700)
            except FileNotFoundError:
                continue
        return


def remove_parent(folder: Path) -> None:
    """Remove the folder of all instances behind the last one's."""
    with suppress(OSError):  # others are in it, or have removed it; the kernel decides at once
        folder.parent.rmdir()


def instance_folder(pins: Path, root: Path) -> Path:
    """Return where ``pins`` (below /sys/fs/bpf) is, given the bpffs in use."""
    return root / pins.relative_to(STANDARD)
