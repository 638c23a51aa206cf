# SPDX-License-Identifier: Apache-2.0
"""Allow and deny lists in sources[]: written completely before a record names them, never changed.

A list that no record names any more stays for as long as a packet may still go by it, and is
deleted by the first change after that, as is what a killed daemon left of a list.
"""

from __future__ import annotations

import struct
import time
from collections import deque
from collections.abc import Callable, Iterable
from ipaddress import ip_network

from dsrlb.config.values import IPNetwork
from dsrlb.control.desired.contents import Sources
from dsrlb.control.maps.arena import QUARANTINE_SECONDS, Arena
from dsrlb.dataplane.keys import address_bytes, address_from_bytes
from dsrlb.dataplane.map import Map
from dsrlb.errors import StateError

DENIED, ALLOWED = 1, 2
"""Values of sources[] in abi.h."""
_LIST_BITS = 32
_MAPPED_BITS = 96  # of an IPv4 address, in front of its own


def source_key(number: int, prefix: IPNetwork) -> bytes:
    """struct source_key: bits that count, the list, the address."""
    bits = prefix.prefixlen + (_MAPPED_BITS if prefix.version == 4 else 0)
    return struct.pack("<II", _LIST_BITS + bits, number) + address_bytes(prefix.network_address)


def parse_source_key(raw: bytes) -> tuple[int, IPNetwork]:
    """The inverse of source_key(). No IPv6 prefix lies among the mapped addresses (Prefix)."""
    bits, number = struct.unpack_from("<II", raw)
    bits -= _LIST_BITS
    address = address_from_bytes(raw[8:]) if bits >= _MAPPED_BITS else None
    if address is None or address.version == 6:
        return number, ip_network((raw[8:], bits))
    return number, ip_network((address, bits - _MAPPED_BITS))


def read_lists(sources: Map) -> dict[int, Sources]:
    """Every list by its number, also those that no record names."""
    found: dict[int, set[tuple[IPNetwork, bool]]] = {}
    for key in sources.hash_keys():
        raw = key.tobytes()
        value = sources.get(raw)
        if value is not None:
            number, prefix = parse_source_key(raw)
            found.setdefault(number, set()).add((prefix, int(value) == ALLOWED))
    return {number: frozenset(entries) for number, entries in found.items()}


class SourceLists:
    """The lists in the map, by number. Services with the same prefixes share one."""

    def __init__(
        self,
        sources: Map,
        numbers: int,
        present: dict[int, Sources],
        named: Iterable[int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``numbers``: MAX_SOURCE_LISTS; ``present``: what read_lists() found; ``named``: the lists
        that records name (an empty one stands in no map)."""
        kept = {number for number in named if number}
        self._map = sources
        self._clock = clock
        self._lists = {number: present.get(number, frozenset()) for number in kept}
        self._numbers = {entries: number for number, entries in self._lists.items()}
        self._retired: deque[tuple[float, int, Sources]] = deque(
            (clock(), number, entries) for number, entries in present.items() if number not in kept
        )
        self._taken = sum(map(len, present.values()))
        self._places = Arena("source lists", numbers)
        self._places.reserve((number, 1) for number in {*kept, *present})

    def number_of(self, wanted: Sources) -> int:
        """The number of the list of these prefixes, which is written if there is none.

        Raises StateError when there is no room, KernelError when the kernel refuses.
        """
        if wanted in self._numbers:
            return self._numbers[wanted]
        if self._taken + len(wanted) > self._map.max_entries:
            raise StateError(
                f"sources: no room for {len(wanted)} more prefixes (of {self._map.max_entries})",
                hint="old lists make room a second after a change; else shorter lists",
            )
        number = self._places.allocate()
        self._lists[number] = wanted  # from here on collect() finds it, complete or not
        self._taken += len(wanted)
        for prefix, allowed in wanted:
            self._map.set(source_key(number, prefix), ALLOWED if allowed else DENIED)
        self._numbers[wanted] = number
        return number

    def collect(self, named: Iterable[int]) -> None:
        """Retire the lists that no record names; delete those that have rested."""
        now = self._clock()
        for number in self._lists.keys() - set(named):
            entries = self._lists.pop(number)
            if self._numbers.get(entries) == number:
                del self._numbers[entries]
            self._retired.append((now + QUARANTINE_SECONDS, number, entries))
        while self._retired and self._retired[0][0] <= now:
            _, number, entries = self._retired.popleft()
            for prefix, _ in entries:
                self._map.delete(source_key(number, prefix))
            self._taken -= len(entries)
            self._places.free(number)
