# SPDX-License-Identifier: Apache-2.0
"""Which real servers answer for a VIP on the segment, where the balancer alone should: one question
a minute for each VIP and interface, for all real servers of both."""

from __future__ import annotations

import random
from collections.abc import Callable

from dsrlb.health.frames import Seen, mac_text, packed
from dsrlb.health.loop import Loop, Timer
from dsrlb.health.protocol import Target
from dsrlb.health.tap import Taps
from dsrlb.health.watch import Watch

EVERY_SECONDS = 60.0
FIRST_SECONDS = 2.0
_ANSWER_SECONDS = 1.0
_AT_VIP = ("l2dsr", "dscp", "ipip", "gue")

Place = tuple[str, str]
"""Interface and VIP."""


def place_of(target: Target) -> Place | None:
    """Where it is asked about a target; None: nowhere, because it could not be told who answers."""
    known = target.interface and target.vip and target.source and target.mac
    if not known or target.routed or target.method not in _AT_VIP:
        return None
    return target.interface, target.vip


class _Question:
    """About one VIP on one interface."""

    def __init__(self, loop: Loop, taps: Taps, place: Place, over: Callable[[], None]) -> None:
        self._loop = loop
        self._taps = taps
        self._interface, vip = place
        self._vip = packed(vip)
        self._over = over
        self.macs: set[str] = set()

    def start(self, source: str) -> None:
        """Ask as from an address of this host's. What cannot be asked is over at once."""
        try:
            tap = self._taps.listen(self._interface, self._seen)
            tap.ask(self._vip, packed(source))
        except OSError:
            self._loop.afterwards(self._end)
            return
        self._loop.later(_ANSWER_SECONDS, self._end)

    def _seen(self, one: Seen) -> None:
        if one.what == "neighbour" and one.sender == self._vip:
            self.macs.add(mac_text(one.mac))

    def _end(self) -> None:
        self._taps.leave(self._interface, self._seen)
        self._over()


class Claims:
    """Asks, and warns those who answered."""

    def __init__(self, loop: Loop, taps: Taps) -> None:
        self._loop = loop
        self._taps = taps
        self._members: dict[Place, dict[str, Watch]] = {}
        self._places: dict[str, Place] = {}
        self._timers: dict[Place, Timer] = {}

    def follow(self, watch: Watch) -> None:
        """A target that is new, or another one than before."""
        target = watch.target
        place = place_of(target)
        if self._places.get(target.id) == place:
            return
        self.forget(target.id)
        watch.warn("")
        if place is None:
            return
        self._places[target.id] = place
        members = self._members.setdefault(place, {})
        members[target.id] = watch
        if place not in self._timers:
            self._later(place, random.uniform(0, FIRST_SECONDS))

    def forget(self, name: str) -> None:
        """A target that is no more."""
        place = self._places.pop(name, None)
        if place is None:
            return
        del self._members[place][name]
        if not self._members[place]:
            del self._members[place]
            self._loop.cancel(self._timers.pop(place))

    def _later(self, place: Place, seconds: float) -> None:
        self._timers[place] = self._loop.later(seconds, lambda: self._ask(place))

    def _ask(self, place: Place) -> None:
        watch = next(iter(self._members[place].values()))
        question = _Question(self._loop, self._taps, place, lambda: self._told(place, question))
        question.start(watch.target.source)
        self._later(place, EVERY_SECONDS)

    def _told(self, place: Place, question: _Question) -> None:
        words = "ARP" if ":" not in place[1] else "neighbour solicitations"
        for watch in self._members.get(place, {}).values():
            mac = watch.target.mac.lower()
            warning = f"{mac} answers {words} for {place[1]} on {place[0]}"
            watch.warn(warning if mac in question.macs else "")
