# SPDX-License-Identifier: Apache-2.0
"""Takes back, in time, what nobody confirmed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from dsrlb.control.confirm import seconds_left
from dsrlb.control.revisions import Revision

_STEP_SECONDS = 1.0  # timers do not count the time that the machine sleeps
_RETRY_SECONDS = 5.0


class Confirmer:
    """The daemon's task. ``look()`` is called after each change."""

    def __init__(
        self,
        waiting: Callable[[], Revision | None],
        revert: Callable[[], Awaitable[bool]],
        retry: float = _RETRY_SECONDS,
    ) -> None:
        """``revert`` takes back what waits; False: that was refused, and is tried again after
        ``retry`` seconds."""
        self._waiting = waiting
        self._revert = revert
        self._retry = retry
        self._changed = asyncio.Event()

    def look(self) -> None:
        """See whether one waits. From the event loop."""
        self._changed.set()

    async def run(self) -> None:
        """Never returns."""
        while True:
            self._changed.clear()
            waiting = self._waiting()
            if waiting is None:
                await self._changed.wait()
                continue
            left = seconds_left(waiting)
            if left == 0.0 and await self._revert():
                continue
            self._changed.clear()  # what the attempt itself has set
            with suppress(TimeoutError):
                pause = min(left, _STEP_SECONDS) if left else self._retry
                await asyncio.wait_for(self._changed.wait(), pause)
