# SPDX-License-Identifier: Apache-2.0
"""Work in threads, beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


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
