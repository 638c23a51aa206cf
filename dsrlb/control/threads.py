# SPDX-License-Identifier: Apache-2.0
"""Work in threads, beside the event loop, and work in the loop that lets others have their turn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
_TURN_SECONDS = 0.01


async def to_its_end(work: Callable[[], T]) -> T:
    """Run work in a thread. Who is cancelled meanwhile waits: the thread cannot be stopped, and
    nobody else may begin before it has ended."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def stepwise(pieces: Iterator[T]) -> AsyncIterator[T]:
    """Each piece is made in a thread, and only when it is asked for."""
    while found := await to_its_end(lambda: list(islice(pieces, 1))):
        yield found[0]


class Turn:
    """Of a task that has much to do in the event loop, and hardly ever waits."""

    def __init__(self) -> None:
        self._until = time.monotonic() + _TURN_SECONDS

    async def over(self) -> None:
        """Others have their turn, if this one has lasted for ten milliseconds."""
        if time.monotonic() > self._until:
            await asyncio.sleep(0)
            self._until = time.monotonic() + _TURN_SECONDS
