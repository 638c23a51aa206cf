# SPDX-License-Identifier: Apache-2.0
"""Slow start: who comes to a service gets its share of new flows little by little."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from dsrlb.config import Config
from dsrlb.control.desired import Desired, RealId, ServiceId
from dsrlb.control.health.condition import WHOLE
from dsrlb.control.installed import Installed


@dataclass(frozen=True, slots=True)
class _Ramp:
    begun: float
    seconds: int


class Ramps:
    """The real servers that have not their whole share yet."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock``: seconds."""
        self._clock = clock
        self._ramps: dict[RealId, _Ramp] = {}

    def share(self, real: RealId) -> int:
        """Its share, 1 to WHOLE."""
        ramp = self._ramps.get(real)
        if ramp is None:
            return WHOLE
        passed = (self._clock() - ramp.begun) / ramp.seconds
        return min(WHOLE, 1 + int(passed * WHOLE))

    def follow(self, config: Config, desired: Desired, installed: Installed) -> bool:
        """Begin for those that come, end for those that are there, or gone again; True where
        somebody begins."""
        scheduled: set[RealId] = set()
        begun = False
        for identity, seconds in _slow(config).items():
            schedule = desired.services[identity].schedule
            scheduled.update(schedule)
            for real in _newcomers(config, identity, schedule, installed):
                self._ramps[real] = _Ramp(self._clock(), seconds)
                begun = True
        self._ramps = {
            real: ramp
            for real, ramp in self._ramps.items()
            if real in scheduled and self.share(real) < WHOLE
        }
        return begun

    def next_step(self) -> float | None:
        """Seconds until somebody's share grows; None: nobody's does."""
        if not self._ramps:
            return None
        now = self._clock()
        return min(_until_next(ramp, now) for ramp in self._ramps.values())


def _until_next(ramp: _Ramp, now: float) -> float:
    step = ramp.seconds / WHOLE
    return step - (now - ramp.begun) % step


def _slow(config: Config) -> dict[ServiceId, int]:
    return {
        ServiceId(service.name, family): service.slow_start
        for service in config.service
        if service.slow_start
        for family in {vip.version for vip in service.vip}
    }


def _newcomers(
    config: Config, identity: ServiceId, schedule: Collection[RealId], installed: Installed
) -> set[RealId]:
    """Who was not there, where others were; the sorry server does not count."""
    present = installed.services.get(identity)
    service = next(one for one in config.service if one.name == identity.name)
    sorry = set(service.sorry.address) if service.sorry else set()
    before = set(present.content.schedule) if present else set()
    others = {real for real in before if real.address not in sorry}
    return {real for real in schedule if real not in before} if others else set()
