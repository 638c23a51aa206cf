# SPDX-License-Identifier: Apache-2.0
"""Whether the maps are as they were written, step by step, each of which takes a few milliseconds.

The configuration may change between two steps. What is known of the maps is looked up anew behind
every change; what comes or goes meanwhile is not missed, or is until the next time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from dsrlb.control.desired.contents import (
    PRESENT,
    DesiredReal,
    PortKey,
    RealId,
    ServiceId,
    Sources,
)
from dsrlb.control.maps.apply import Applier
from dsrlb.control.maps.installed import (
    Installed,
    InstalledReal,
    InstalledService,
    port_of,
    read_real,
    read_service,
    read_vip,
    service_ids,
)
from dsrlb.control.maps.persistence import read_homes
from dsrlb.control.maps.sources import read_lists
from dsrlb.control.maps.tableplace import positions
from dsrlb.control.maps.vips import service_key
from dsrlb.dataplane.keys import IPAddress, address_bytes, address_from_bytes
from dsrlb.dataplane.maps import MapSet

_BLOCK = 128
"""Places in reals[] of a step."""


def inspect(maps: MapSet, applier: Applier) -> Iterator[bool]:
    """Steps of one look at everything; each is True where something is otherwise than the applier
    wrote it. Every step has to be made between two changes."""
    inspection = _Inspection(maps, applier)
    yield from inspection.reals()
    yield from inspection.services()
    yield from inspection.keys()
    yield from inspection.vips()
    yield from inspection.homes()


@dataclass(frozen=True, slots=True)
class _Known:
    """What was written, as of one change. ``blocks``: how many real servers there are in each."""

    writes: int
    names: dict[int, ServiceId]
    numbers: dict[ServiceId, int]
    entries: dict[int, tuple[RealId, DesiredReal]]
    by_index: dict[int, RealId]
    former: frozenset[int]
    blocks: Counter[int]
    lists: Mapping[int, Sources]


class _Inspection:
    def __init__(self, maps: MapSet, applier: Applier) -> None:
        self._maps = maps
        self._applier = applier
        self._last: _Known | None = None

    @property
    def _state(self) -> Installed:
        return self._applier.installed

    def _known(self) -> _Known:
        if self._last is None or self._last.writes != self._applier.writes:
            self._last = self._look_up()
        return self._last

    def _look_up(self) -> _Known:
        state = self._state
        both = [*state.reals.items(), *state.openers.items()]
        names = service_ids(self._maps)
        return _Known(
            self._applier.writes,
            names,
            {name: number for number, name in names.items()},
            {entry.index: (identity, entry.content) for identity, entry in both},
            {entry.index: identity for identity, entry in state.reals.items()},
            frozenset(entry.index for _, entry in state.former),
            Counter(entry.index // _BLOCK for _, entry in both),
            read_lists(self._maps["sources"]),
        )

    def reals(self) -> Iterator[bool]:
        """All who are in reals[], and all who should be."""
        flags = self._maps["reals"].array["flags"]
        for first in range(0, len(flags), _BLOCK):
            known = self._known()
            there = np.flatnonzero(flags[first : first + _BLOCK] & PRESENT) + first
            found = [self._is_right(index, known) for index in there.tolist()]
            right = found.count(True)
            yield False in found or right != known.blocks[first // _BLOCK]

    def _is_right(self, index: int, known: _Known) -> bool | None:
        """None of one who does not count: of no service, or who has another place by now."""
        row = self._maps["reals"].array[index]
        service = known.names.get(int(row["service"]))
        if service is None or index in known.former:
            return None
        identity = RealId(service, address_from_bytes(row["address"].tobytes()))
        content = read_real(row, self._maps["loads"].array[index])
        return known.entries.get(index) == (identity, content)

    def services(self) -> Iterator[bool]:
        """All that have a name, and all that should."""
        for identity in self._state.services.keys() | self._known().numbers.keys():
            known = self._known()
            held = self._state.services.get(identity)
            number = known.numbers.get(identity)
            if number is None or held is None:
                yield number is not None or held is not None
                continue
            there = read_service(self._maps, number, known.by_index, known.lists)
            yield there != held or not table_is_right(self._maps, held, self._state.reals)

    def keys(self) -> Iterator[bool]:
        """Ports that lead to services."""
        table, ports = self._maps["services"], set()
        for key in list(table.hash_keys()):
            ports.add(port_of(key))
            yield self._is_another_port(port_of(key), key.tobytes())
        for port in self._state.keys.keys() - ports:  # missing, or came meanwhile
            yield self._is_another_port(port, service_key(port))

    def _is_another_port(self, port: PortKey, key: bytes) -> bool:
        value = self._maps["services"].get(key)
        return self._state.keys.get(port) != (None if value is None else int(value))

    def vips(self) -> Iterator[bool]:
        """VIPs, and the addresses of pools."""
        table, addresses = self._maps["vips"], set()
        for key in list(table.hash_keys()):
            address = address_from_bytes(key.tobytes())
            addresses.add(address)
            yield self._is_another_vip(address, key.tobytes())
        for address in self._state.vips.keys() - addresses:  # missing, or came meanwhile
            yield self._is_another_vip(address, address_bytes(address))

    def _is_another_vip(self, address: IPAddress, key: bytes) -> bool:
        value = self._maps["vips"].get(key)
        return self._state.vips.get(address) != (None if value is None else read_vip(value))

    def homes(self) -> Iterator[bool]:
        """Of persistence groups."""
        yield read_homes(self._maps["homes"]) != self._state.homes


def table_is_right(
    maps: MapSet, entry: InstalledService, reals: Mapping[RealId, InstalledReal]
) -> bool:
    """Is a service's table, if it has one, that of its real servers?"""
    if not entry.entries:
        return True
    schedule = entry.content.schedule
    if any(real not in reals for real in schedule):
        return False
    wanted = positions(entry.content)
    if len(wanted) != entry.entries:
        return False
    indices = np.array([reals[real].index for real in schedule], np.uint16)
    lines = maps["tables"].array["real"]
    first, width = entry.table, lines.shape[1]
    count = -(-entry.entries // width)
    flat = lines[first : first + count].reshape(-1)[: entry.entries]
    return bool(np.array_equal(flat, indices[wanted]))
