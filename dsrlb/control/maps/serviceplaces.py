# SPDX-License-Identifier: Apache-2.0
"""Which service has which places: its id, and those of its record, schedule, table, list of
sources and pool. A service's next form is written to fresh places, then its slot is flipped."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np

from dsrlb.control.desired.contents import Desired, DesiredService, ServiceId
from dsrlb.control.maps.installed import Installed, InstalledService
from dsrlb.control.maps.persistence import group_numbers
from dsrlb.control.maps.pools import PoolTable, Range
from dsrlb.control.maps.records import service_record
from dsrlb.control.maps.sources import SourceLists
from dsrlb.control.maps.tableplace import TablePlaces
from dsrlb.dataplane.maps import MapSet
from dsrlb.errors import StateError


class ServicePlaces:
    """Of an instance's services."""

    def __init__(self, maps: MapSet, installed: Installed) -> None:
        self._maps = maps
        self._installed = installed
        self._revision = max((s.revision for s in installed.services.values()), default=0)
        self._tables = TablePlaces(maps, installed.table_lines)
        numbers = maps["slots"].max_entries  # as many lists as services (MAX_SOURCE_LISTS)
        self._lists = SourceLists(maps["sources"], numbers, installed.lists, self._named())
        self.pools = PoolTable(maps, self._ranges())
        """The addresses of pools."""
        self.wrote = False
        """Was anything written since this was last set?"""

    def collect(self) -> None:
        """Lists and pools that no record names any more begin to rest."""
        self._lists.collect(self._named())
        self.pools.collect(self._ranges())

    def prepare(self, services: Mapping[ServiceId, DesiredService]) -> None:
        """Build the tables of those that are new or change, which takes a while."""
        present = self._installed.services
        self._tables.prepare(
            content
            for name, content in services.items()
            if name not in present or present[name].content != content
        )

    def name(self, service: ServiceId) -> None:
        """Give a service an id, with fresh counters; its slot stays empty until it is complete."""
        state = self._installed
        if service in state.services:
            return
        number = state.service_ids.allocate()
        self._maps["service_traffic"].clear_each([number])
        for name in ("cursors", "service_rates"):
            self._maps[name].set(number, 0)
        self._maps["names"].array["name"][number] = f"{service.family}:{service.name}".encode()
        state.services[service] = InstalledService(number)
        self.wrote = True

    def groups(self, desired: Desired) -> dict[ServiceId, int]:
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

    def regrouped(self, groups: Mapping[ServiceId, int]) -> set[ServiceId]:
        """The services whose group has, or is about to get, another number."""
        services = self._installed.services.items()
        return {name for name, entry in services if entry.persistence_group != groups.get(name, 0)}

    def put(
        self, service: ServiceId, wanted: DesiredService, group: int, moved: Collection[ServiceId]
    ) -> None:
        """Write list, pool, schedule, table and record to fresh places, then flip the slot.
        ``moved``: services whose real servers have other places. Raises StateError."""
        state = self._installed
        present = state.services[service]
        same = (present.content, present.persistence_group) == (wanted, group)
        if present.record and same and service not in moved:
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
        self.wrote = self.wrote or not same

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

    def remove(self, services: Iterable[ServiceId]) -> None:
        """Forget services that no key leads to any more."""
        for identity in services:
            service = self._installed.services.pop(identity, None)
            if service is None:
                continue
            self._maps["slots"].array[service.id] = 0
            self._maps["names"].array["name"][service.id] = b""
            self._release(service)
            self._installed.service_ids.free(service.id)
            self.wrote = True
