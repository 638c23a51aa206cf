# SPDX-License-Identifier: Apache-2.0
"""So many at once: who comes when there is no room waits for a turn."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable

from dsrlb.health.loop import Loop


class Turns:
    """``most`` at once, first come, first served."""

    def __init__(self, loop: Loop, most: int) -> None:
        self._loop = loop
        self._free = most
        self._waiting: OrderedDict[Hashable, Callable[[], None]] = OrderedDict()

    def take(self, who: Hashable, work: Callable[[], None]) -> None:
        """Call ``work`` now or when it is ``who``'s turn; give() has to follow."""
        if self._free:
            self._free -= 1
            work()
        else:
            self._waiting[who] = work

    def give(self) -> None:
        """One is done: the next one's turn, behind all that goes on now."""
        self._free += 1
        if self._waiting:
            self._loop.afterwards(self._next)

    def forget(self, who: Hashable) -> bool:
        """Not any more; returns whether it was waiting."""
        return self._waiting.pop(who, None) is not None

    def _next(self) -> None:
        while self._free and self._waiting:
            _, work = self._waiting.popitem(last=False)
            self._free -= 1
            work()
