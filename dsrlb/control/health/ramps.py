# SPDX-License-Identifier: Apache-2.0
"""Slow start: who comes to a service gets its share of new flows little by little."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

from dsrlb.config import Config, Service
from dsrlb.control.desired.contents import Desired, DesiredService, RealId, ServiceId
from dsrlb.control.desired.parts import BY_WEIGHT
from dsrlb.control.health.condition import WHOLE
from dsrlb.control.maps.installed import Installed
from dsrlb.dataplane.algorithms import algorithms
from dsrlb.observe.events import text_of


@dataclass(frozen=True, slots=True)
class _Ramp:
    """``since``: ISO time of its beginning, to be shown; what it gets goes by ``begun``."""

    begun: float
    seconds: int
    since: str


class Ramps:
    """The real servers that have not their whole share yet."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock``: seconds."""
        self._clock = clock
        self._ramps: dict[RealId, _Ramp] = {}

    def share(self, real: RealId) -> int:
        """Its share, 1 to WHOLE."""
        ramp = self._ramps.get(real)
        return WHOLE if ramp is None else self._share(ramp)

    def _share(self, ramp: _Ramp) -> int:
        passed = (self._clock() - ramp.begun) / ramp.seconds
        return min(WHOLE, 1 + int(passed * WHOLE))

    def told(self, real: RealId) -> tuple[int, str, str]:
        """Its share; in words when it has all of it, and since when it has some, "" of those that
        have it whole."""
        ramp = self._ramps.get(real)
        if ramp is None or (share := self._share(ramp)) == WHOLE:
            return WHOLE, "", ""
        left = (WHOLE - 1) / WHOLE * ramp.seconds - (self._clock() - ramp.begun)
        return share, f"slow start, {max(1, ceil(left))} s left", ramp.since

    def _begin(self, real: RealId, seconds: int, passed: float = 0.0) -> None:
        since = text_of(datetime.now(UTC) - timedelta(seconds=passed))
        self._ramps[real] = _Ramp(self._clock() - passed, seconds, since)

    @property
    def services(self) -> set[str]:
        """The names of their services."""
        return {real.service.name for real in tuple(self._ramps)}

    def take_over(self, config: Config, installed: Installed) -> None:
        """Go on where an earlier daemon was: a schedule's weights tell who had what share."""
        for service in config.service:
            for identity in _slow(service):
                there = installed.services.get(identity)
                for real, share in _shares(service, there.content, installed) if there else ():
                    if share < WHOLE:
                        passed = (share - 1) / WHOLE * service.slow_start
                        self._begin(real, service.slow_start, passed)

    def follow(self, config: Config, desired: Desired, installed: Installed) -> bool:
        """Begin for those that come, end for those that are there, or gone again; True where
        somebody begins."""
        begun = False
        for service in config.service:
            for identity in _slow(service):
                for real in _newcomers(
                    service, identity, desired.services[identity].schedule, installed
                ):
                    self._begin(real, service.slow_start)
                    begun = True
        slow = {identity for service in config.service for identity in _slow(service)}
        self._ramps = {
            real: ramp
            for real, ramp in self._ramps.items()
            if real.service in slow
            and real in desired.services[real.service].schedule
            and self.share(real) < WHOLE
        }
        return begun

    def next_step(self) -> float | None:
        """Seconds until somebody's share grows; None: nobody's does."""
        ramps = tuple(self._ramps.values())  # in one step: a change may be at it
        now = self._clock()
        return min((_until_next(ramp, now) for ramp in ramps), default=None)


def _until_next(ramp: _Ramp, now: float) -> float:
    step = ramp.seconds / WHOLE
    return step - (now - ramp.begun) % step


def _slow(service: Service) -> Iterator[ServiceId]:
    """The service in each of its address families, where its real servers start slowly."""
    if service.slow_start:
        for family in {vip.version for vip in service.vip}:
            yield ServiceId(service.name, family)


def _shares(
    service: Service, content: DesiredService, installed: Installed
) -> list[tuple[RealId, int]]:
    """What part of its own weight each has in the schedule; nothing where all have it whole."""
    by, number = BY_WEIGHT.get(service.algorithm), content.algorithm
    if by is not None and number != algorithms()[by].number:
        return []
    weights = [installed.reals[real].content.weight for real in content.schedule]
    if weights == list(content.weights):  # whatever the algorithm was then
        return []
    shares = []
    for real, own, weight in zip(content.schedule, weights, content.weights, strict=True):
        whole = own if by is None else 1
        shares.append((real, max(1, weight // whole) if whole else WHOLE))
    largest = max((share for _, share in shares), default=1)
    return shares if 1 < largest <= WHOLE else []


def _newcomers(
    service: Service, identity: ServiceId, schedule: Sequence[RealId], installed: Installed
) -> set[RealId]:
    """Who was not there, where others were; the sorry server does not count."""
    present = installed.services.get(identity)
    if present is None or present.content.schedule == schedule:
        return set()
    sorry = set(service.sorry.address) if service.sorry else set()
    before = set(present.content.schedule)
    others = {real for real in before if real.address not in sorry}
    return {real for real in schedule if real not in before} if others else set()
