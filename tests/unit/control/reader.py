# SPDX-License-Identifier: Apache-2.0
"""What the fast path reads out of the maps for a first packet: service.h and schedule.h, slowly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from dsrlb.config.values import IPNetwork
from dsrlb.control.desired.forms import Form, by_number, form
from dsrlb.control.maps.persistence import home_key
from dsrlb.control.maps.pools import addresses_in
from dsrlb.control.maps.sources import read_lists
from dsrlb.dataplane.keys import IPAddress, address_bytes, address_from_bytes, interest_bit
from dsrlb.dataplane.maps import MapSet

USABLE = 1
PASS = "pass"
NO_SERVICE = "no-service"


@dataclass(frozen=True, slots=True)
class Found:
    """A record in force and the reals that its schedule leads to, None where one is not usable;
    its list of sources; and which of the reals can be found from others of the persistence group;
    the addresses of its pool; what flows of the reals will hold on to; the weights of the reals;
    how often each is in the table, and a hash of the whole table.
    """

    service: int
    algorithm: int
    method: int
    on_unknown: int
    links: int
    reals: tuple[IPAddress | None, ...]
    flags: int = 0
    sources: frozenset[tuple[IPNetwork, bool]] | None = None
    persistence: tuple[int, int] = (0, 0)  # group, ticks
    homes: frozenset[IPAddress] = frozenset()
    rates: tuple[int, int, int, int] = (0, 0, 0, 0)
    pool: tuple[IPAddress, ...] = ()
    mss_clamp: int = 0
    forms: frozenset[Form] = frozenset()
    weights: frozenset[tuple[IPAddress | None, int]] = frozenset()
    shares: frozenset[tuple[IPAddress, int]] = frozenset()
    order: bytes = b""

    def on(self, link: int) -> Outcome:
        """What becomes of a packet that comes in on ``link``."""
        return self if self.links >> link & 1 else NO_SERVICE

    def anonymous(self) -> Found:
        """Without what does not matter to the packet."""
        return replace(self, service=0, links=0)


Outcome = str | Found


def record_of(maps: MapSet, service: int) -> Found | None:
    """The service's record in force."""
    slot = int(maps["slots"].array[service])
    if not slot:
        return None
    record = maps["records"].array[slot & 0xFFFFFFFF]
    first, count = int(record["first"]), int(record["count"])
    reals, forms, weights = [], set(), set()
    for member in maps["members"].array[first : first + count].tolist():
        real = maps["reals"].array[member & 0xFFFFFFFF]
        usable = int(real["flags"]) & USABLE and int(real["service"]) == service
        reals.append(address_from_bytes(real["address"].tobytes()) if usable else None)
        weights.add((reals[-1], member >> 32))
        if usable:
            forms.add(form(by_number()[int(real["method"])], int(real["port"])))
    number, group = int(record["source_list"]), int(record["persistence_group"])
    return Found(
        service,
        int(record["algorithm"]),
        int(record["method"]),
        int(record["on_unknown"]),
        int(record["links"]),
        tuple(reals),
        int(record["flags"]),
        read_lists(maps["sources"]).get(number, frozenset()) if number else None,
        (group, int(record["persistence_ticks"])),
        _homes(maps, service, reals) if group >= maps["slots"].max_entries else frozenset(),
        (
            int(record["service_interval"]),
            int(record["service_burst"]),
            int(record["source_interval"]),
            int(record["source_burst"]),
        ),
        addresses_in(maps, int(record["pool_first"]), int(record["pool_count"])),
        int(record["mss_clamp"]),
        frozenset(forms),
        frozenset(weights),
        *_table(maps, record),
    )


def table_of(maps: MapSet, record: Any) -> npt.NDArray[np.uint16]:
    """The entries of a record's table."""
    lines = np.asarray(maps["tables"].array["real"])
    start = int(record["table_first"]) * lines.shape[1]
    return lines.reshape(-1)[start : start + int(record["table_count"])]


def _table(maps: MapSet, record: Any) -> tuple[frozenset[tuple[IPAddress, int]], bytes]:
    """Entries by address, and a hash of the addresses in the table's order."""
    entries = table_of(maps, record)
    addresses = np.asarray(maps["reals"].array["address"]["word_be"])
    indices, counts = np.unique(entries, return_counts=True)
    shares = zip(indices.tolist(), counts.tolist(), strict=True)
    return (
        frozenset((address_from_bytes(addresses[at].tobytes()), count) for at, count in shares),
        blake2b(addresses[entries].tobytes(), digest_size=16).digest(),
    )


def _homes(maps: MapSet, service: int, reals: Iterable[IPAddress | None]) -> frozenset[IPAddress]:
    """Those of the reals that homes[] leads to."""
    found = set()
    for address in reals:
        index = maps["homes"].get(home_key((service, address))) if address is not None else None
        if address is None or index is None:
            continue
        real = maps["reals"].array[int(index)]
        here = int(real["service"]) == service and int(real["flags"]) & USABLE
        if here and address_from_bytes(real["address"].tobytes()) == address:
            found.add(address)
    return frozenset(found)


def service_of(maps: MapSet, vip: IPAddress, protocol: int, port: int) -> int | None:
    """Whose port it is: the smallest block of a size in use."""
    entry = maps["vips"].get(address_bytes(vip))
    if entry is None:
        return None
    blocks = int(entry["tcp_blocks" if protocol == 6 else "udp_blocks"])
    for block in range(17):
        if blocks >> block & 1:
            start = port >> block << block
            key = address_bytes(vip) + start.to_bytes(2, "little") + bytes((protocol, block))
            service = maps["services"].get(key)
            if service is not None:
                return int(service)
    return None


def look_up(maps: MapSet, vip: IPAddress, protocol: int, port: int, link: int) -> Outcome:
    """The way of a packet: interest, VIP, key, slot, record, schedule, reals."""
    interest, bit = maps["interest"].get(0), interest_bit(vip)
    if interest is None or not int(interest["word"][bit >> 6]) >> (bit & 63) & 1:
        return PASS
    entry = maps["vips"].get(address_bytes(vip))
    if entry is None or not int(entry["links"]) >> link & 1:
        return PASS
    service = service_of(maps, vip, protocol, port)
    found = record_of(maps, service) if service is not None else None
    return found.on(link) if found else NO_SERVICE
