# SPDX-License-Identifier: Apache-2.0
"""When the daemon was last there, by which the fast path goes once it is gone (fail_open)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from dsrlb.control.desired.real import TICK_NS, ticks
from dsrlb.dataplane.maps import MapSet

SECONDS = 1.0
"""How often the daemon says that it is there."""

_DROP = 1 << 63
_LONGEST_CHANGE = 300.0  # seconds: see systemd.py


def word(seconds: int, drop: bool, now_ns: int) -> int:
    """heard[] in maps.h, at a moment of CLOCK_MONOTONIC."""
    if not seconds:
        return 0
    return _DROP * drop | ticks(seconds) << 32 | now_ns // TICK_NS & 0xFFFFFFFF


async def show(
    maps: MapSet,
    after: Callable[[], tuple[int, bool]],
    busy_seconds: Callable[[], float],
    changed: asyncio.Event,
) -> None:
    """Say so again and again, and after how many seconds of silence new flows are not served, and
    whether they are dropped; at once when ``changed``, while the event loop runs and the
    present piece of work that touches the kernel has not taken longer than any does."""
    array = maps["heard"].array
    while True:
        changed.clear()
        if busy_seconds() < _LONGEST_CHANGE:
            array[0] = word(*after(), time.monotonic_ns())
        with suppress(TimeoutError):
            await asyncio.wait_for(changed.wait(), SECONDS)
