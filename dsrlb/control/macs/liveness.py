# SPDX-License-Identifier: Apache-2.0
"""Who still answers: which of our questions on the wire were answered, and whom to ask next.

The kernel keeps believing a neighbour that answers nobody for half a minute. Each of our questions
is answered to the kernel, which notes when (``confirmed``), so a neighbour that left a few of them
in a row unanswered is known to be silent much earlier.

Time is cut into rounds, with a bounded number of questions in each: those who missed one first, the
others in turn. So it takes hardly longer to find one dead real among many, once it was asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import islice

from dsrlb.net.neighbours import Place

QUESTIONS_PER_SECOND = 100
ROUND_SECONDS = 0.4
PER_ROUND = int(QUESTIONS_PER_SECOND * ROUND_SECONDS)
MISSES = 3
"""Questions in a row without an answer that make a neighbour silent; one may get lost."""

_PATIENCE = ROUND_SECONDS / 2
_GRAIN = 0.05
"""Kernel times are in ticks of at most 10 ms, and read a moment after the clock."""


class Liveness:
    """What became of the questions. Times are those of one monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._waiting: dict[Place, float] = {}
        self._misses: dict[Place, int] = {}  # both in the order in which they had a turn
        self._queue: dict[Place, None] = {}
        self._places: Collection[Place] = ()

    @property
    def waiting(self) -> Collection[Place]:
        """Whose answers judge() wants to know of."""
        return self._waiting.keys()

    def judge(self, confirmed: Mapping[Place, float], now: float) -> set[Place]:
        """Take in how long ago each neighbour that the kernel believes was confirmed; returns those
        that are silent. Whom the kernel does not believe is not judged."""
        silent = set()
        for place, asked in list(self._waiting.items()):
            if place not in confirmed:
                self._misses.pop(place, None)
            elif confirmed[place] <= now - asked + _GRAIN:
                self._misses.pop(place, None)
            elif now - asked < _PATIENCE:
                continue
            else:
                self._misses[place] = self._misses.get(place, 0) + 1
                if self._misses[place] >= MISSES:
                    del self._misses[place]
                    silent.add(place)
            del self._waiting[place]
        return silent

    def last_chance(self, place: Place) -> bool:
        """Does the next question decide whether it is silent?"""
        return self._misses.get(place, 0) == MISSES - 1

    def turn(self, places: Collection[Place]) -> list[Place]:
        """Whom to ask in this round, of all; forgets everybody else. ``places`` is replaced as a
        whole when it changes: what a round costs does not follow how many they are."""
        if places is not self._places:
            self._follow(places)
        chosen = list(islice(self._misses, PER_ROUND // 2))
        others = (place for place in self._queue if place not in self._misses)
        chosen += list(islice(others, PER_ROUND - len(chosen)))
        for place in chosen:  # also who cannot be asked now: others are waiting
            if place in self._queue:
                self._queue[place] = self._queue.pop(place)
            if place in self._misses:
                self._misses[place] = self._misses.pop(place)
        return chosen

    def _follow(self, places: Collection[Place]) -> None:
        """From now on these are all. Who is new is next."""
        ours = set(places)
        self._places = places
        self._waiting = {place: at for place, at in self._waiting.items() if place in ours}
        self._misses = {place: count for place, count in self._misses.items() if place in ours}
        known = [place for place in self._queue if place in ours]
        self._queue = dict.fromkeys([place for place in places if place not in self._queue] + known)

    def asked(self, places: Iterable[Place], now: float) -> None:
        """Questions went out. One that waits for its answer already stays the one that counts."""
        for place in places:
            self._waiting.setdefault(place, now)
