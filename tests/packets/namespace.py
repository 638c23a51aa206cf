# SPDX-License-Identifier: Apache-2.0
"""A network namespace for test runs whose program asks the kernel for routes."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


def _enter(name: str) -> None:
    """Move this thread, and no other, into a namespace."""
    descriptor = os.open(f"/run/netns/{name}", os.O_RDONLY)
    try:
        if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), name)
    finally:
        os.close(descriptor)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


@contextmanager
def namespace(name: str, commands: list[str]) -> Iterator[ThreadPoolExecutor]:
    """A new namespace in which shell ``commands`` have been run; what is submitted to the pool runs
    in there, in one thread."""
    subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)
    _ip("netns", "add", name)
    try:
        for command in commands:
            _ip("netns", "exec", name, "sh", "-c", command)
        with ThreadPoolExecutor(1, initializer=_enter, initargs=(name,)) as pool:
            yield pool
    finally:
        _ip("netns", "delete", name)
