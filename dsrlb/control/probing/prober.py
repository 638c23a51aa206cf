# SPDX-License-Identifier: Apache-2.0
"""Asks real servers, again and again, whether they take TCP connections.

How long that takes is measured by the fast path, which sees the packets leave and come.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass

from dsrlb.control.desired import RealId
from dsrlb.control.probing.targets import Target
from dsrlb.control.probing.way import KIND
from dsrlb.observe.events import EventLog

INTERVAL_SECONDS = 2.0
TIMEOUT_SECONDS = 1.0
_JITTER = 0.1
_FIRST_SECONDS = 0.5  # within which all that are new get their first probe
_AT_ONCE = 500  # of the 1,024 descriptors that a process may have
_LOOK_SECONDS = 0.25
_NO_LINGER = struct.pack("ii", 1, 0)  # close() sends an RST: nothing is left at either end


@dataclass(slots=True)
class Tally:
    """Of one real server: probes that were sent, that failed, and that failed in a row by now."""

    sent: int = 0
    failed: int = 0
    silent: int = 0


async def connect(target: Target) -> None:
    """Open a connection and reset it. Raises OSError, TimeoutError for want of an answer."""
    family = socket.AF_INET if target.address.version == 4 else socket.AF_INET6
    kind = socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    with socket.socket(family, kind) as channel:
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await loop.sock_connect(channel, (str(target.address), target.port))


class Prober:
    """A task for each target, so many of which are at it at once."""

    def __init__(self, events: EventLog, targets: Callable[[], tuple[Target, ...]]) -> None:
        """``targets``: whom to probe, replaced as a whole when that changes."""
        self._events = events
        self._targets = targets
        self._tasks: dict[Target, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self.tallies: dict[RealId, Tally] = {}

    async def run(self) -> None:
        """Probe until cancelled."""
        known: tuple[Target, ...] = ()
        try:
            while True:
                wanted = self._targets()
                if wanted is not known:
                    known = wanted
                    self._follow(set(wanted))
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            self._follow(set())

    def _follow(self, wanted: set[Target]) -> None:
        """A task for each of these, and for no others."""
        for target in self._tasks.keys() - wanted:
            self._tasks.pop(target).cancel()
        for target in wanted - self._tasks.keys():
            self._tasks[target] = asyncio.create_task(self._watch(target))
        for real in self.tallies.keys() - {target.real for target in wanted}:
            del self.tallies[real]

    async def _watch(self, target: Target) -> None:
        await asyncio.sleep(random.uniform(0, _FIRST_SECONDS))
        while True:
            async with self._turns:
                why = await _failure(target)
            self._note(target, why)
            await asyncio.sleep(INTERVAL_SECONDS * random.uniform(1 - _JITTER, 1 + _JITTER))

    def _note(self, target: Target, why: str) -> None:
        """The first failure is an event, and so is what ends it."""
        real = target.real
        tally = self.tallies.setdefault(real, Tally())
        tally.sent += 1
        if why:
            tally.failed += 1
            tally.silent += 1
            if tally.silent == 1:
                self._tell(target, f"does not answer probes: {why}", "warning")
        elif tally.silent:
            self._tell(target, f"answers probes again ({tally.silent} failed)", "info")
            tally.silent = 0

    def _tell(self, target: Target, what: str, level: str) -> None:
        real = target.real
        self._events.add(KIND, f"{real.service.name}: {real.address} {what}", level)


async def _failure(target: Target) -> str:
    """Why a probe failed; "": it did not."""
    try:
        await connect(target)
    except TimeoutError:
        return f"nothing came within {TIMEOUT_SECONDS:g} s"
    except OSError as error:
        return os.strerror(error.errno) if error.errno else str(error)
    return ""
