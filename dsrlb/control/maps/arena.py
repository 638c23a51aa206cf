# SPDX-License-Identifier: Apache-2.0
"""Allocation of places in mapped arrays that packets may still be reading."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable

from dsrlb.errors import StateError

QUARANTINE_SECONDS = 1.0
"""A packet is in the program for microseconds; a place is given out again after this long."""


class Arena:
    """Best-fit allocator of ranges in 0..size-1 with a quarantine for what was freed.

    Place 0 is never given out, so that 0 can mean "none".
    """

    def __init__(
        self,
        name: str,
        size: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._name = name
        self._size = size
        self._free: list[tuple[int, int]] = [(1, size - 1)]
        self._quarantine: deque[tuple[float, int, int]] = deque()
        self._clock = clock
        self._sleep = sleep

    def reserve(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Mark (start, length) ranges as used: what a running data plane holds at take-over."""
        for start, length in sorted(ranges):
            self._take(start, length)

    def _take(self, start: int, length: int) -> None:
        for position, (free_start, free_length) in enumerate(self._free):
            if free_start <= start and start + length <= free_start + free_length:
                pieces = [
                    (free_start, start - free_start),
                    (start + length, free_start + free_length - start - length),
                ]
                self._free[position : position + 1] = [piece for piece in pieces if piece[1]]
                return
        raise StateError(f"{self._name}: range {start}+{length} is in use twice")

    def allocate(self, length: int = 1) -> int:
        """Return the start of ``length`` free places, or raise StateError when there are none.

        Places that still rest are waited for when there are no others.
        """
        self._release_rested()
        while (start := self._find(length)) is None:
            self._wait(length)
        self._take(start, length)
        return start

    def allocate_each(self, count: int) -> list[int]:
        """As allocate() so many times, for one place each. StateError: none was taken."""
        self._release_rested()
        there = sum(room for _, room in self._free) + sum(room for *_, room in self._quarantine)
        if count > there:
            raise self._full(count)
        found: list[int] = []
        while True:
            holes = sorted((room, start) for start, room in self._free)
            self._free = []
            for room, start in holes:
                taken = min(room, count - len(found))
                found += range(start, start + taken)
                if taken < room:
                    self._free.append((start + taken, room - taken))
            if len(found) == count:
                self._free.sort()
                return found
            self._wait(count)

    def _wait(self, length: int) -> None:
        """Until a place has rested. Raises StateError when none does."""
        if not self._quarantine:
            raise self._full(length)
        self._sleep(max(0.0, self._quarantine[0][0] - self._clock()))
        self._release_rested()

    def _find(self, length: int) -> int | None:
        """The place that is least too large: so what is large stays whole."""
        fitting = ((room, start) for start, room in self._free if room >= length)
        return min(fitting, default=(0, None))[1]

    def _full(self, length: int) -> StateError:
        return StateError(
            f"{self._name}: no room for {length} more (of {self._size})",
            hint="fewer services or reals, or smaller weights",
        )

    def free(self, start: int, length: int = 1) -> None:
        """Give places back; they rest in quarantine first."""
        self._quarantine.append((self._clock() + QUARANTINE_SECONDS, start, length))

    def _release_rested(self) -> None:
        now = self._clock()
        released = False
        while self._quarantine and self._quarantine[0][0] <= now:
            _, start, length = self._quarantine.popleft()
            self._free.append((start, length))
            released = True
        if released:
            self._merge()

    def _merge(self) -> None:
        merged: list[tuple[int, int]] = []
        for start, length in sorted(self._free):
            if merged and merged[-1][0] + merged[-1][1] == start:
                merged[-1] = (merged[-1][0], merged[-1][1] + length)
            else:
                merged.append((start, length))
        self._free = merged
