# SPDX-License-Identifier: Apache-2.0
"""hash and maglev: the place in a table that a client's address, or a flow's ends, stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address

from tests.packets.algorithms.candidate import IP, NewFlow, R, Turn, members
from tests.packets.algorithms.maglev import maglev_table
from tests.packets.algorithms.rendezvous import rendezvous_table
from tests.packets.algorithms.sizes import table_size
from tests.packets.algorithms.turns import ATTEMPTS

_64 = (1 << 64) - 1


def _words(address: IP) -> list[int]:
    """Four numbers; an IPv4 address is the last part of ::ffff:a.b.c.d."""
    packed = address.packed
    if isinstance(address, IPv4Address):
        packed = bytes(10) + b"\xff\xff" + packed
    return [int.from_bytes(packed[at : at + 4], "little") for at in range(0, 16, 4)]


def choice_hash(flow: NewFlow, on: str, seed: int) -> int:
    """32 bits; ``on``: "source" or "tuple". The same in every balancer with the same seed."""
    words = _words(flow.source)
    if on == "tuple":
        ports = flow.source_port.to_bytes(2, "big") + flow.destination_port.to_bytes(2, "big")
        words += [*_words(flow.destination), int.from_bytes(ports, "little"), flow.protocol]
    hashed = seed
    for word in words:
        hashed = (hashed ^ word) * 0x9E3779B97F4A7C15 & _64
        hashed ^= hashed >> 32
    return (hashed * 0xD6E8FEB86659FD93 & _64) >> 32


@lru_cache(maxsize=4096)
def _table(kind: str, reals: tuple[tuple[str, int], ...], size: int) -> list[str]:
    """``reals``: names and weights, in whatever order."""
    return {"hash": rendezvous_table, "maglev": maglev_table}[kind](dict(reals), size)


@dataclass
class Hashed:
    """``kind``: "hash" or "maglev"; ``on``: see choice_hash(); ``size``: of the table, 0: as many
    places as its real servers need."""

    kind: str
    on: str
    seed: int = 0
    size: int = 0

    def table(self, reals: Sequence[R]) -> list[str]:
        """The addresses of those that may be given flows, by place. How large it is depends on all
        that are configured."""
        size = self.size or table_size([real.weight for real in reals])
        there = sorted((real.name, real.weight) for real in members(reals))
        return _table(self.kind, tuple(there), size)

    def choose(self, reals: Sequence[R], turn: Turn, flow: NewFlow) -> R | None:
        """Who gets the flow, or None: the one in its place, or behind a full one in one of the next
        places, or else any that has room, from where the hash says on."""
        there = members(reals)
        if not there:
            return None
        hashed, table = choice_hash(flow, self.on, self.seed), self.table(reals)
        by_name = {real.name: real for real in there}
        place = hashed * len(table) >> 32
        for step in range(ATTEMPTS):
            real = by_name[table[(place + step) % len(table)]]
            if real.has_room():
                return real
        first = hashed * len(there) >> 32
        for real in [*there[first:], *there[:first]]:
            if real.has_room():
                return real
        return None
