# SPDX-License-Identifier: Apache-2.0
"""Waiting until every run of a BPF program that is under way has ended."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import time

_NUMBERS = {"x86_64": 324, "aarch64": 283}
_NUMBER = _NUMBERS.get(platform.machine(), 324)
_GLOBAL = 1
"""MEMBARRIER_CMD_GLOBAL, which waits for a grace period of RCU (kernel/sched/membarrier.c)."""
_LONG = 0.05
"""Seconds, where the kernel has no such call (nohz_full): a packet's programs take microseconds."""
_WITHOUT = frozenset({errno.ENOSYS, errno.EINVAL, errno.EPERM})
_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def wait() -> None:
    """Return when programs that began before the call have ended: what they write is written, and
    those that begin later see what the caller has stored (membarrier(2))."""
    if _libc.syscall(_NUMBER, _GLOBAL, 0, 0) == 0:
        return
    number = ctypes.get_errno()
    if number not in _WITHOUT:
        raise OSError(number, os.strerror(number))
    time.sleep(_LONG)
