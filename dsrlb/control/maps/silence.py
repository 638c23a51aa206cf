# SPDX-License-Identifier: Apache-2.0
"""When the daemon was last there, by which the fast path goes once it is gone (fail_open)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from dsrlb.config import Balancer
from dsrlb.control.desired.real import TICK_NS, ticks
from dsrlb.dataplane.maps import MapSet

SECONDS = 1.0
"""How often the daemon says that it is there."""

_DROP = 1 << 63
_LONGEST_CHANGE = 300.0  # seconds: see systemd.py


def word(balancer: Balancer, now_ns: int) -> int:
    """heard[] in maps.h, at a moment of CLOCK_MONOTONIC."""
    if not balancer.fail_open:
        return 0
    drop = _DROP if balancer.fail_open_new == "drop" else 0
    return drop | ticks(balancer.fail_open) << 32 | now_ns // TICK_NS & 0xFFFFFFFF


async def show(
    maps: MapSet,
    balancer: Callable[[], Balancer],
    busy_seconds: Callable[[], float],
    changed: asyncio.Event,
) -> None:
    """Say so again and again, and at once when ``changed``, while the event loop runs and the
    present piece of work that touches the kernel has not taken longer than any does."""
    array = maps["heard"].array
    while True:
        changed.clear()
        if busy_seconds() < _LONGEST_CHANGE:
            array[0] = word(balancer(), time.monotonic_ns())
        with suppress(TimeoutError):
            await asyncio.wait_for(changed.wait(), SECONDS)
