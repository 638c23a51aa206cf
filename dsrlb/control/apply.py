# SPDX-License-Identifier: Apache-2.0
"""Write the difference between desired and installed state, so that no packet meets half of it.

Order: what others refer to first. Reals and homes, then lists of sources, schedules, records and
slots (one 8-byte store makes a service's new form valid), then service keys, then VIPs; removal
goes the other way round, and the interest filter is wide meanwhile. A real that may have no new
flows any more says so after the schedules that name it are gone. Every intermediate state is one in
which each new flow is treated either as before or as after; only a service that changes and loses a
port or VIP at the same time may serve that one by its new form until it is gone.
"""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from dsrlb.control.desired import (
    USABLE,
    Desired,
    DesiredReal,
    DesiredService,
    DesiredVip,
    PortKey,
    RealId,
    ServiceId,
)
from dsrlb.control.installed import Installed, InstalledReal, InstalledService
from dsrlb.control.pathtable import PathTable
from dsrlb.control.persistence import Home, group_numbers, home_key
from dsrlb.control.sources import SourceLists
from dsrlb.dataplane.keys import IPAddress, address_bytes, interest_words
from dsrlb.dataplane.map import possible_cpus
from dsrlb.dataplane.maps import MapSet
from dsrlb.errors import StateError

_METHOD = 5
"""Place of an 8-byte group in struct real."""


class Applier:
    """The one writer of an instance's configuration maps."""

    def __init__(self, maps: MapSet, installed: Installed) -> None:
        self._maps = maps
        self._installed = installed
        self._revision = max((s.revision for s in installed.services.values()), default=0)
        self._paths = PathTable(maps)
        numbers = maps["slots"].max_entries  # as many lists as services (MAX_SOURCE_LISTS)
        self._lists = SourceLists(maps["sources"], numbers, installed.lists, self._named())

    @property
    def installed(self) -> Installed:
        """What the maps hold now."""
        return self._installed

    @property
    def paths(self) -> PathTable:
        """The ways to addresses that are routed to."""
        return self._paths

    def apply(self, desired: Desired) -> bool:
        """Make the maps hold ``desired``; True when anything was written.

        Raises StateError when an array has no room; what was written until then is complete in
        itself (whole services), and the next apply goes on from there.
        """
        before = self._snapshot()
        self._lists.collect(self._named())
        tunnels = any(any(path.source) for path in desired.paths.values())
        self._maps["settings"].set(0, (int(desired.announce), int(tunnels)))
        self._filter({*desired.vips, *self._installed.vips})
        for service in desired.services:
            self._name(service)
        for address, vip in desired.vips.items():
            self._prepare_vip(address, vip)
        self._paths.prepare(desired.paths)
        retired = {name: real for name, real in desired.reals.items() if self._retires(name, real)}
        for identity, real in desired.reals.items():
            if identity not in retired:
                self._put_real(identity, real)
        homes = self._homes(desired)
        self._put_homes(homes)
        groups = self._groups(desired)
        for service, content in desired.services.items():
            self._put_service(service, content, groups.get(service, 0))
        for identity, real in retired.items():
            self._put_real(identity, real)
        self._put_keys(desired)
        self._remove_ways(desired)
        for address, vip in desired.vips.items():
            self._put_vip(address, vip)
        self._remove_homes(homes)
        self._remove_ends(desired)
        self._paths.put(desired.paths)
        self._paths.remove_others(desired.paths)
        self._filter(set(desired.vips))
        self._lists.collect(self._named())
        return self._snapshot() != before

    def _snapshot(self) -> tuple[object, ...]:
        state = self._installed
        return (
            {
                name: (entry.content, entry.persistence_group)
                for name, entry in state.services.items()
            },
            {name: entry.content for name, entry in state.reals.items()},
            dict(state.homes),
            dict(self._paths.content),
            dict(state.keys),
            {address: asdict(vip) for address, vip in state.vips.items()},
        )

    def _filter(self, addresses: set[IPAddress]) -> None:
        interest = self._maps["interest"]
        words = interest.value_type["word"].shape[0]
        interest.set(0, interest_words(addresses, words).tobytes())

    def _zero_traffic(self, name: str, index: int) -> None:
        traffic = self._maps[name]
        cpus = possible_cpus()
        traffic.set(index, bytes(traffic.layout.value_size * cpus))

    def _name(self, service: ServiceId) -> None:
        """Give a service an id, with fresh counters; its slot stays empty until it is complete."""
        state = self._installed
        if service in state.services:
            return
        number = state.service_ids.allocate()
        self._zero_traffic("service_traffic", number)
        for name in ("cursors", "service_rates"):
            self._maps[name].set(number, 0)
        self._maps["names"].array["name"][number] = f"{service.family}:{service.name}".encode()
        state.services[service] = InstalledService(number)

    def _retires(self, identity: RealId, wanted: DesiredReal) -> bool:
        """Is the real in a schedule now, and will not be?"""
        present = self._installed.reals.get(identity)
        return present is not None and bool(present.content.flags & ~wanted.flags & USABLE)

    def _put_real(self, identity: RealId, wanted: DesiredReal) -> None:
        state = self._installed
        present = state.reals.get(identity)
        if present is not None and present.content == wanted:
            return
        reals = self._maps["reals"].array
        index = present.index if present else state.real_indices.allocate()
        row = reals[index : index + 1]
        if present is None:
            self._zero_traffic("real_traffic", index)
            self._zero_load(index)
            row["service"] = state.services[identity.service].id
            row["address"]["word_be"] = np.frombuffer(address_bytes(identity.address), "<u4")
        for field in ("idle_ticks", "closing_ticks"):
            row[field] = getattr(wanted, field)
        if present is not None:  # what is lost (the MAC address) before it is overwritten
            row["flags"] = present.content.flags & wanted.flags
        self._put_next_hop(index, wanted)
        self._put_method(index, identity, wanted)
        self._put_limits(index, wanted)
        row["flags"] = wanted.flags
        state.reals[identity] = InstalledReal(index, wanted)

    def _put_next_hop(self, index: int, wanted: DesiredReal) -> None:
        """MAC and link, then source MAC and MTU: two aligned 8-byte stores (struct real, abi.h)."""
        memory = self._maps["reals"].array.view("<u8").reshape(-1, 8)
        first = wanted.mac + wanted.link.to_bytes(2, "little")
        second = wanted.source_mac + wanted.mtu.to_bytes(2, "little")
        memory[index, 0] = int.from_bytes(first, "little")
        memory[index, 1] = int.from_bytes(second, "little")

    def _put_method(self, index: int, identity: RealId, wanted: DesiredReal) -> None:
        """The method with its code by one aligned 8-byte store; what the new one needs before it,
        and what the old one needed goes behind it."""
        reals = self._maps["reals"].array
        row = reals[index : index + 1]
        memory = reals.view("<u8").reshape(len(reals), -1)
        path = self._paths.place(identity.address) if wanted.routed else 0
        row["vlan"] = wanted.vlan
        row["gue_port"] = wanted.gue_port or row["gue_port"]
        row["path"] = path or row["path"]
        method = wanted.weight | wanted.method << 16 | wanted.dscp << 24
        memory[index, _METHOD] = wanted.pending_ticks | method << 32
        row["gue_port"], row["path"] = wanted.gue_port, path

    def _zero_load(self, index: int) -> None:
        """The place is nobody's now, and has rested: the program counts nothing there."""
        for field in ("open", "pending", "full"):
            self._maps["loads"].array[field][index] = 0

    def _put_limits(self, index: int, wanted: DesiredReal) -> None:
        """Both by one aligned 8-byte store: the rest of struct load is the program's (abi.h)."""
        memory = self._maps["loads"].array.view("<u8").reshape(-1, 8)
        memory[index, 3] = wanted.max_open_low << 32 | wanted.max_open

    def _homes(self, desired: Desired) -> dict[Home, int]:
        """What homes[] should hold, when the reals have their places."""
        state = self._installed
        return {
            (state.services[real.service].id, real.address): state.reals[real].index
            for real in desired.reals
            if real.service in desired.groups
        }

    def _put_homes(self, wanted: dict[Home, int]) -> None:
        for home, index in wanted.items():
            if self._installed.homes.get(home) != index:
                self._maps["homes"].set(home_key(home), index)
                self._installed.homes[home] = index

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

    def _put_service(self, service: ServiceId, wanted: DesiredService, group: int) -> None:
        """Write list, schedule and record to fresh places, then flip the slot."""
        state = self._installed
        present = state.services[service]
        if present.record and (present.content, present.persistence_group) == (wanted, group):
            return
        sources = self._lists.number_of(wanted.sources) if wanted.has_list else 0
        count = len(wanted.schedule)
        record = state.records.allocate()
        try:
            first = state.members.allocate(count) if count else 0
        except StateError:
            state.records.free(record)
            raise
        indices = [state.reals[real].index for real in wanted.schedule]
        self._maps["members"].array[first : first + count] = indices
        self._revision += 1
        self._maps["records"].array[record] = (
            first,
            count,
            self._revision,
            wanted.algorithm,
            wanted.method,
            wanted.links,
            wanted.on_unknown,
            wanted.flags,
            sources,
            group,
            wanted.persistence_ticks,
            0,
            wanted.service_rate.interval,
            wanted.service_rate.burst,
            wanted.source_rate.interval,
            wanted.source_rate.burst,
        )
        if present.content.service_rate != wanted.service_rate:
            # How far ahead the old rate was used up says nothing of the new one.
            self._maps["service_rates"].set(present.id, 0)
        self._maps["slots"].array[present.id] = self._revision << 32 | record
        self._release(present)
        state.services[service] = InstalledService(
            present.id, record, first, count, self._revision, sources, group, wanted
        )

    def _named(self) -> set[int]:
        """The lists of sources that records name."""
        return {entry.source_list for entry in self._installed.services.values()}

    def _release(self, service: InstalledService) -> None:
        if service.record:
            self._installed.records.free(service.record)
        if service.count:
            self._installed.members.free(service.first, service.count)

    def _key(self, key: PortKey) -> bytes:
        head = address_bytes(key.vip) + key.port.to_bytes(2, "little")
        return head + bytes((key.protocol, key.block))

    def _put_keys(self, desired: Desired) -> None:
        """Small blocks first: a larger one must not catch the ports of one still to come."""
        state = self._installed
        numbers = {key: state.services[service].id for key, service in desired.keys.items()}
        changed = [key for key, number in numbers.items() if state.keys.get(key) != number]
        for key in sorted(changed, key=lambda key: key.block):
            self._maps["services"].set(self._key(key), numbers[key])
            state.keys[key] = numbers[key]

    def _prepare_vip(self, address: IPAddress, wanted: DesiredVip) -> None:
        """While keys change: look for the block sizes of both states, and on links of both only."""
        now = self._installed.vips.get(address)
        if now is not None:
            meanwhile = DesiredVip(
                now.links & wanted.links,
                now.tcp_blocks | wanted.tcp_blocks,
                now.udp_blocks | wanted.udp_blocks,
            )
            self._put_vip(address, meanwhile)

    def _put_vip(self, address: IPAddress, wanted: DesiredVip) -> None:
        if self._installed.vips.get(address) != wanted:
            value = (wanted.links, wanted.tcp_blocks, wanted.udp_blocks)
            self._maps["vips"].set(address_bytes(address), value)
            self._installed.vips[address] = wanted

    def _remove_ways(self, desired: Desired) -> None:
        """VIPs, then keys; large blocks first, as they would catch the ports of smaller ones."""
        state = self._installed
        for address in state.vips.keys() - desired.vips.keys():
            self._maps["vips"].delete(address_bytes(address))
            del state.vips[address]
        gone = state.keys.keys() - desired.keys.keys()
        for key in sorted(gone, key=lambda key: -key.block):
            self._maps["services"].delete(self._key(key))
            del state.keys[key]

    def _remove_homes(self, wanted: dict[Home, int]) -> None:
        for home in self._installed.homes.keys() - wanted.keys():
            self._maps["homes"].delete(home_key(home))
            del self._installed.homes[home]

    def _remove_ends(self, desired: Desired) -> None:
        """Reals and services that no packet can be given to any more."""
        state = self._installed
        for real in state.reals.keys() - desired.reals.keys():
            self._remove_real(real)
        for service in state.services.keys() - desired.services.keys():
            self._remove_service(service)

    def _remove_real(self, identity: RealId) -> None:
        """Forget the real; its flows are orphans from the moment the generation changes."""
        index = self._installed.reals.pop(identity).index
        row = self._maps["reals"].array[index : index + 1]
        row["generation"] += 1
        row["flags"] = 0
        self._installed.real_indices.free(index)

    def _remove_service(self, identity: ServiceId) -> None:
        service = self._installed.services.pop(identity)
        self._maps["slots"].array[service.id] = 0
        self._maps["names"].array["name"][service.id] = b""
        self._release(service)
        self._installed.service_ids.free(service.id)
