# SPDX-License-Identifier: Apache-2.0
"""Takes back, in time, what nobody confirmed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from dsrlb.control.revisions.confirm import seconds_left
from dsrlb.control.revisions.store import Revision

_STEP_SECONDS = 1.0  # timers do not count the time that the machine sleeps
_RETRY_SECONDS = 5.0
_LONGEST_SECONDS = 300.0  # every refused attempt may be a revision, and so many are kept


class Confirmer:
    """The daemon's task. ``look()`` is called after each change."""

    def __init__(
        self,
        waiting: Callable[[], Revision | None],
        revert: Callable[[], Awaitable[bool]],
        retry: float = _RETRY_SECONDS,
    ) -> None:
        """``revert`` takes back what waits; False: that was refused, and is tried again after
        ``retry`` seconds, then after twice as many, and so on up to five minutes."""
        self._waiting = waiting
        self._revert = revert
        self._retry = retry
        self._changed = asyncio.Event()

    def look(self) -> None:
        """See whether one waits. From the event loop."""
        self._changed.set()

    async def run(self) -> None:
        """Never returns."""
        retry = self._retry
        while True:
            self._changed.clear()
            waiting = self._waiting()
            if waiting is None:
                await self._changed.wait()
                continue
            left = seconds_left(waiting)
            if left:
                pause, retry = min(left, _STEP_SECONDS), self._retry
            elif await self._revert():
                continue
            else:
                pause, retry = retry, min(2 * retry, _LONGEST_SECONDS)
            await self._pause(pause, waiting)

    async def _pause(self, seconds: float, waiting: Revision) -> None:
        """Let so much time pass, as long as the same revision waits."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while self._waiting() == waiting and (rest := end - loop.time()) > 0:
            self._changed.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), rest)
