# SPDX-License-Identifier: Apache-2.0
"""Where pins can be kept: the host's bpffs, also from inside `ip netns exec`.

`ip netns exec` gives the process a mount namespace with a new /sys, in which /sys/fs/bpf is empty.
Pins made on a bpffs mounted there would die with the process, so the host's own is reached through
process 1's root folder instead.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from dsrlb.dataplane.bpf import BPFFS_MAGIC
from dsrlb.errors import KernelError

STANDARD = Path("/sys/fs/bpf")
_THROUGH_INIT = Path("/proc/1/root/sys/fs/bpf")
_libc = ctypes.CDLL(None, use_errno=True)


def is_bpffs(path: Path) -> bool:
    """Is ``path`` on a BPF file system? (statfs: f_type is the first word)"""
    buffer = ctypes.create_string_buffer(256)
    if _libc.statfs(os.fsencode(path), buffer) != 0:
        return False
    return int.from_bytes(buffer.raw[:8], "little") == BPFFS_MAGIC


def locate() -> Path | None:
    """Return the mounted bpffs to use, or None."""
    for path in (STANDARD, _THROUGH_INIT):
        if is_bpffs(path):
            return path
    return None


def _mount_on(path: Path) -> None:
    if _libc.mount(b"bpf", os.fsencode(path), b"bpf", 0, None) != 0:
        number = ctypes.get_errno()
        raise KernelError(
            f"cannot mount a BPF file system on {path}: {os.strerror(number)}",
            hint="mount -t bpf bpf /sys/fs/bpf",
        )


def _same_mount_namespace() -> bool:
    return Path("/proc/self/ns/mnt").readlink() == Path("/proc/1/ns/mnt").readlink()


def ensure() -> Path:
    """Return the mounted bpffs to use; mount one on /sys/fs/bpf of the host if there is none.

    Raises KernelError when it is not there and cannot be mounted.
    """
    found = locate()
    if found is not None:
        return found
    if _same_mount_namespace():
        _mount_on(STANDARD)
        return STANDARD
    child = os.fork()
    if child == 0:  # a mount for everybody has to be made in process 1's namespace
        status = 1
        try:
            descriptor = os.open("/proc/1/ns/mnt", os.O_RDONLY)
            if _libc.setns(descriptor, 0) == 0 and _libc.mount(
                b"bpf", os.fsencode(STANDARD), b"bpf", 0, None
            ) == 0:
                status = 0
        finally:
            os._exit(status)
    os.waitpid(child, 0)
    found = locate()
    if found is None:
        raise KernelError(
            "there is no BPF file system and none can be mounted from this mount namespace",
            hint="mount -t bpf bpf /sys/fs/bpf  (on the host, outside `ip netns exec`)",
        )
    return found


def instance_folder(pins: Path, root: Path) -> Path:
    """Return where ``pins`` (below /sys/fs/bpf) is, given the bpffs in use."""
    return root / pins.relative_to(STANDARD)
