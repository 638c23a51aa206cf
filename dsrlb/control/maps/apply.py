# SPDX-License-Identifier: Apache-2.0
"""Write the difference between desired and installed state, so that no packet meets half of it.

Order: what others refer to first. Interfaces, addresses of pools and reals, then homes, lists of
sources, pools, schedules, tables, records and slots (one 8-byte store makes a service's new form
valid), with who opens connections behind the services that have a pool, then service keys and
VIPs; removal goes the other way round, and the interest filter is wide meanwhile. A real that may
have no new flows any more says so after the schedules that name it are gone. Every intermediate
state is one in which each new flow is treated either as before or as after; only a service that
changes and loses a port or VIP at the same time may serve that one by its new form until it is
gone.

A real whose flows cannot go on by its new method (forms.py) gets another place: the old one stays
as it is until no schedule names it, and its flows go with it.

Where a Desired says what in it may be new (its delta) only that is looked at, in the same order.
"""

from __future__ import annotations

from dataclasses import asdict

from dsrlb.control.desired.contents import Delta, Desired
from dsrlb.control.maps.installed import Installed
from dsrlb.control.maps.natted import Natted
from dsrlb.control.maps.ownlinks import OwnLinks
from dsrlb.control.maps.paths import PathTable
from dsrlb.control.maps.persistence import Home, Homes
from dsrlb.control.maps.pools import PoolTable
from dsrlb.control.maps.realplaces import RealPlaces
from dsrlb.control.maps.serviceplaces import ServicePlaces
from dsrlb.control.maps.settings import Interest, Settings
from dsrlb.control.maps.vips import VipTable
from dsrlb.dataplane.keys import IPAddress
from dsrlb.dataplane.maps import MapSet


class Applier:
    """The one writer of an instance's configuration maps."""

    def __init__(self, maps: MapSet, installed: Installed) -> None:
        self._maps = maps
        self.writes = 0
        """How often the maps were written, or begun anew with."""
        self.begin(installed)

    def begin(self, installed: Installed) -> None:
        """Go on from what the maps hold, as if nothing were known of what was written there."""
        maps = self._maps
        self.writes += 1
        self._installed = installed
        self._paths = PathTable(maps)
        self._links = OwnLinks(maps)
        self._natted = Natted(maps)
        self._reals = RealPlaces(maps, installed, self._paths)
        self._services = ServicePlaces(maps, installed)
        self._homes = Homes(maps["homes"], installed.homes)
        self._settings = Settings(maps)
        self._interest = Interest(maps, installed.vips, self._natted.content)
        self._vips = VipTable(maps, installed.keys, installed.vips)
        self._applied: Desired | None = None  # None: what the maps hold is not all of one

    @property
    def installed(self) -> Installed:
        """What the maps hold now."""
        return self._installed

    @property
    def serial(self) -> int:
        """Of the Desired that the maps hold; 0: they do not hold one from its beginning to its
        end."""
        return self._applied.serial if self._applied else 0

    @property
    def paths(self) -> PathTable:
        """The ways to addresses that are routed to."""
        return self._paths

    @property
    def pools(self) -> PoolTable:
        """The addresses of pools."""
        return self._services.pools

    def _delta(self, desired: Desired) -> Delta:
        """What has to be looked at: everything, unless it is known what has changed since what the
        maps hold was applied, and that was applied to its end."""
        delta, applied, state = desired.delta, self._applied, self._installed
        if delta is not None and applied is not None and delta.base == applied.serial:
            return delta
        return Delta(
            0,
            desired.services.keys(),
            desired.reals.keys(),
            state.services.keys() - desired.services.keys(),
            state.reals.keys() - desired.reals.keys(),
        )

    def removes_reals(self, desired: Desired) -> bool:
        """Would apply() end the flows of a real server?"""
        state, delta = self._installed, self._delta(desired)
        if state.former or state.openers.keys() - desired.openers.keys():
            return True
        if any(real in state.reals for real in delta.gone_reals):
            return True
        there = (real for real in delta.reals if real in state.reals)
        return any(self._reals.replaces(real, desired.reals[real]) for real in there)

    def apply(self, desired: Desired) -> bool:
        """Make the maps hold ``desired``; True when anything was written.

        Raises StateError when an array has no room; what was written until then is complete in
        itself (whole services), and the next apply goes on from there.
        """
        self.writes += 1
        delta, last = self._delta(desired), self._applied
        tables = last is None or _shared(last) != _shared(desired)
        before = self._snapshot() if tables else ()
        self._applied = None
        self._reals.wrote = self._services.wrote = False
        self._services.collect()
        self._services.prepare({name: desired.services[name] for name in delta.services})
        self._settings.put(desired, wide=True)
        self._interest.widen(desired)
        self._put_ends(desired, delta, tables)
        if tables:
            self._put_ways_in(desired)
        self._remove_ends(desired, delta, tables)
        self._interest.put(desired)
        self._settings.put(desired)
        self._services.collect()
        self._applied = desired
        wrote = self._reals.wrote or self._services.wrote
        return wrote or (tables and self._snapshot() != before)

    def _put_ways_in(self, desired: Desired) -> None:
        """Keys and VIPs that lead to services, and no others."""
        services = self._installed.services
        self._vips.put_keys({key: services[name].id for key, name in desired.keys.items()})
        self._vips.remove(desired.vips, desired.keys)
        self._vips.put(desired.vips)

    def _put_ends(self, desired: Desired, delta: Delta, tables: bool) -> None:
        """What keys and VIPs lead to: everything that is new or changes. ``tables``: of those that
        services share, too."""
        self._links.put(desired.links)
        for service in delta.services:
            self._services.name(service)
        if tables:
            self._vips.prepare(desired.vips)
            self._paths.prepare(desired.paths)
        retired, known = [], self._installed.reals
        there = [real for real in delta.reals if real in known]
        self._reals.put_new({n: desired.reals[n] for n in delta.reals if n not in known})
        for real in there:
            wanted = desired.reals[real]
            if self._reals.retires(real, wanted):
                retired.append(real)
            else:
                self._reals.put(real, wanted)
        if tables:
            for real, opener in desired.openers.items():
                self._reals.put_opener(real, opener)
            self._natted.prepare(desired.natted)
        if tables or self._homed(desired, delta):
            self._homes.put(self._wanted_homes(desired))
        self._put_services(desired, delta, tables)
        for real in retired:
            self._reals.put(real, desired.reals[real])

    def _wanted_natted(self, desired: Desired) -> dict[IPAddress, int]:
        """What natted should hold, when the openers have their places."""
        openers = self._installed.openers
        return {ip: openers[real].index if real else 0 for ip, real in desired.natted.items()}

    def _remove_ends(self, desired: Desired, delta: Delta, tables: bool) -> None:
        """What no packet can be given to any more."""
        if tables or self._homed(desired, delta):
            self._homes.remove_others(self._wanted_homes(desired))
        if tables:
            self._natted.remove_others(desired.natted)
        self._reals.remove(delta.gone_reals, desired.openers)
        self._services.remove(delta.gone)
        if tables:
            self._vips.remove_pools(desired.vips)
            self._paths.put(desired.paths)
            self._paths.remove_others(desired.paths)
        self._links.remove_others(desired.links)

    def _snapshot(self) -> tuple[object, ...]:
        """The tables that services share."""
        state = self._installed
        return (
            dict(state.homes),
            dict(self._paths.content),
            dict(self._links.content),
            dict(self._natted.content),
            dict(state.keys),
            {address: asdict(vip) for address, vip in state.vips.items()},
        )

    @staticmethod
    def _homed(desired: Desired, delta: Delta) -> bool:
        """Does a service of a persistence group change?"""
        return bool(desired.groups) and any(name in desired.groups for name in delta.services)

    def _wanted_homes(self, desired: Desired) -> dict[Home, int]:
        """What homes[] should hold, when the reals have their places."""
        state = self._installed
        return {
            (state.services[real.service].id, real.address): state.reals[real].index
            for real in desired.reals
            if real.service in desired.groups
        }

    def _put_services(self, desired: Desired, delta: Delta, tables: bool) -> None:
        """Those that have a pool, then who opens connections through it, then the others, which may
        have had one."""
        groups, moved = self._services.groups(desired), self._reals.moved()
        concerned = {*delta.services, *moved, *self._services.regrouped(groups)}
        services = [(name, each) for name, each in desired.services.items() if name in concerned]
        for pooled in (True, False):
            for name, content in services:
                if bool(content.pool) == pooled:
                    self._services.put(name, content, groups.get(name, 0), moved)
            if pooled and tables:
                self._natted.put(self._wanted_natted(desired))


def _shared(desired: Desired) -> tuple[int, ...]:
    """Which objects are the tables that services share."""
    tables = (desired.keys, desired.vips, desired.paths, desired.groups, desired.natted)
    return tuple(map(id, (*tables, desired.openers, desired.answering, desired.links)))
