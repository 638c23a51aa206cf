# SPDX-License-Identifier: Apache-2.0
"""What the maps hold, read back from them, and the places that are taken.

The maps are the only record of which service and which real has which index: a daemon that was
killed at any point finds everything here again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dsrlb.control.desired.contents import (
    NO_SERVICE,
    OUTBOUND,
    PRESENT,
    DesiredReal,
    DesiredService,
    DesiredVip,
    PortKey,
    Rate,
    RealId,
    ServiceId,
    Sources,
)
from dsrlb.control.maps.arena import Arena
from dsrlb.control.maps.persistence import Home, read_homes
from dsrlb.control.maps.pools import addresses_in
from dsrlb.control.maps.sources import read_lists
from dsrlb.control.maps.tableplace import lines_of
from dsrlb.dataplane.algorithms import by_number
from dsrlb.dataplane.keys import IPAddress, address_from_bytes
from dsrlb.dataplane.maps import MapSet

_INDEX = 0xFFFFFFFF


@dataclass(slots=True)
class InstalledService:
    """A service in force: id, its record's place, its schedule's place, the numbers of its list of
    sources and its persistence group, its pool's place (0: none), the content, its table's first
    line and entries (0: none)."""

    id: int
    record: int = 0
    first: int = 0
    count: int = 0
    revision: int = 0
    source_list: int = 0
    persistence_group: int = 0
    pool: int = 0
    content: DesiredService = NO_SERVICE
    table: int = 0
    entries: int = 0


@dataclass(slots=True)
class InstalledReal:
    """A real in force: index in reals[], and the content."""

    index: int
    content: DesiredReal


@dataclass(slots=True)
class Installed:
    """Mirror of the configuration maps."""

    services: dict[ServiceId, InstalledService] = field(default_factory=dict)
    reals: dict[RealId, InstalledReal] = field(default_factory=dict)
    keys: dict[PortKey, int] = field(default_factory=dict)
    vips: dict[IPAddress, DesiredVip] = field(default_factory=dict)
    homes: dict[Home, int] = field(default_factory=dict)
    lists: dict[int, Sources] = field(default_factory=dict)  # as they were read
    former: list[tuple[RealId, InstalledReal]] = field(default_factory=list)
    """Reals that have another place now, until nothing names the old one."""
    openers: dict[RealId, InstalledReal] = field(default_factory=dict)
    """What stands in reals[] for the connections that real servers open."""
    service_ids: Arena = field(init=False)
    real_indices: Arena = field(init=False)
    records: Arena = field(init=False)
    members: Arena = field(init=False)
    table_lines: Arena = field(init=False)

    def service_name(self, number: int) -> ServiceId | None:
        """The service with this id, or None."""
        for identity, service in self.services.items():
            if service.id == number:
                return identity
        return None


def service_ids(maps: MapSet) -> dict[int, ServiceId]:
    """The services by id. Names are stored as FAMILY:NAME."""
    found = {}
    names = maps["names"].array["name"]
    for number in np.flatnonzero(names != b"").tolist():
        family, _, name = bytes(names[number]).decode().partition(":")
        found[number] = ServiceId(name, int(family))
    return found


def _read_reals(maps: MapSet, services: dict[int, ServiceId], installed: Installed) -> None:
    """A real may have two places: a daemon that was killed gave it another one."""
    for index in np.flatnonzero(maps["reals"].array["flags"] & PRESENT).tolist():
        row = maps["reals"].array[index]
        service = services.get(int(row["service"]))
        if service is None:
            continue
        identity = RealId(service, address_from_bytes(row["address"].tobytes()))
        entry = InstalledReal(index, read_real(row, maps["loads"].array[index]))
        if entry.content.flags & OUTBOUND:
            installed.openers[identity] = entry
            continue
        if identity in installed.reals:
            installed.former.append((identity, installed.reals[identity]))
        installed.reals[identity] = entry


def read_real(row: Any, load: Any) -> DesiredReal:
    """Out of its elements of reals[] and loads[]."""
    return DesiredReal(
        mac=row["mac"].tobytes(),
        source_mac=row["source_mac"].tobytes(),
        mtu=int(row["mtu"]),
        link=int(row["link"]),
        flags=int(row["flags"]),
        idle_ticks=int(row["idle_ticks"]),
        closing_ticks=int(row["closing_ticks"]),
        pending_ticks=int(row["pending_ticks"]),
        weight=int(row["weight"]),
        max_open=int(load["max_open"]),
        max_open_low=int(load["max_open_low"]),
        method=int(row["method"]),
        dscp=int(row["dscp"]),
        port=int(row["port"]),
        vlan=int(row["vlan"]),
        routed=bool(row["path"]),
    )


def read_service(
    maps: MapSet,
    number: int,
    by_index: Mapping[int, RealId],
    lists: Mapping[int, Sources],
) -> InstalledService:
    """The service with this id. ``by_index``: who has which place in reals[]; ``lists``: those of
    sources, by number."""
    slot = int(maps["slots"].array[number])
    if not slot:  # named, but killed before it was complete
        return InstalledService(number)
    place = slot & _INDEX
    record = maps["records"].array[place]
    first, count = int(record["first"]), int(record["count"])
    schedule = [
        (by_index[member & _INDEX], member >> 32)
        for member in maps["members"].array[first : first + count].tolist()
        if member & _INDEX in by_index
    ]
    algorithm, entries = int(record["algorithm"]), int(record["table_count"])
    source_list, pool = int(record["source_list"]), int(record["pool_first"])
    return InstalledService(
        id=number,
        record=place,
        first=first,
        count=count,
        revision=int(record["revision"]),
        source_list=source_list,
        persistence_group=int(record["persistence_group"]),
        pool=pool,
        content=DesiredService(
            algorithm=algorithm,
            method=int(record["method"]),
            links=int(record["links"]),
            on_unknown=int(record["on_unknown"]),
            schedule=tuple(real for real, _ in schedule),
            flags=int(record["flags"]),
            sources=lists.get(source_list, frozenset()),
            persistence_ticks=int(record["persistence_ticks"]),
            service_rate=Rate(int(record["service_interval"]), int(record["service_burst"])),
            source_rate=Rate(int(record["source_interval"]), int(record["source_burst"])),
            pool=addresses_in(maps, pool, int(record["pool_count"])),
            mss_clamp=int(record["mss_clamp"]),
            weights=tuple(weight for _, weight in schedule),
            table_size=entries if by_number()[algorithm].kind == "hash" else 0,
            table_rule=int(record["table_rule"]),
        ),
        table=int(record["table_first"]),
        entries=entries,
    )


def port_of(key: Any) -> PortKey:
    """Out of a key of the map ``services``."""
    vip = address_from_bytes(key["vip"].tobytes())
    return PortKey(vip, int(key["proto"]), int(key["port"]), int(key["block"]))


def read_vip(value: Any) -> DesiredVip:
    """Out of an element of the map ``vips``."""
    return DesiredVip(int(value["links"]), int(value["tcp_blocks"]), int(value["udp_blocks"]))


def read(maps: MapSet) -> Installed:
    """Read back everything that the maps hold (empty maps: nothing)."""
    ids = service_ids(maps)
    installed = Installed()
    _read_reals(maps, ids, installed)
    installed.lists = read_lists(maps["sources"])
    by_index = {real.index: identity for identity, real in installed.reals.items()}
    installed.services = {
        identity: read_service(maps, number, by_index, installed.lists)
        for number, identity in ids.items()
    }
    installed.homes = read_homes(maps["homes"])
    for key in maps["services"].hash_keys():
        value = maps["services"].get(key.tobytes())
        if value is not None:
            installed.keys[port_of(key)] = int(value)
    for key in maps["vips"].hash_keys():
        value = maps["vips"].get(key.tobytes())
        if value is not None:
            installed.vips[address_from_bytes(key.tobytes())] = read_vip(value)
    _reserve(maps, installed, ids)
    return installed


def _reserve(maps: MapSet, installed: Installed, ids: dict[int, ServiceId]) -> None:
    services = installed.services.values()
    installed.service_ids = Arena("service ids", maps["slots"].max_entries)
    installed.service_ids.reserve((number, 1) for number in ids)
    installed.real_indices = Arena("reals", maps["reals"].max_entries)
    present = np.flatnonzero(maps["reals"].array["flags"] & PRESENT).tolist()
    installed.real_indices.reserve((index, 1) for index in present)
    installed.records = Arena("service records", maps["records"].max_entries)
    installed.records.reserve((entry.record, 1) for entry in services if entry.record)
    installed.members = Arena("schedules", maps["members"].max_entries)
    installed.members.reserve((entry.first, entry.count) for entry in services if entry.count)
    tables = maps["tables"]
    width = tables.value_type["real"].shape[0]
    installed.table_lines = Arena("tables", tables.max_entries)
    installed.table_lines.reserve(
        (entry.table, lines_of(entry.entries, width)) for entry in services if entry.entries
    )
