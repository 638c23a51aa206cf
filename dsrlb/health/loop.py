# SPDX-License-Identifier: Apache-2.0
"""Waits for descriptors and moments: epoll and a heap, and functions that are called back.

A task of asyncio's for every check would take several times the processor time of the check.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from heapq import heapify, heappop, heappush

READ = select.EPOLLIN
WRITE = select.EPOLLOUT
_LONGEST = 60.0
_MOST_EVENTS, _MOST_ROUNDS = 1024, 64
_FEW = 1024  # timers that are over are swept out when there are more of them than of others


class Timer:
    """A moment (`Loop.clock`) at which a function is called, until it is cancelled."""

    __slots__ = ("_work", "when")

    def __init__(self, when: float, work: Callable[[], None]) -> None:
        self.when = when
        self._work: Callable[[], None] | None = work

    def __lt__(self, other: Timer) -> bool:
        return self.when < other.when

    @property
    def over(self) -> bool:
        """Was it cancelled, or has it been?"""
        return self._work is None

    def cancel(self) -> None:
        """Not any more."""
        self._work = None

    def fire(self) -> None:
        """Call the function, once."""
        work, self._work = self._work, None
        if work is not None:
            work()


class Loop:
    """``clock``: seconds, monotonic: what happens to the wall clock is nothing to checks."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._epoll = select.epoll()
        self._watched: dict[int, Callable[[int], None]] = {}
        self._timers: list[Timer] = []
        self._cancelled = 0
        self._after: list[Callable[[], None]] = []
        self._regular: Callable[[], None] | None = None
        self._every = self._next = 0.0
        self._running = False

    def watch(self, descriptor: int, events: int, work: Callable[[int], None]) -> None:
        """Call ``work`` with the events whenever the descriptor has some of these, or an error."""
        self._epoll.register(descriptor, events)
        self._watched[descriptor] = work

    @property
    def watched(self) -> int:
        """How many descriptors."""
        return len(self._watched)

    def change(self, descriptor: int, events: int) -> None:
        """Wait for other events of it."""
        self._epoll.modify(descriptor, events)

    def forget(self, descriptor: int) -> None:
        """Not any more; to be called before it is closed."""
        if self._watched.pop(descriptor, None) is not None:
            self._epoll.unregister(descriptor)

    def at(self, when: float, work: Callable[[], None]) -> Timer:
        """Call a function at a moment."""
        timer = Timer(when, work)
        heappush(self._timers, timer)
        return timer

    def later(self, seconds: float, work: Callable[[], None]) -> Timer:
        """Call a function in so many seconds."""
        return self.at(self.clock() + seconds, work)

    def cancel(self, timer: Timer) -> None:
        """Cancel a timer, and do not keep it for long."""
        if timer.over:
            return
        timer.cancel()
        self._cancelled += 1
        if self._cancelled > max(_FEW, len(self._timers) // 2):
            self._timers = [one for one in self._timers if not one.over]
            heapify(self._timers)
            self._cancelled = 0

    def afterwards(self, work: Callable[[], None]) -> None:
        """Call a function behind all that is ready now. What opens descriptors for another one's
        sake belongs there: events of a closed descriptor with the same number may be about."""
        self._after.append(work)

    def every(self, seconds: float, work: Callable[[], None]) -> None:
        """Call a function every so many seconds, from now on; between two others, too, where so
        many are ready or due that all of them take longer. There is one such function at most."""
        self._regular, self._every = work, seconds
        self._next = self.clock() + seconds

    def _between(self) -> None:
        if self._regular is not None and (now := self.clock()) >= self._next:
            self._next = now + self._every
            self._regular()

    def run_due(self) -> None:
        """Fire the timers that are due."""
        now = self.clock()
        while self._timers and self._timers[0].when <= now:
            timer = heappop(self._timers)
            if timer.over:
                self._cancelled = max(0, self._cancelled - 1)
            timer.fire()
            self._between()

    def _run_after(self) -> None:
        while self._after:
            work, self._after = self._after, []
            for one in work:
                one()
                self._between()

    def _pause(self) -> float:
        moments = [self._timers[0].when] if self._timers else []
        if self._regular is not None:
            moments.append(self._next)
        if not moments:
            return _LONGEST
        return min(max(min(moments) - self.clock(), 0.0), _LONGEST)

    def _tell(self, ready: list[tuple[int, int]]) -> None:
        for descriptor, events in ready:
            work = self._watched.get(descriptor)
            if work is not None:
                work(events)
                self._between()
        self._run_after()

    def step(self, longest: float = _LONGEST) -> None:
        """Wait for what comes next, at most so many seconds, and do it."""
        ready = self._epoll.poll(min(self._pause(), longest), _MOST_EVENTS)
        self._tell(ready)
        for _ in range(_MOST_ROUNDS):  # all that is there before anything is found to be late
            if len(ready) < _MOST_EVENTS:
                break
            ready = self._epoll.poll(0, _MOST_EVENTS)
            self._tell(ready)
        self.run_due()
        self._run_after()
        self._between()

    def run(self) -> None:
        """Until stop()."""
        self._running = True
        while self._running:
            self.step()

    def stop(self) -> None:
        """Have run() return."""
        self._running = False

    def close(self) -> None:
        """Give the descriptor back."""
        self._epoll.close()
