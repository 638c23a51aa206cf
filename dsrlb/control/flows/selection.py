# SPDX-License-Identifier: Apache-2.0
"""Choosing entries of the flow tables by the filters of a query, with numpy, a part at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from dsrlb.control.desired.contents import RealId
from dsrlb.control.desired.forms import by_number
from dsrlb.control.flows.query import PROTOCOLS, STATES, FlowQuery, IPAddress
from dsrlb.control.maps.installed import Installed
from dsrlb.dataplane.flowscan import CLOSING, PENDING
from dsrlb.dataplane.flowtable import (
    FlowTable,
    Mask,
    Part,
    Places,
    Words,
    value_generation,
    value_pool,
    value_pool_port,
    value_real,
)

SOURCE = "source"
_PART_SETS = 1024  # the rows that are made of a part are held in memory


@dataclass(frozen=True, slots=True)
class Reals:
    """The real servers at the moment of a query: by index in reals[], and what is in force of their
    timeouts, in ticks."""

    names: Mapping[int, RealId]
    generations: npt.NDArray[np.uint16]
    idle: npt.NDArray[np.int64]
    closing: npt.NDArray[np.int64]
    pending: npt.NDArray[np.int64]
    persistence: npt.NDArray[np.int64]
    groups: Mapping[int, str]
    """Persistence groups by number: the configured name, or that of the one service."""
    ports: Mapping[int, int]
    """Of reals whose replies come back: their port, 0 where that of the flow is kept."""
    openers: frozenset[int]
    """What stands for the connections that real servers open."""
    pools: npt.NDArray[np.uint8]
    """The addresses in pools[], 16 bytes each: a place does not change while a flow names it."""

    @classmethod
    def of(
        cls,
        installed: Installed,
        generations: npt.NDArray[np.uint32],
        named: Mapping[str, str | None],
        pools: npt.NDArray[Any],
    ) -> Reals:
        """``named``: the persistence group that each service names, if it does; ``pools``: the
        memory of pools[]."""
        size = len(generations)
        ticks = np.zeros((4, size), np.int64)
        names: dict[int, RealId] = {}
        ports: dict[int, int] = {}
        for identity, entry in chain(installed.reals.items(), installed.openers.items()):
            content = entry.content
            service = installed.services[identity.service].content
            names[entry.index] = identity
            if by_number()[content.method].replies:
                ports[entry.index] = content.port
            ticks[:, entry.index] = (
                content.idle_ticks,
                content.closing_ticks,
                content.pending_ticks,
                service.persistence_ticks,
            )
        groups = {
            entry.persistence_group: named.get(service.name) or service.name
            for service, entry in installed.services.items()
            if entry.persistence_group
        }
        idle, closing, pending, persistence = ticks
        low = generations.astype(np.uint16)
        addresses = np.asarray(pools).view(np.uint8).reshape(len(pools), -1)
        times = (idle, closing, pending, persistence)
        openers = frozenset(entry.index for entry in installed.openers.values())
        return cls(names, low, *times, groups, ports, openers, addresses)


@dataclass(frozen=True, slots=True)
class Found:
    """Chosen entries of one part, each a row of all arrays. ``reals``: the index, 0 where the real
    server is gone. ``pool_ports`` and ``pools``: port and place in pools[] of the source that a
    flow has behind the balancer, 0 where it is kept. ``left`` and ``idle``: ticks; idle is -1 where
    the real server is gone."""

    table: FlowTable
    part: Part
    entries: Places
    metas: Words
    states: npt.NDArray[np.uint8]
    keys: npt.NDArray[Any]
    reals: npt.NDArray[np.int64]
    pool_ports: npt.NDArray[np.uint16]
    pools: npt.NDArray[np.uint16]
    left: npt.NDArray[np.int64]
    idle: npt.NDArray[np.int64]

    def first(self, count: int) -> Found:
        """At most ``count`` of them."""
        if len(self.entries) <= count:
            return self
        return self.only(np.arange(count))

    def only(self, chosen: Places | Mask) -> Found:
        return Found(
            self.table,
            self.part,
            self.entries[chosen],
            self.metas[chosen],
            self.states[chosen],
            self.keys[chosen],
            self.reals[chosen],
            self.pool_ports[chosen],
            self.pools[chosen],
            self.left[chosen],
            self.idle[chosen],
        )


class Selection:
    """A query applied to tables. ``reals``: the real servers at the moment of the query."""

    def __init__(self, query: FlowQuery, reals: Reals) -> None:
        self._query = query
        self._reals = reals
        self._states = set(query.states) or set(STATES) - {SOURCE}
        self._only_reals = self._wanted_reals()

    def _wanted_reals(self) -> Mask | None:
        """By index whether the real server is meant; None: any, also those that are gone."""
        query = self._query
        if query.real is None and query.service is None:
            return None
        wanted = np.zeros(len(self._reals.generations), np.bool_)
        for index, identity in self._reals.names.items():
            wanted[index] = query.real in (None, identity.address) and query.service in (
                None,
                identity.service.name,
            )
        return wanted

    def _concerns(self, table: FlowTable) -> bool:
        """Can the family have a flow that fits at all?"""
        query, version = self._query, 6 if table.ipv6 else 4
        vip = query.vip[0] if query.vip else None
        given = (query.client, vip, query.real)
        return all(filter_ is None or filter_.version == version for filter_ in given)

    def search(self, *tables: FlowTable) -> Iterator[Found]:
        """Every entry that fits, part by part; parts without one are left out."""
        for table in tables:
            if not self._concerns(table):
                continue
            kinds = table.abi.by_kind(self._states)
            for part in table.parts(_PART_SETS):
                found = self._in_part(table, part, kinds)
                if found is not None:
                    yield found

    def _in_part(self, table: FlowTable, part: Part, kinds: Mask) -> Found | None:
        metas = table.metas(part)
        places = np.flatnonzero(kinds[table.abi.kinds(metas)])
        if not len(places):
            return None
        entries, chosen = table.entries(part, places), metas[places]
        found = self._read(table, part, entries, chosen)
        fits = (found.left > 0) & table.still(entries, chosen) & self._fits(found)
        found = found.only(fits)
        return found if len(found.entries) else None

    def _read(self, table: FlowTable, part: Part, entries: Places, metas: Words) -> Found:
        """The entries with their keys, real servers and times."""
        values = table.values(entries)
        reals = value_real(values).astype(np.int64)
        reals[self._reals.generations[reals] != value_generation(values)] = 0
        states = table.abi.state(metas)
        left = table.abi.left(metas, table.abi.now()).astype(np.int64)
        idle = np.maximum(self._timeouts(table, part, states, reals) - left, 0)
        idle[reals == 0] = -1
        keys = table.keys(entries)
        source = (value_pool_port(values), value_pool(values))
        return Found(table, part, entries, metas, states, keys, reals, *source, left, idle)

    def _timeouts(
        self, table: FlowTable, part: Part, states: npt.NDArray[np.uint8], reals: Places
    ) -> npt.NDArray[np.int64]:
        """How many ticks after a packet entries expire, by state and real server."""
        numbers = table.abi.states
        found = self._reals.idle[reals]
        for names, ticks in ((CLOSING, self._reals.closing), (PENDING, self._reals.pending)):
            for name in names:
                chosen = states == numbers[name]
                found[chosen] = ticks[reals[chosen]]
        sources = states == numbers[SOURCE]
        ticks = self._reals.pending if part.pending else self._reals.persistence
        found[sources] = ticks[reals[sources]]
        return found

    def _fits(self, found: Found) -> Mask:
        query, keys = self._query, found.keys
        fits = np.ones(len(found.entries), np.bool_)
        if self._only_reals is not None:
            fits &= self._only_reals[found.reals]
        if query.protocol is not None:
            fits &= keys["proto"] == PROTOCOLS[query.protocol]
        if query.client is not None:
            fits &= _in_prefix(side(found, "source"), query.client)
        if query.vip is not None:
            host, port = query.vip
            fits &= _in_prefix(side(found, "destination"), _alone(host))
            fits &= keys["proto"] != 0  # of a source's entry it is the persistence group
            if port is not None:
                fits &= keys["destination_port_be"] == np.uint16(port).byteswap()
        seconds = found.table.abi.seconds(found.idle)
        if query.older is not None:
            fits &= (seconds >= query.older) & (found.idle >= 0)
        if query.newer is not None:
            fits &= (seconds < query.newer) & (found.idle >= 0)
        return fits


def side(found: Found, name: str) -> npt.NDArray[np.uint8]:
    """Source or destination addresses in network order, shape (entries, 4 or 16)."""
    column = found.keys[name] if found.table.ipv6 else found.keys[f"{name}_be"]
    return np.ascontiguousarray(column).view(np.uint8).reshape(len(found.keys), -1)


def _alone(host: IPAddress) -> IPv4Network | IPv6Network:
    return IPv4Network(host) if host.version == 4 else IPv6Network(host)


def _in_prefix(addresses: npt.NDArray[np.uint8], prefix: IPv4Network | IPv6Network) -> Mask:
    mask = np.frombuffer(prefix.netmask.packed, np.uint8)
    wanted = np.frombuffer(prefix.network_address.packed, np.uint8)
    fits: Mask = ((addresses & mask) == wanted).all(axis=1)
    return fits
