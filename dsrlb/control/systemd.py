# SPDX-License-Identifier: Apache-2.0
"""What systemd is told (sd_notify(3)): ready, stopping, and that the daemon is alive."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable

_LONGEST_CHANGE = 300.0  # seconds: compiling and making tables for millions of flows take less


def notify(message: str) -> None:
    """Tell systemd; nothing when not started by it."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.sendto(message.encode(), address)


def watchdog_seconds() -> float | None:
    """Within which systemd wants to hear from this process, as WatchdogSec= says; None: it does
    not."""
    micros, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not micros.isdecimal() or int(micros) == 0 or pid not in ("", str(os.getpid())):
        return None
    return int(micros) / 1e6


async def keep_alive(busy_seconds: Callable[[], float]) -> None:
    """Tell systemd again and again that the event loop runs, and that the work which touches the
    kernel goes on: ``busy_seconds`` is how long the present piece of it has taken. Else systemd
    ends the daemon and starts another, which takes over."""
    seconds = watchdog_seconds()
    while seconds is not None:
        if busy_seconds() < _LONGEST_CHANGE:
            notify("WATCHDOG=1")
        await asyncio.sleep(seconds / 3)
    await asyncio.Event().wait()
