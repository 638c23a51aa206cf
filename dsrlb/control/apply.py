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
"""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from dsrlb.control.desired import (
    USABLE,
    Desired,
    DesiredReal,
    DesiredService,
    RealId,
    ServiceId,
)
from dsrlb.control.forms import form_of
from dsrlb.control.installed import Installed, InstalledReal, InstalledService
from dsrlb.control.natted import Natted
from dsrlb.control.ownlinks import OwnLinks
from dsrlb.control.pathtable import PathTable
from dsrlb.control.persistence import Home, Homes, group_numbers
from dsrlb.control.pools import PoolTable, Range
from dsrlb.control.realtable import RealTable, zero_traffic
from dsrlb.control.records import service_record
from dsrlb.control.settings import Interest, Settings
from dsrlb.control.sources import SourceLists
from dsrlb.control.tableplace import TablePlaces
from dsrlb.control.viptable import VipTable
from dsrlb.dataplane.keys import IPAddress
from dsrlb.dataplane.maps import MapSet
from dsrlb.errors import StateError


class Applier:
    """The one writer of an instance's configuration maps."""

    def __init__(self, maps: MapSet, installed: Installed) -> None:
        self._maps = maps
        self._installed = installed
        self._revision = max((s.revision for s in installed.services.values()), default=0)
        self._paths = PathTable(maps)
        self._links = OwnLinks(maps)
        self._natted = Natted(maps)
        self._reals = RealTable(maps)
        self._homes = Homes(maps["homes"], installed.homes)
        self._settings = Settings(maps)
        self._interest = Interest(maps, installed.vips, self._natted.content)
        self._tables = TablePlaces(maps, installed.table_lines)
        self._vips = VipTable(maps, installed.keys, installed.vips)
        numbers = maps["slots"].max_entries  # as many lists as services (MAX_SOURCE_LISTS)
        self._lists = SourceLists(maps["sources"], numbers, installed.lists, self._named())
        self.pools = PoolTable(maps, self._ranges())
        """The addresses of pools."""

    @property
    def installed(self) -> Installed:
        """What the maps hold now."""
        return self._installed

    @property
    def paths(self) -> PathTable:
        """The ways to addresses that are routed to."""
        return self._paths

    def removes_reals(self, desired: Desired) -> bool:
        """Would apply() end the flows of a real server?"""
        state = self._installed
        gone = state.openers.keys() - desired.openers.keys()
        return bool(state.former or gone) or any(
            identity not in desired.reals or self._replaces(identity, desired.reals[identity])
            for identity in state.reals
        )

    def apply(self, desired: Desired) -> bool:
        """Make the maps hold ``desired``; True when anything was written.

        Raises StateError when an array has no room; what was written until then is complete in
        itself (whole services), and the next apply goes on from there.
        """
        before = self._snapshot()
        self._collect()
        self._tables.prepare(self._new_contents(desired))
        self._settings.put(desired, wide=True)
        self._interest.widen(desired)
        self._put_ends(desired)
        self._vips.put_keys(
            {key: self._installed.services[name].id for key, name in desired.keys.items()}
        )
        self._vips.remove(desired.vips, desired.keys)
        self._vips.put(desired.vips)
        self._remove_ends(desired)
        self._interest.put(desired)
        self._settings.put(desired)
        self._collect()
        return self._snapshot() != before

    def _new_contents(self, desired: Desired) -> list[DesiredService]:
        """Of the services that are new or change."""
        present = self._installed.services
        return [
            content
            for name, content in desired.services.items()
            if name not in present or present[name].content != content
        ]

    def _put_ends(self, desired: Desired) -> None:
        """What keys and VIPs lead to: everything that is new or changes."""
        self._links.put(desired.links)
        for service in desired.services:
            self._name(service)
        self._vips.prepare(desired.vips)
        self._paths.prepare(desired.paths)
        retired = {name: real for name, real in desired.reals.items() if self._retires(name, real)}
        for identity, real in desired.reals.items():
            if identity not in retired:
                self._put_real(identity, real)
        for identity, real in desired.openers.items():
            self._put_opener(identity, real)
        self._natted.prepare(desired.natted)
        self._homes.put(self._wanted_homes(desired))
        self._put_services(desired)
        for identity, real in retired.items():
            self._put_real(identity, real)

    def _wanted_natted(self, desired: Desired) -> dict[IPAddress, int]:
        """What natted should hold, when the openers have their places."""
        openers = self._installed.openers
        return {ip: openers[real].index if real else 0 for ip, real in desired.natted.items()}

    def _remove_ends(self, desired: Desired) -> None:
        """What no packet can be given to any more."""
        state = self._installed
        self._homes.remove_others(self._wanted_homes(desired))
        self._natted.remove_others(desired.natted)
        for real in state.reals.keys() - desired.reals.keys():
            self._clear(state.reals.pop(real))
        for opener in state.openers.keys() - desired.openers.keys():
            self._clear(state.openers.pop(opener))
        while state.former:
            self._clear(state.former.pop()[1])
        for service in state.services.keys() - desired.services.keys():
            self._remove_service(service)
        self._vips.remove_pools(desired.vips)
        self._paths.put(desired.paths)
        self._paths.remove_others(desired.paths)
        self._links.remove_others(desired.links)

    def _snapshot(self) -> tuple[object, ...]:
        state = self._installed
        return (
            {
                name: (entry.content, entry.persistence_group)
                for name, entry in state.services.items()
            },
            {name: (entry.index, entry.content) for name, entry in state.reals.items()},
            {name: entry.content for name, entry in state.openers.items()},
            dict(state.homes),
            dict(self._paths.content),
            dict(self._links.content),
            dict(self._natted.content),
            dict(state.keys),
            {address: asdict(vip) for address, vip in state.vips.items()},
        )

    def _collect(self) -> None:
        """Lists and pools that no record names any more begin to rest."""
        self._lists.collect(self._named())
        self.pools.collect(self._ranges())

    def _name(self, service: ServiceId) -> None:
        """Give a service an id, with fresh counters; its slot stays empty until it is complete."""
        state = self._installed
        if service in state.services:
            return
        number = state.service_ids.allocate()
        zero_traffic(self._maps["service_traffic"], number)
        for name in ("cursors", "service_rates"):
            self._maps[name].set(number, 0)
        self._maps["names"].array["name"][number] = f"{service.family}:{service.name}".encode()
        state.services[service] = InstalledService(number)

    def _replaces(self, identity: RealId, wanted: DesiredReal) -> bool:
        """Can the flows that the real has not go on?"""
        present = self._installed.reals.get(identity)
        return present is not None and form_of(present.content) != form_of(wanted)

    def _retires(self, identity: RealId, wanted: DesiredReal) -> bool:
        """Is the real in a schedule now, and will not be? One that is replaced stays as it is."""
        present = self._installed.reals.get(identity)
        if present is None or self._replaces(identity, wanted):
            return False
        return bool(present.content.flags & ~wanted.flags & USABLE)

    def _put_real(self, identity: RealId, wanted: DesiredReal) -> None:
        state = self._installed
        present = self._present(identity, wanted)
        if present is not None and present.content == wanted:
            return
        index = present.index if present else self._begin_real(identity)
        path = self._paths.place(identity.address) if wanted.routed else 0
        self._reals.write(index, present.content if present else None, wanted, path)
        replaced = state.reals.get(identity)
        if replaced is not None and replaced.index != index:
            state.former.append((identity, replaced))
        state.reals[identity] = InstalledReal(index, wanted)

    def _put_opener(self, identity: RealId, wanted: DesiredReal) -> None:
        openers = self._installed.openers
        present = openers.get(identity)
        if present is not None and present.content == wanted:
            return
        index = present.index if present else self._begin_real(identity)
        self._reals.write(index, present.content if present else None, wanted, 0)
        openers[identity] = InstalledReal(index, wanted)

    def _begin_real(self, identity: RealId) -> int:
        state = self._installed
        index = state.real_indices.allocate()
        self._reals.begin(index, state.services[identity.service].id, identity.address)
        return index

    def _present(self, identity: RealId, wanted: DesiredReal) -> InstalledReal | None:
        """The place that the real goes on in: its own, or one that it had before a change which a
        killed daemon began; None: a new one."""
        state = self._installed
        if not self._replaces(identity, wanted):
            return state.reals.get(identity)
        for at, (other, entry) in enumerate(state.former):
            if other == identity and form_of(entry.content) == form_of(wanted):
                state.former[at] = (identity, state.reals[identity])
                state.reals[identity] = entry
                return entry
        return None

    def _wanted_homes(self, desired: Desired) -> dict[Home, int]:
        """What homes[] should hold, when the reals have their places."""
        state = self._installed
        return {
            (state.services[real.service].id, real.address): state.reals[real].index
            for real in desired.reals
            if real.service in desired.groups
        }

    def _groups(self, desired: Desired) -> dict[ServiceId, int]:
        """The persistence group's number of each service that has persistence."""
        state = self._installed
        numbers = group_numbers(
            desired.groups,
            {name: entry.persistence_group for name, entry in state.services.items()},
            self._maps["slots"].max_entries,
        )
        return {
            name: numbers.get(name, state.services[name].id)
            for name, content in desired.services.items()
            if content.persistence_ticks
        }

    def _put_services(self, desired: Desired) -> None:
        """Those that have a pool, then who opens connections through it, then the others, which may
        have had one."""
        groups = self._groups(desired)
        for pooled in (True, False):
            for service, content in desired.services.items():
                if bool(content.pool) == pooled:
                    self._put_service(service, content, groups.get(service, 0))
            if pooled:
                self._natted.put(self._wanted_natted(desired))

    def _put_service(self, service: ServiceId, wanted: DesiredService, group: int) -> None:
        """Write list, pool, schedule, table and record to fresh places, then flip the slot."""
        state = self._installed
        present = state.services[service]
        moved = any(real.service == service for real, _ in state.former)
        same = (present.content, present.persistence_group) == (wanted, group)
        if present.record and same and not moved:
            return
        sources = self._lists.number_of(wanted.sources) if wanted.has_list else 0
        pool = self.pools.range_of(wanted.pool) if wanted.pool else 0
        fresh = self._allocate(present.id, wanted)
        fresh.source_list, fresh.persistence_group, fresh.pool = sources, group, pool
        self._maps["records"].array[fresh.record] = service_record(fresh)
        if present.content.service_rate != wanted.service_rate:
            # How far ahead the old rate was used up says nothing of the new one.
            self._maps["service_rates"].set(present.id, 0)
        self._maps["slots"].array[present.id] = fresh.revision << 32 | fresh.record
        self._release(present)
        state.services[service] = fresh

    def _allocate(self, number: int, wanted: DesiredService) -> InstalledService:
        """Places for a service's next form, with schedule and table written there. Raises
        StateError when there is no room; nothing is taken then."""
        state = self._installed
        self._revision += 1
        fresh = InstalledService(number, revision=self._revision, content=wanted)
        indices = [state.reals[real].index for real in wanted.schedule]
        try:
            fresh.record = state.records.allocate()
            if indices:
                first = fresh.first = state.members.allocate(len(indices))
                fresh.count = len(indices)
                members = np.array(wanted.weights, np.uint64) << np.uint64(32)
                members |= np.array(indices, np.uint64)
                self._maps["members"].array[first : first + fresh.count] = members
            fresh.table, fresh.entries = self._tables.put(wanted, indices)
        except StateError:
            self._release(fresh)
            raise
        return fresh

    def _named(self) -> set[int]:
        """The lists of sources that records name."""
        return {entry.source_list for entry in self._installed.services.values()}

    def _ranges(self) -> set[Range]:
        """The ranges of pools that records name."""
        services = self._installed.services.values()
        return {(entry.pool, len(entry.content.pool)) for entry in services if entry.pool}

    def _release(self, service: InstalledService) -> None:
        if service.record:
            self._installed.records.free(service.record)
        if service.count:
            self._installed.members.free(service.first, service.count)
        self._tables.free(service.table, service.entries)

    def _clear(self, real: InstalledReal) -> None:
        self._reals.clear(real.index)
        self._installed.real_indices.free(real.index)

    def _remove_service(self, identity: ServiceId) -> None:
        service = self._installed.services.pop(identity)
        self._maps["slots"].array[service.id] = 0
        self._maps["names"].array["name"][service.id] = b""
        self._release(service)
        self._installed.service_ids.free(service.id)
