# SPDX-License-Identifier: Apache-2.0
"""Keep programs in the kernel's XDP dispatcher, so that a test run of them begins at once.

The kernel calls XDP programs through a dispatcher, a piece of code that jumps to those in use.
BPF_PROG_TEST_RUN puts a program in there for as long as it runs, and takes it out again: waiting
for all CPUs takes about 16 ms each time, in which caches go cold and the machine may change its
speed. A program that is attached is in there already. So each is attached to the loopback interface
of a network namespace of its own, which has no name, no traffic, and ends with this process.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from dsrlb.dataplane import bpf
from dsrlb.errors import LoadError

_LINK_CREATE = 28
_ATTACH_XDP, _GENERIC = 37, 1 << 1
_CLONE_NEWNET = 0x40000000
_LOOPBACK = 1  # the interface that every namespace has
_libc = ctypes.CDLL(None, use_errno=True)


class Dispatched:
    """Programs that stay in the dispatcher until close()."""

    def __init__(self) -> None:
        self._fds: list[int] = []

    def add(self, programs: Iterable[int]) -> None:
        """``programs``: their descriptors. Raises LoadError when the kernel refuses."""
        with ThreadPoolExecutor(1) as thread:  # that changes its namespace, and ends
            thread.submit(self._attach, list(programs)).result()

    def _attach(self, programs: list[int]) -> None:
        for program in programs:
            if _libc.unshare(_CLONE_NEWNET) != 0:
                raise LoadError(f"no network namespace: {os.strerror(ctypes.get_errno())}")
            self._fds.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY))
            attr = struct.pack("<IIII", program, _LOOPBACK, _ATTACH_XDP, _GENERIC)
            try:
                self._fds.append(bpf.call(_LINK_CREATE, attr + bytes(48))[0])
            except OSError as error:
                raise LoadError(f"cannot attach a program to lo: {error.strerror}") from error

    def close(self) -> None:
        """Detach them; the namespaces are gone then."""
        for fd in reversed(self._fds):
            os.close(fd)
        self._fds.clear()
