# SPDX-License-Identifier: Apache-2.0
"""Whose silence is looked into, and when: a bounded number at once and per second."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial

from dsrlb.health.asking import Asker
from dsrlb.health.diagnose import Case
from dsrlb.health.loop import Loop
from dsrlb.health.protocol import Verdict
from dsrlb.health.tap import Taps
from dsrlb.health.watch import Watch

MOST_AT_ONCE = 64
PER_SECOND = 32
AGAIN_SECONDS = 60.0
"""A real server that stays silent is looked at again after that."""


class Doctor:
    """Looks into the silence of targets, in the order in which they fall silent."""

    def __init__(self, loop: Loop, asker: Asker, taps: Taps) -> None:
        self._loop = loop
        self._asker = asker
        self._taps = taps
        self._cases: dict[str, Case] = {}
        self._waiting: OrderedDict[str, Watch] = OrderedDict()
        self._next: dict[str, float] = {}  # not before
        self._pausing = False

    def silent(self, watch: Watch) -> None:
        """A check has ended without an answer in time."""
        name = watch.target.id
        known = name in self._cases or name in self._waiting
        if not known and self._loop.clock() >= self._next.get(name, 0.0):
            self._waiting[name] = watch
            if not self._pausing:
                self._loop.afterwards(self._take)

    def answered(self, name: str) -> None:
        """It is not silent any more: the next time it is, it is looked at soon."""
        self._next.pop(name, None)

    def forget(self, name: str) -> None:
        """Its target is gone, or another one."""
        self._waiting.pop(name, None)
        self._next.pop(name, None)
        case = self._cases.pop(name, None)
        if case is not None:
            case.cancel()

    def close(self) -> None:
        """Look into nothing any more."""
        for name in [*self._cases, *self._waiting]:
            self.forget(name)

    def _take(self) -> None:
        """Begin with the next one that still is silent; others follow at their rate."""
        while self._waiting and not self._pausing and len(self._cases) < MOST_AT_ONCE:
            name, watch = self._waiting.popitem(last=False)
            if watch.silent:
                self._pausing = True
                self._loop.later(1 / PER_SECOND, self._paused)
                self._look(name, watch)

    def _paused(self) -> None:
        self._pausing = False
        self._take()

    def _look(self, name: str, watch: Watch) -> None:
        self._next[name] = self._loop.clock() + AGAIN_SECONDS
        found = partial(self._found, name, watch)
        case = Case(self._loop, self._asker, self._taps, watch.target, found)
        self._cases[name] = case
        case.start()

    def _found(self, name: str, watch: Watch, verdict: Verdict, detail: str) -> None:
        del self._cases[name]
        watch.found(verdict, detail)
        self._loop.afterwards(self._take)
